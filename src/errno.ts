/** The names of errnos, as the kernel spells them. */
import { constants } from 'node:os';

const ERRNO_NAMES = new Map<number, string>(
  // Two names share a number (EAGAIN and EWOULDBLOCK, EOPNOTSUPP and ENOTSUP): the kernel's own name wins.
  Object.entries(constants.errno)
    .filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'ENOTSUP')
    .map(([name, number]) => [number, name]),
);

/** ENOTSUPP is the kernel's alone: no header of user space has it, and bpf(2) returns it all the same. */
const ENOTSUPP = 524;

/**
 * The name of an errno, such as `EPERM`; `errno 4711` where this platform has no name for it. Node's own
 * names differ: it calls 95 ENOTSUP, and has no name for ECHILD, EDQUOT, ENOEXEC, ESTALE and others.
 * Source: errno(3).
 */
export function errnoName(errno: number): string {
  if (errno === ENOTSUPP) return 'ENOTSUPP';
  return ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
}

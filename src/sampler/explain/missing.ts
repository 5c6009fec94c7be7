/** Terms that could not be read: they are absent with their reason, never 0. */
import { describeErrno, errnoOf, ToolError } from '../../errors.ts';
import { type Capability, readEffectiveCapabilities } from '../../kernel/procfs/capabilities.ts';

/** Something that is absent from what was read, and why. */
export interface Missing {
  /** A short noun phrase: `pipes`, `memory by mapping`. */
  what: string;
  reason: string;
  /** The exact command or setting that makes it readable; absent if there is none. */
  hint?: string | undefined;
  /** How many processes or files it concerns; absent if it is all of them. */
  count?: number;
}

/**
 * Why something could not be read.
 * @throws `error` if it is neither a ToolError nor an error of a system call.
 */
export function missingBecause(what: string, error: unknown): Missing {
  if (error instanceof ToolError) return { what, reason: error.message, hint: error.hint };
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return { what, reason: describeErrno(errno) };
}

/** Whether a process has exited, or is hidden by `hidepid`. */
export function hasVanished(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ESRCH';
}

/** Whether reading was denied. */
export function isDenied(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'EACCES' || errno === 'EPERM';
}

/** What gives the right to read processes of other users. */
export const PTRACE_HINT = 'run with sudo, or in a container with --cap-add=SYS_PTRACE';

/**
 * Why processes could not be read. With CAP_SYS_PTRACE, those with more capabilities than ours or in another
 * user namespace stay closed.
 */
export function deniedProcesses(
  what: string,
  count: number,
  capabilities: ReadonlySet<Capability> = readEffectiveCapabilities(),
): Missing {
  return capabilities.has('CAP_SYS_PTRACE')
    ? { what, reason: 'permission denied: they have capabilities that cmemstat does not have', count }
    : { what, reason: 'permission denied', hint: PTRACE_HINT, count };
}

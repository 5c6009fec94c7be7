/** What execve(2) would fail with although the file can be executed, found before it is called. */
import { closeSync } from 'node:fs';
import { LaunchError } from '../errors.ts';
import { type Libc, openLibc } from '../kernel/bpf/sys/libc.ts';
import { openRegularFile } from '../kernel/files/regular-file.ts';
import { parseLimits } from '../kernel/procfs/pid-limits.ts';
import { readPseudoFile } from '../kernel/pseudo-file.ts';
import { type ByteString, textOf } from './byte-string.ts';
import type { Executable } from './find-executable.ts';
import { describeExecFailure, findInterpreterFault } from './interpreter.ts';

/** Source: `include/uapi/linux/binfmts.h`, MAX_ARG_STRLEN; `include/uapi/linux/limits.h`, ARG_MAX. */
const MAX_STRING_BYTES = 128 * 1024;
const MIN_TOTAL_BYTES = 128 * 1024;
/** Three quarters of the default stack. Source: `bprm_stack_limits` in fs/exec.c. */
const MAX_TOTAL_BYTES = 6 * 1024 * 1024;
const POINTER_BYTES = 8;

/**
 * Whether the kernel refuses arguments and environment with `E2BIG`. `stackBytes` is the soft limit of the
 * stack, Infinity if there is none.
 *
 * Source: `bprm_stack_limits`, `copy_strings` in fs/exec.c. Since: Linux 4.13.
 */
export function areTooLong(
  path: ByteString,
  words: readonly ByteString[],
  variables: readonly ByteString[],
  stackBytes: number,
): boolean {
  const strings = [...words, ...variables];
  if (strings.some((each) => each.length + 1 > MAX_STRING_BYTES)) return true;
  const limit = Math.max(Math.min(MAX_TOTAL_BYTES, Math.floor(stackBytes / 4)), MIN_TOTAL_BYTES);
  const pointers = (Math.max(words.length, 1) + variables.length) * POINTER_BYTES;
  const bytes = strings.reduce((sum, each) => sum + each.length + 1, path.length + 1);
  return pointers + bytes > limit;
}

/**
 * Fails as the start of the target would, as far as that is known before: once the files of its streams are
 * emptied, those that are too large for a copy do not get their contents back. `cwd` is where it starts, if
 * that is not where we are.
 * Source: execve(2): `ENOENT`, `E2BIG`, `ETXTBSY`.
 * @throws LaunchError with 126.
 */
export async function checkExec(
  executable: Executable,
  words: readonly ByteString[],
  variables: readonly ByteString[],
  cwd: string | undefined,
): Promise<void> {
  const name = textOf(words[0] ?? '');
  const fault = findInterpreterFault(executable, cwd);
  if (fault !== undefined) throw new LaunchError(name, 126, `${name}: ${fault}`);
  const errno = areTooLong(executable.path, words, variables, ownStackLimit())
    ? 'E2BIG'
    : (await isOpenForWriting(executable.file))
      ? 'ETXTBSY'
      : undefined;
  if (errno === undefined) return;
  throw new LaunchError(name, 126, `${name}: ${describeExecFailure(executable, errno, cwd)}`);
}

function ownStackLimit(): number {
  const limit = parseLimits(readPseudoFile('/proc/self/limits')).find(({ name }) => name === 'stack size');
  return limit === undefined || limit.soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit.soft);
}

/** Source: `include/uapi/linux/fcntl.h`, `include/uapi/asm-generic/fcntl.h`. */
const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;
const EAGAIN = 11;

/**
 * Whether a process has a file open for writing: the kernel grants no read lease then. False if that is not
 * known: a lease requires the owner of the file, or CAP_LEASE.
 */
async function isOpenForWriting(file: string): Promise<boolean> {
  let fd: number | undefined;
  let fcntl: Libc['fcntl'];
  try {
    ({ fcntl } = await openLibc());
    fd = openRegularFile(file);
  } catch {
    return false;
  }
  if (fd === undefined) return false;
  try {
    const result = fcntl(fd, F_SETLEASE, F_RDLCK);
    if (result === 0) fcntl(fd, F_SETLEASE, F_UNLCK);
    return result === -EAGAIN;
  } finally {
    closeSync(fd);
  }
}

/** The errors that cmemstat reports to the user. Only `cli/main.ts` prints them. */
import { errnoName } from './errno.ts';

interface ErrorDetails {
  /** The exact command or setting that solves the problem. */
  hint?: string | undefined;
  /** Lines to show verbatim below the message, such as an expression with a caret under the error. */
  detail?: string | undefined;
  cause?: unknown;
}

/** The base class of all errors for the user: a stable code, a message and optionally a hint. */
export class ToolError extends Error {
  /** Stable, upper case; scripts may match on it. */
  readonly code: string;
  /** The exact command or setting that solves the problem; absent if there is none. */
  readonly hint: string | undefined;
  /** Lines to show verbatim below the message; absent if the message is complete. */
  readonly detail: string | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
    this.detail = details.detail;
  }
}

/**
 * The error if a package that cmemstat needs is not installed: `cli/start.ts` throws it, which is not part of
 * the chunks and therefore cannot use these classes. Undefined for other errors.
 */
export function missingPackageError(error: unknown): UnsupportedError | undefined {
  const { code, message = '', hint } = (error ?? {}) as { code?: unknown; message?: string; hint?: string };
  return code === 'INSTALLATION'
    ? new UnsupportedError('package', message, { hint, cause: error })
    : undefined;
}

/** The command line is wrong; `option` is the incorrect flag or argument. */
export class UsageError extends ToolError {
  readonly option: string;

  constructor(option: string, message: string, hint?: string, detail?: string) {
    super('USAGE', message, { hint, detail });
    this.option = option;
  }
}

/** An input file cannot be read, has the wrong format, or is malformed. */
export class InputError extends ToolError {
  /** The name of the file as given on the command line. */
  readonly file: string;

  constructor(file: string, message: string, details: ErrorDetails = {}) {
    super('INPUT', message, details);
    this.file = file;
  }
}

/** This kernel or host does not support a feature; `since` is the first Linux release that supports it. */
export class UnsupportedError extends ToolError {
  readonly feature: string;
  readonly since: string | undefined;

  constructor(feature: string, message: string, details: ErrorDetails & { since?: string } = {}) {
    super('UNSUPPORTED', message, details);
    this.feature = feature;
    this.since = details.since;
  }
}

/** A permission is missing; `needs` is the capability, or the path that must be writable. */
export class PermissionError extends ToolError {
  readonly needs: string;

  constructor(needs: string, message: string, details: ErrorDetails = {}) {
    super('PERMISSION', message, details);
    this.needs = needs;
  }
}

/** A kernel file could not be read, written or parsed. */
export class KernelFileError extends ToolError {
  readonly operation: 'open' | 'read' | 'write' | 'parse' | 'mkdir' | 'rmdir' | 'list';
  readonly path: string;
  /** 1-based line of a malformed file. */
  readonly line: number | undefined;
  /** The name of the errno, such as `ENOENT`; absent if the text was malformed. */
  readonly errno: string | undefined;

  constructor(
    operation: KernelFileError['operation'],
    path: string,
    message: string,
    details: ErrorDetails & { line?: number | undefined; errno?: string | undefined } = {},
  ) {
    super('KERNEL_FILE', message, details);
    this.operation = operation;
    this.path = path;
    this.line = details.line;
    this.errno = details.errno;
  }
}

/** A system call of cmemstat failed. */
export class SyscallError extends ToolError {
  /** The system call, such as `bpf`. */
  readonly call: string;
  /** The command, such as `BPF_MAP_GET_NEXT_ID`; empty for calls without commands. */
  readonly command: string;
  /** The name of the errno, such as `EPERM`. */
  readonly errno: string;

  constructor(
    call: string,
    command: string,
    errno: string,
    details: ErrorDetails & { message?: string | undefined } = {},
  ) {
    super('SYSCALL', details.message ?? `${call}(${command}): ${errno}`, details);
    this.call = call;
    this.command = command;
    this.errno = errno;
  }
}

/**
 * The target could not be started; `exitCode` is 126 (not executable), 127 (not found), 128 + n (signal n
 * asked cmemstat to exit before) or 125 (anything else).
 */
export class LaunchError extends ToolError {
  readonly command: string;
  readonly exitCode: number;

  constructor(command: string, exitCode: number, message: string, details: ErrorDetails = {}) {
    super('LAUNCH', message, details);
    this.command = command;
    this.exitCode = exitCode;
  }
}

/** An output of cmemstat could not be written; the target is not affected. */
export class OutputError extends ToolError {
  /** The file, or `standard output`. */
  readonly output: string;

  constructor(output: string, message: string, details: ErrorDetails = {}) {
    super('OUTPUT', message, details);
    this.output = output;
  }
}

/**
 * A signal ended the wait for a reader of the output: cmemstat is to end by it, without printing anything.
 */
export class InterruptedError extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.signal = signal;
  }
}

/** Source: `include/linux/err.h`. */
const MAX_ERRNO = 4095;

/**
 * The name of the errno (`ENOENT`) of a failed system call, in the kernel's spelling; undefined for other
 * errors.
 */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof KernelFileError || error instanceof SyscallError) return error.errno;
  const { code, errno } = (error as { code?: unknown; errno?: unknown } | null) ?? {};
  // Prefer the number if present: Node has different names for some errnos (95), and none for others.
  if (typeof errno === 'number' && errno < 0 && errno > -MAX_ERRNO) return errnoName(-errno);
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** System calls fail with these if their arguments are wrong: an error of the program. */
const ERRNOS_OF_BUGS: ReadonlySet<string> = new Set(['EBADF', 'EFAULT', 'EINVAL', 'ENOSYS', 'ENOTSOCK']);

/**
 * A system call of Node.js that failed because of the host, such as EIO of a disk, in words; undefined for
 * other errors.
 */
export function systemError(error: unknown): ToolError | undefined {
  if (!(error instanceof Error) || error instanceof ToolError) return undefined;
  const { syscall, path } = error as NodeJS.ErrnoException;
  const errno = errnoOf(error);
  if (typeof syscall !== 'string' || errno === undefined || ERRNOS_OF_BUGS.has(errno)) return undefined;
  const place = path === undefined ? '' : ` ${path}`;
  return new SyscallError(syscall, '', errno, {
    message: `${syscall}${place}: ${describeErrno(errno)}`,
    cause: error,
  });
}

/** The description of an errno for messages; the name itself if it is unknown. */
export function describeErrno(errno: string | undefined): string {
  const words: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'operation not permitted',
    ENOENT: 'no such file or directory',
    ENOTDIR: 'not a directory',
    EISDIR: 'is a directory',
    EROFS: 'read-only file system',
    ENOSPC: 'no space left on the device',
    EBUSY: 'device or resource busy',
    EEXIST: 'file exists',
    EINVAL: 'invalid argument',
    EPIPE: 'the reader has closed the pipe',
    EDQUOT: 'disk quota exceeded',
    EFBIG: 'file too large',
    ENODEV: 'no such device',
    EOPNOTSUPP: 'not supported',
    ENXIO: 'no such device or address',
    EIO: 'input/output error',
    ELOOP: 'too many symbolic links',
    ENAMETOOLONG: 'file name too long',
    EAGAIN: 'resource temporarily unavailable',
  };
  return errno === undefined ? 'unknown error' : (words[errno] ?? errno);
}

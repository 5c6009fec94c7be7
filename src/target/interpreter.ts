/** Why the kernel did not execute a file. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { describeErrno } from '../errors.ts';
import type { Executable } from './find-executable.ts';

/** Describes a failure of execve(2); `errno` is a name such as `ENOENT`. */
export function describeExecFailure({ file }: Executable, errno: string): string {
  const interpreter = readInterpreter(file);
  if (errno === 'ENOENT' && interpreter !== undefined && !existsSync(interpreter)) {
    return `the interpreter ${interpreter} of ${file} does not exist`;
  }
  if (errno === 'ENOENT' && existsSync(file)) {
    return `the dynamic loader of ${file} does not exist: it was built for another system`;
  }
  if (errno === 'E2BIG') return 'the arguments and the environment are too long';
  return `cannot execute ${file}: ${describeErrno(errno)}`;
}

/** The longest first line that the kernel looks at. Source: `include/uapi/linux/binfmts.h`. */
const FIRST_LINE_BYTES = 256;

function readInterpreter(file: string): string | undefined {
  try {
    const fd = openSync(file, 'r');
    try {
      const head = Buffer.alloc(FIRST_LINE_BYTES);
      const length = readSync(fd, head);
      return /^#![ \t]*([^ \t\r\n]+\r?)/.exec(head.toString('utf8', 0, length))?.[1];
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** Why the kernel did not execute a file. */
import { accessSync, constants, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeErrno } from '../errors.ts';
import { readHead } from '../kernel/regular-file.ts';
import { tryStat } from '../try-stat.ts';
import { readDynamicLoader } from './dynamic-loader.ts';
import type { Executable } from './find-executable.ts';

/** The interpreter of a script may be a script. Source: fs/exec.c, `exec_binprm`. */
const MAX_DEPTH = 5;

/**
 * Describes a failure of execve(2); `errno` is a name such as `ENOENT`. `cwd` is where the target starts, if
 * that is not where we are: the path of an interpreter is relative to it.
 */
export function describeExecFailure({ file }: Executable, errno: string, cwd = '.'): string {
  let script = file;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const interpreter = readInterpreter(script);
    if (interpreter === undefined) break;
    const path = resolve(cwd, interpreter);
    const fault = errno === 'ENOENT' || errno === 'EACCES' ? findFault(path) : undefined;
    if (fault !== undefined) return `the interpreter ${interpreter} of ${script} ${fault}`;
    script = path;
  }
  const loaderFault = errno === 'ENOENT' || errno === 'EACCES' ? findLoaderFault(script, cwd) : undefined;
  if (loaderFault !== undefined) return loaderFault;
  if (errno === 'ENOENT' && existsSync(script)) {
    return `the dynamic loader of ${script} does not exist: it was built for another system`;
  }
  if (errno === 'E2BIG') return 'the arguments and the environment are too long';
  if (errno === 'ELOOP')
    return `cannot execute ${file}: its interpreter is a script whose interpreter is a script, and so on`;
  return `cannot execute ${file}: ${describeErrno(errno)}`;
}

/**
 * Why the kernel will not execute a file because of the interpreter that its first line names, or of its
 * dynamic loader; undefined if nothing is wrong with them. `cwd` is where the target starts.
 */
export function findInterpreterFault({ file }: Executable, cwd = '.'): string | undefined {
  let script = file;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const interpreter = readInterpreter(script);
    if (interpreter === undefined) return findLoaderFault(script, cwd);
    const path = resolve(cwd, interpreter);
    const fault = findFault(path);
    if (fault !== undefined) return `the interpreter ${interpreter} of ${script} ${fault}`;
    script = path;
  }
  return undefined;
}

function findLoaderFault(file: string, cwd: string): string | undefined {
  const loader = readDynamicLoader(file);
  const fault = loader === undefined ? undefined : findFault(resolve(cwd, loader));
  if (fault === undefined) return undefined;
  const reason = fault === ABSENT ? ': it was built for another system' : '';
  return `the dynamic loader ${loader} of ${file} ${fault}${reason}`;
}

const ABSENT = 'does not exist';

/** Why a file cannot be executed, as far as its permissions say. */
function findFault(path: string): string | undefined {
  const stat = tryStat(path);
  if (stat === undefined) return ABSENT;
  if (stat.isDirectory()) return 'is a directory';
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch {
    return 'is not executable';
  }
}

/** The longest first line that the kernel looks at. Source: `include/uapi/linux/binfmts.h`. */
const FIRST_LINE_BYTES = 256;

function readInterpreter(file: string): string | undefined {
  const head = readHead(file, FIRST_LINE_BYTES);
  return head && /^#![ \t]*([^ \t\r\n]+\r?)/.exec(head.toString('utf8'))?.[1];
}

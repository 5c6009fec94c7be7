/** Why the kernel did not execute a file: interpreters of scripts, and dynamic loaders. */
import { accessSync, closeSync, constants, existsSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeErrno } from '../errors.ts';
import { openRegularFile, readHead } from '../kernel/files/regular-file.ts';
import { tryStat } from '../try-stat.ts';
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

/** Where the fields of an ELF file are, by its class. Source: elf(5); `include/uapi/linux/elf.h`. */
const LAYOUTS = {
  1: { bits: 32, phoff: 28, phentsize: 42, phnum: 44, offset: 4, filesz: 16 },
  2: { bits: 64, phoff: 32, phentsize: 54, phnum: 56, offset: 8, filesz: 32 },
} as const;

const ELF_MAGIC = 0x7f454c46;
const LITTLE_ENDIAN = 1;
const PT_INTERP = 3;
/** The largest header, that of 64 bits. Unit: bytes. */
const HEADER_BYTES = 64;
/** The kernel reads one page of program headers. Unit: bytes. */
const MAX_TABLE_BYTES = 4096;
const MAX_PATH_BYTES = 4096;

/** The numbers of `e_machine` that a kernel of this architecture executes itself, in both classes. */
const OWN_MACHINES: Readonly<Partial<Record<string, readonly number[]>>> = {
  x64: [62, 3],
  arm64: [183, 40],
  s390x: [22],
  ppc64: [21, 20],
  riscv64: [243],
};

/**
 * The path in the PT_INTERP segment of an ELF file; undefined if it has none, if it cannot be read, or if it
 * was built for another machine, which an emulator may execute with a loader of its own.
 */
export function readDynamicLoader(file: string, architecture: string = process.arch): string | undefined {
  let fd: number | undefined;
  try {
    fd = openRegularFile(file);
  } catch {
    // Not readable.
  }
  if (fd === undefined) return undefined;
  try {
    return findLoader(fd, OWN_MACHINES[architecture] ?? []);
  } catch {
    // Not a regular file, or damaged: execve(2) says what is wrong.
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function findLoader(fd: number, machines: readonly number[]): string | undefined {
  const header = readAt(fd, 0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== ELF_MAGIC) return undefined;
  const layout = LAYOUTS[header[4] as 1 | 2];
  if (layout === undefined) return undefined;
  const isLittle = header[5] === LITTLE_ENDIAN;
  const half = (from: Buffer, at: number) => (isLittle ? from.readUInt16LE(at) : from.readUInt16BE(at));
  const word = (from: Buffer, at: number) => (isLittle ? from.readUInt32LE(at) : from.readUInt32BE(at));
  const long = (from: Buffer, at: number) => {
    if (layout.bits === 32) return word(from, at);
    return Number(isLittle ? from.readBigUInt64LE(at) : from.readBigUInt64BE(at));
  };
  if (!machines.includes(half(header, 18))) return undefined;
  const entryBytes = half(header, layout.phentsize);
  const tableBytes = entryBytes * half(header, layout.phnum);
  if (tableBytes > MAX_TABLE_BYTES) return undefined;
  const table = readAt(fd, long(header, layout.phoff), tableBytes);
  for (let at = 0; at + entryBytes <= table.length && entryBytes > 0; at += entryBytes) {
    if (word(table, at) !== PT_INTERP) continue;
    const pathBytes = Math.min(long(table, at + layout.filesz), MAX_PATH_BYTES);
    const path = readAt(fd, long(table, at + layout.offset), pathBytes).toString('utf8');
    return path.slice(0, path.indexOf('\0'));
  }
  return undefined;
}

function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, position));
}

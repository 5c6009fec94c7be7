/** `--warm` and `--drop-caches`: the page cache before a run. */
import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describeErrno, errnoOf, UsageError } from '../../errors.ts';
import { readHead } from '../../kernel/files/regular-file.ts';
import { systemEnvironment } from '../../kernel/system-environment.ts';

const CHUNK_BYTES = 1024 * 1024;

/** A script names its interpreter in its first line, and the interpreter may be a script too. */
const MAX_INTERPRETERS = 4;

/**
 * Reads the files that the target reads at startup, so that their page cache is charged to cmemstat: the
 * executable, its interpreter, the shared libraries found by ldd(1), and arguments that are files. Returns
 * the number of files read.
 */
export async function warmFiles(
  executable: string,
  command: readonly string[],
  cwd: string,
): Promise<number> {
  const files = new Set<string>();
  let program: string | undefined = executable;
  for (let depth = 0; program !== undefined && depth < MAX_INTERPRETERS; depth += 1) {
    files.add(program);
    for (const library of await listLibraries(program)) files.add(library);
    program = interpreterOf(program);
  }
  for (const word of command.slice(1)) files.add(resolve(cwd, word));
  return [...files].filter(readThrough).length;
}

async function listLibraries(program: string): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)('ldd', [program], { env: systemEnvironment() });
    return [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].flatMap((match) => match[1] ?? []);
  } catch {
    // Not dynamically linked, or ldd is not available.
    return [];
  }
}

function interpreterOf(path: string): string | undefined {
  const head = readHead(path, 256)?.toString('latin1') ?? '';
  const [, interpreter, argument] = /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(head) ?? [];
  if (interpreter === undefined) return undefined;
  return interpreter.endsWith('/env') && argument !== undefined ? onPath(argument) : interpreter;
}

function onPath(name: string): string | undefined {
  const directories = (process.env.PATH ?? '').split(':');
  return directories
    .map((directory) => resolve(directory, name))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

/** Whether it is a readable file. */
function readThrough(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    const fd = openSync(path, 'r');
    try {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      while (readSync(fd, chunk) > 0);
    } finally {
      closeSync(fd);
    }
    return true;
  } catch {
    // Not a file, or not readable for us: the target may still be able to read it.
    return false;
  }
}

const DROP_CACHES = '/proc/sys/vm/drop_caches';

/**
 * Drops page cache, dentries and inodes of the whole host.
 * Source: `Documentation/admin-guide/sysctl/vm.rst`, drop_caches; 3 is both.
 * @throws UsageError without permission.
 */
export async function dropCaches(): Promise<void> {
  try {
    // Dirty pages are not dropped.
    await promisify(execFile)('sync', { env: systemEnvironment() });
    writeFileSync(DROP_CACHES, '3\n');
  } catch (error) {
    const why = errnoOf(error) === undefined ? String(error) : describeErrno(errnoOf(error));
    throw new UsageError('--drop-caches', `--drop-caches: ${DROP_CACHES}: ${why}`, 'sudo cmemstat …');
  }
}

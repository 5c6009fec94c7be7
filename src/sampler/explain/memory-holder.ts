/** A process that holds memory of known kinds in a leaf, for the self-test of the page scan. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Leaf } from '../../cgroup/leaf.ts';
import { LaunchError } from '../../errors.ts';
import { SYSTEM_PATH } from '../../kernel/system-environment.ts';

/** A started process, and what it holds. */
export interface MemoryHolder {
  pid: number;
  files: { name: string; path: string }[];
  directories: number;
  sockets: number;
  /** Ends it; resolves when the leaf is empty. */
  end(): Promise<void>;
}

const ANON_BYTES = 8 * 1024 * 1024;
const FILE_BYTES = 2 * 1024 * 1024;
const DIRECTORIES = 256;
const SOCKETS = 32;
const FILE_NAME = 'cmemstat-self-test';

/** Runs in Node.js, without anything of ours: it reads what to do from its arguments. */
const SCRIPT = `
const fs = require('node:fs'), net = require('node:net');
const [anon, size, directories, sockets, name, ...folders] = process.argv.slice(1);
globalThis.held = [Buffer.alloc(+anon, 1)];
for (const [index, folder] of folders.entries()) {
  const fd = fs.openSync(folder + '/' + name + '-' + index, 'w+');
  fs.writeSync(fd, Buffer.alloc(+size, 7));
  fs.fsyncSync(fd);
}
for (let index = 0; index < +directories; index++) fs.mkdirSync(folders[0] + '/' + index);
const server = net.createServer((socket) => {
  held.push(socket);
  if (held.length > +sockets / 2) process.stdout.write('ready\\n');
}).listen(folders[0] + '/s', () => {
  for (let index = 0; index < +sockets / 2; index++) held.push(net.connect(folders[0] + '/s'));
});
process.stdin.on('end', () => process.exit(0)).resume();
`;

const JOIN_THEN_EXEC = 'echo 0 >"$1" && shift && exec "$@"';
const START_TIMEOUT_MS = 60_000;

/**
 * Starts the process in the leaf; resolves when it holds everything.
 * @param folders gets a file each; the first also the directories and the sockets.
 * @throws LaunchError.
 */
export async function startHolder(leaf: Leaf, folders: readonly string[]): Promise<MemoryHolder> {
  const numbers = [ANON_BYTES, FILE_BYTES, DIRECTORIES, SOCKETS].map(String);
  const words = [process.execPath, '-e', SCRIPT, ...numbers, FILE_NAME, ...folders];
  const joinFile = leaf.joinFiles[0] ?? '';
  const child = spawn('/bin/sh', ['-c', JOIN_THEN_EXEC, 'cmemstat', joinFile, ...words], {
    cwd: '/',
    env: { PATH: SYSTEM_PATH },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const failed = (message: string, cause?: unknown) =>
    new LaunchError(process.execPath, 125, `the process for the self-test ${message}`, { cause });
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(failed('takes too long to start')), START_TIMEOUT_MS);
      const settle = (error?: Error) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      };
      child.once('error', (cause) => settle(failed(`cannot be started: ${cause.message}`, cause)));
      child.once('exit', () => settle(failed('ended before it was ready')));
      child.stdout.once('data', () => settle());
    });
  } catch (error) {
    await leaf.kill();
    throw error;
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid ?? 0,
    files: folders.map((folder, index) => {
      const name = `${FILE_NAME}-${index}`;
      return { name, path: join(folder, name) };
    }),
    directories: DIRECTORIES,
    sockets: SOCKETS,
    async end() {
      await leaf.kill();
      await ended;
    },
  };
}

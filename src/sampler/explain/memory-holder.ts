/** A process that holds memory of known kinds in a leaf, for the self-test of the page scan. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Leaf } from '../../cgroup/leaf.ts';
import { LaunchError } from '../../errors.ts';
import { nativeKoffiFile } from '../../kernel/bpf/sys/libc.ts';
import { bpfSyscallNumber } from '../../kernel/bpf/sys/syscall-numbers.ts';
import { ownCommand } from '../../kernel/files/program-files.ts';
import { SYSTEM_PATH } from '../../kernel/system-environment.ts';
import { holderCommand } from './memory-holder-script.ts';

/** A started process, and what it holds. */
export interface MemoryHolder {
  pid: number;
  files: { name: string; path: string }[];
  directories: number;
  sockets: number;
  /** The name of its BPF map, or why it has none. */
  map: { name: string } | { reason: string };
  /** Ends it; resolves when the leaf is empty. */
  end(): Promise<void>;
}

const ANON_BYTES = 8 * 1024 * 1024;
const FILE_BYTES = 2 * 1024 * 1024;
const DIRECTORIES = 256;
const SOCKETS = 32;
const FILE_NAME = 'cmemstat-self-test';
const MAP_NAME = 'cmemstat_test';
const MAP_ENTRIES = 1024;

const JOIN_THEN_EXEC = 'echo 0 >"$1" && shift && exec "$@"';
const START_TIMEOUT_MS = 60_000;

/**
 * Starts the process in the leaf; resolves when it holds everything.
 * @param folders gets a file each; the first also the directories and the sockets.
 * @throws LaunchError.
 */
export async function startHolder(leaf: Leaf, folders: readonly string[]): Promise<MemoryHolder> {
  const numbers = [ANON_BYTES, FILE_BYTES, DIRECTORIES, SOCKETS].map(String);
  const isExecutable = ownCommand().length === 1;
  const koffi = isExecutable ? process.execPath : (nativeKoffiFile() ?? '');
  const map = [koffi, String(bpfSyscallNumber()), MAP_NAME, String(MAP_ENTRIES)];
  const words = [...holderCommand(isExecutable), ...numbers, FILE_NAME, ...map, ...folders];
  const { TMPDIR } = process.env;
  const joinFile = leaf.joinFiles[0] ?? '';
  const child = spawn('/bin/sh', ['-c', JOIN_THEN_EXEC, 'cmemstat', joinFile, ...words], {
    cwd: '/',
    env: { PATH: SYSTEM_PATH, ...(TMPDIR === undefined ? {} : { TMPDIR }) },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const failed = (message: string, cause?: unknown) =>
    new LaunchError(process.execPath, 125, `the process for the self-test ${message}`, { cause });
  let reason: string;
  try {
    const line = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(failed('takes too long to start')), START_TIMEOUT_MS);
      const settle = (result: Error | string) => {
        clearTimeout(timer);
        if (typeof result === 'string') resolve(result);
        else reject(result);
      };
      child.once('error', (cause) => settle(failed(`cannot be started: ${cause.message}`, cause)));
      child.once('exit', () => settle(failed('ended before it was ready')));
      child.stdout.once('data', (chunk: Buffer) => settle(chunk.toString()));
    });
    reason = /^ready (.*)$/m.exec(line)?.[1] ?? '';
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
    map: reason === '' ? { name: MAP_NAME } : { reason },
    async end() {
      await leaf.kill();
      await ended;
    },
  };
}

/** Programs in memory cgroups of their own, as services and containers are. */
import { join } from 'node:path';
import { host, type Running, start } from '../harness.ts';
import { makeMemoryCgroup } from '../memory-cgroup.ts';

/** Where the memory cgroups of this host are; empty if there are none. */
export const mountPoint = host.top ?? '';

/** A program that prints "ready" and holds 20 MiB of anonymous memory until it is killed. */
export const HOLD_20_MIB = [
  process.execPath,
  '-e',
  'const held = Buffer.alloc(20 << 20, 1); console.log("ready"); setInterval(() => held[0], 1e3)',
];

const running: Running[] = [];

/** Starts a program in the cgroup of this path, which is created; resolves when it has printed "ready". */
export async function startIn(path: string, words: readonly string[]): Promise<Running> {
  const procs = join(makeMemoryCgroup(mountPoint, path), 'cgroup.procs');
  const started = start('/bin/sh', ['-c', 'echo 0 > "$0" && exec "$@"', procs, ...words]);
  running.push(started);
  await started.until(/ready/);
  return started;
}

/** Kills what `startIn` started. */
export async function killStarted(): Promise<void> {
  for (const { child, exited } of running.splice(0)) {
    child.kill('SIGKILL');
    await exited;
  }
}

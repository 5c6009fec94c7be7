/** Freezing the processes of a cgroup of ours for a moment (cgroup v2). */
import { join } from 'node:path';
import { UnsupportedError, UsageError } from '../errors.ts';
import { parseFlatKeyed } from '../kernel/flat-keyed.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { readPseudoFile, writePseudoFile } from '../kernel/pseudo-file.ts';
import { sleep } from '../kernel/sleep.ts';
import { directoryOfPid, type FoundCgroup } from './find-cgroup.ts';
import { isSelfName, parseLeafName } from './leaf-name.ts';

/** A process in an uninterruptible system call freezes late. Unit: milliseconds. */
const TIMEOUT_MS = 2_000;
const POLL_MS = 2;

/**
 * Runs a function while the processes of a cgroup are frozen. Returns also whether all of them were frozen.
 * They are thawed if this process is killed, too.
 *
 * Source: Documentation/admin-guide/cgroup-v2.rst, `cgroup.freeze`. Since: Linux 5.2.
 * @param endingSignals those that end this process: each thaws the cgroup first.
 * @throws UsageError unless the cgroup was made by cmemstat and this process is outside; UnsupportedError on
 * cgroup v1; KernelFileError; what `run` throws.
 */
export async function whileFrozen<T>(
  cgroup: FoundCgroup,
  run: () => Promise<T>,
  endingSignals: readonly NodeJS.Signals[],
): Promise<{ result: T; frozen: boolean }> {
  requireOwn(cgroup);
  const control = join(cgroup.directory, 'cgroup.freeze');
  const thaw = () => writePseudoFile(control, '0');
  const onSignal = (signal: NodeJS.Signals) => {
    thaw();
    process.kill(process.pid, signal);
  };
  for (const signal of endingSignals) process.once(signal, onSignal);
  const release = await guardAgainstKill(control);
  try {
    writePseudoFile(control, '1');
    const frozen = await waitUntilFrozen(cgroup.directory);
    return { result: await run(), frozen };
  } finally {
    thaw();
    release();
    for (const signal of endingSignals) process.off(signal, onSignal);
  }
}

/** Thaws at the end of its standard input, which is the end of this process unless a line comes first. */
const GUARD = `trap '' HUP INT TERM; read -r _ || echo 0 > "$1"`;

/** Starts what thaws if this process is killed; without a shell nothing does. Returns what ends it. */
async function guardAgainstKill(control: string): Promise<() => void> {
  const { spawn } = await import('node:child_process');
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', control], {
    // Ctrl-C is for the processes of the terminal.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  });
  const ignore = () => {};
  guard.stdin.on('error', ignore);
  guard.unref();
  await new Promise<void>((resolve) => {
    guard.once('spawn', resolve);
    guard.once('error', () => resolve());
  });
  return () => guard.stdin.end('thawed\n');
}

function requireOwn({ version, path, directory }: FoundCgroup): void {
  const isOwn = path.split('/').some((name) => parseLeafName(name) !== undefined && !isSelfName(name));
  if (!isOwn) {
    throw new UsageError('--freeze', `--freeze: ${path} was not made by cmemstat, and is left as it is`);
  }
  const own = directoryOfPid(process.pid);
  if (own === directory || own?.startsWith(`${directory}/`)) {
    throw new UsageError('--freeze', `--freeze: cmemstat itself is in ${path}, and would be frozen too`);
  }
  if (version === 1) {
    throw new UnsupportedError('--freeze', '--freeze: requires cgroup v2', {
      hint: 'leave it out: the tree says how much changed while it was read',
      since: '5.2',
    });
  }
}

async function waitUntilFrozen(directory: string): Promise<boolean> {
  const path = join(directory, 'cgroup.events');
  const deadline = monotonicMs() + TIMEOUT_MS;
  for (;;) {
    if (parseFlatKeyed(readPseudoFile(path), path).frozen === 1) return true;
    if (monotonicMs() >= deadline) return false;
    await sleep(POLL_MS);
  }
}

/** Freezing the processes of a cgroup of ours for a moment (cgroup v2). */
import { join } from 'node:path';
import { UnsupportedError, UsageError } from '../errors.ts';
import { parseFlatKeyed } from '../kernel/flat-keyed.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { readPseudoFile, writePseudoFile } from '../kernel/pseudo-file.ts';
import { sleep } from '../kernel/sleep.ts';
import type { FoundCgroup } from './find-cgroup.ts';
import { isSelfName, parseLeafName } from './leaf-name.ts';

/** A process in an uninterruptible system call freezes late. Unit: milliseconds. */
const TIMEOUT_MS = 2_000;
const POLL_MS = 2;

/**
 * Runs a function while the processes of a cgroup are frozen. Returns also whether all of them were frozen.
 *
 * Source: Documentation/admin-guide/cgroup-v2.rst, `cgroup.freeze`. Since: Linux 5.2.
 * @param endingSignals those that end this process: each thaws the cgroup first.
 * @throws UsageError unless the cgroup was made by cmemstat; UnsupportedError on cgroup v1; KernelFileError;
 * what `run` throws.
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
  try {
    writePseudoFile(control, '1');
    const frozen = await waitUntilFrozen(cgroup.directory);
    return { result: await run(), frozen };
  } finally {
    thaw();
    for (const signal of endingSignals) process.off(signal, onSignal);
  }
}

function requireOwn({ version, path }: FoundCgroup): void {
  const isOwn = path.split('/').some((name) => parseLeafName(name) !== undefined && !isSelfName(name));
  if (!isOwn) {
    throw new UsageError('--freeze', `--freeze: ${path} was not made by cmemstat, and is left as it is`);
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

import path from 'node:path';
import { completeCounts, countTests, type SuiteCounts } from '../test-counts.ts';
import { withBundles } from './bundles.ts';
import { bootGuest, type GuestCommand } from './guest/guest.ts';
import type { KernelName } from './guest/kernels.ts';
import type { GuestResult } from './guest/qemu.ts';
import { bootSystemdGuest } from './guest/systemd-guest.ts';
import { PrefixedLines } from './prefixed-lines.ts';
import { omittedFiles, SYSTEMD_FILES, SYSTEMD_USER_FILES } from './suite-files.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const SUITE = [
  process.execPath,
  'node_modules/vitest/vitest.mjs',
  ...['run', '--config', 'test/vm/vitest.config.mjs', '--configLoader', 'native', '--reporter', 'verbose'],
];
// About 20 minutes if the guests have two cores for themselves.
const TIMEOUT_MS = 2_700_000;
/**
 * When guests are started: two at a time, at once. With three, each gets two thirds of a core, and tests that
 * rely on the clock fail.
 */
const AT_ONCE: readonly Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];

interface Guest {
  run: (command: Omit<GuestCommand, 'kernel'>) => Promise<GuestResult>;
  /** The arguments of vitest for the test files that run there; all if empty. */
  files: readonly string[];
}

function exclude(names: readonly string[]): string[] {
  return names.flatMap((name) => ['--exclude', `**/${name}.test.mjs`]);
}

/** The longest first, so that guests that run at a time end together. */
const BY_DURATION: readonly KernelName[] = ['newest', '6.12', '6.1', '5.10'];

const GUESTS = new Map<string, Guest>([
  ...BY_DURATION.map((kernel): [string, Guest] => [
    kernel,
    {
      run: (command) => bootGuest({ ...command, kernel }),
      files: exclude(omittedFiles(kernel)),
    },
  ]),
  ...[false, true].map((asUser): [string, Guest] => [
    asUser ? 'systemd-user' : 'systemd',
    {
      run: (command) => bootSystemdGuest({ ...command, asUser }),
      files: (asUser ? SYSTEMD_USER_FILES : SYSTEMD_FILES).map((name) => `${name}.test.`),
    },
  ]),
]);

/** All guests. */
export const GUEST_NAMES: readonly string[] = [...GUESTS.keys()];

/**
 * Runs the integration tests in the guests, and prints a line for each at the end. A guest that did not
 * complete counts as one failure. `starts`: for each of the guests that run at a time, when the first one may
 * be started; the first of them comes first.
 */
export async function runGuestSuites(
  names: readonly string[],
  vitestArgs: readonly string[] = [],
  starts: readonly Promise<unknown>[] = AT_ONCE,
): Promise<SuiteCounts[]> {
  const queue = names.flatMap((name) => {
    const guest = GUESTS.get(name);
    return guest === undefined ? [] : [{ name, guest }];
  });
  const outcomes: SuiteCounts[] = [];
  const lines: string[] = [];
  const work = async (bundles: string) => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { outcome, line } = await runSuite(next.name, next.guest, bundles, vitestArgs);
      outcomes.push(outcome);
      lines.push(line);
    }
  };
  await starts[0];
  await withBundles((bundles) =>
    Promise.all(
      starts.map(async (start) => {
        await start;
        await work(bundles);
      }),
    ),
  );
  process.stdout.write(`\n${lines.join('\n')}\n`);
  return outcomes;
}

async function runSuite(
  name: string,
  { run, files }: Guest,
  bundles: string,
  vitestArgs: readonly string[],
): Promise<{ outcome: SuiteCounts; line: string }> {
  const output = new PrefixedLines(name);
  const describe = (outcome: SuiteCounts, verdict: string) => ({
    outcome,
    line: `guest ${name}: ${verdict}`,
  });
  try {
    const { exitCode, totalMs } = await run({
      command: [...SUITE, ...files, ...vitestArgs],
      cwd: PROJECT,
      env: { CMEMSTAT_VM_GUEST: name, CMEMSTAT_TEST_BUNDLES: bundles, CI: 'true', NO_COLOR: '1' },
      timeoutMs: TIMEOUT_MS,
      onStdout: output.reader(),
      onStderr: output.reader(),
    });
    const { passed, failed, skipped, ...names } = completeCounts(countTests(output.text), exitCode);
    const seconds = (totalMs / 1000).toFixed(0);
    return describe(
      { passed, failed, skipped, ...names, suite: `guest ${name}` },
      `${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s`,
    );
  } catch (error) {
    const counts = countTests(output.text);
    const message = error instanceof Error ? error.message : String(error);
    const failures = [...counts.failures, `no test: ${message}`];
    return describe(
      { ...counts, failed: counts.failed + 1, failures, suite: `guest ${name}` },
      `FAILED, ${message}`,
    );
  } finally {
    output.end();
  }
}

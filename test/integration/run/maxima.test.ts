/** Maxima that no sample contains: every size is also read between the samples. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { chooseMemoryHierarchy, readHierarchyFacts } from '#src/cgroup/hierarchy.ts';
import { createEventFd } from '#src/kernel/bpf/sys/libc.ts';
import type { SummaryRecord } from '#src/model/recording.ts';
import type { Verdict } from '#src/model/verdict.ts';
import { UsageThreshold } from '#src/sampler/usage-threshold.ts';
import { cmemstat, MIB, needs, SLOWNESS, scratch, testWith, testWithoutKernel } from '../harness.ts';
import { removeWhenEmpty } from '../memory-cgroup.ts';

/** Allocates 64 MiB briefly, long before the first sample of a slow clock. */
const spike = [
  process.execPath,
  '-e',
  `let held = Buffer.alloc(${64 * MIB}, 1);
   setTimeout(() => { held = held[0] === 1 ? undefined : held; }, ${300 * SLOWNESS});`,
];

testWith([needs.cgroup], 'a maximum between two samples exceeds a budget', async () => {
  const file = join(scratch, 'spike.json');
  const { status, stdout } = await cmemstat(
    ...['-q', '--interval', '60s', '--summary-json', file, '--budget', 'anon<=48MiB', '--report', 'json'],
    ...['--', ...spike],
  );
  expect(status).toBe(3);
  const verdict: Verdict = JSON.parse(stdout);
  expect(verdict.budgets[0]?.value).toBeGreaterThan(64 * MIB);
  const summary: SummaryRecord = JSON.parse(readFileSync(file, 'utf8'));
  expect(summary.samples.count).toBe(2);
  expect(summary.samples.readings).toBeGreaterThan(2);
  expect(summary.highest?.stat?.anon).toBeLessThan(48 * MIB);
  expect(summary.maxima?.anon).toBe(verdict.budgets[0]?.value);
});

testWithoutKernel(
  [needs.cgroup],
  'a check reports other intervals than those of the budget file',
  async () => {
    const file = join(scratch, 'sampling.json');
    const budgets = [{ name: 'heap', budget: 'anon<=1GiB' }];
    writeFileSync(file, JSON.stringify({ version: 2, sampling: { interval: '200ms' }, budgets }));
    const warningsOf = async (...options: string[]) => {
      const { status, stdout } = await cmemstat(
        ...['-q', '--budget-file', file, '--report', 'json', ...options, '--', 'sleep', '0.1'],
      );
      expect(status).toBe(0);
      return (JSON.parse(stdout) as Verdict).warnings;
    };
    expect(await warningsOf()).toEqual([]);
    expect(await warningsOf('--interval', '100ms')).toEqual([
      'the run was sampled with --interval 100ms, the budget file says 200ms',
    ]);
  },
);

testWith([needs.cgroup1, needs.root], 'a rise of steady memory is detected', async () => {
  const hierarchy = chooseMemoryHierarchy(readHierarchyFacts());
  const mountPoint = hierarchy.version === undefined ? '' : hierarchy.mountPoint;
  const directory = join(mountPoint, `cmemstat-test-threshold-${process.pid}`);
  mkdirSync(directory);
  let isNoticed = false;
  const threshold = new UsageThreshold(directory, createEventFd, () => {
    isNoticed = true;
  });
  threshold.watch(4 * MIB);
  // Registration takes some time; each process crosses the threshold twice.
  const cross = `echo 0 > ${directory}/cgroup.procs && exec "$0" -e 'Buffer.alloc(${16 * MIB}, 1)'`;
  while (!isNoticed) await promisify(execFile)('sh', ['-c', cross, process.execPath]);
  threshold.close();
  await removeWhenEmpty(directory);
});

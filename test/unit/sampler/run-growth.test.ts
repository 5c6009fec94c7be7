import { expect, test } from 'vitest';
import type { SampleReason } from '#src/model/sample.ts';
import { RunGrowth } from '#src/sampler/run-growth.ts';

const MIB = 1024 * 1024;

/**
 * The growth of a run with a sample at each half second; its first and last sample are of an empty cgroup.
 */
function growthOf(seconds: number, anonAt: (second: number) => number) {
  const growth = new RunGrowth();
  for (let ms = 0; ms <= seconds * 1000; ms += 500) {
    const reason: SampleReason = ms === 0 ? 'launch' : ms === seconds * 1000 ? 'final' : 'tick';
    const anon = reason === 'tick' ? Math.round(anonAt(ms / 1000)) : 0;
    growth.add({ type: 'sample', elapsedMs: ms, reason, current: 200 * MIB, stat: { anon } });
  }
  return growth.summary();
}

test('reports what grew or shrank over the second half of the run', () => {
  expect(growthOf(20, (second) => second * MIB)).toEqual({ anon: 60 * MIB });
  expect(growthOf(20, (second) => (100 - second) * MIB)).toEqual({ anon: -60 * MIB });
});

test('reports nothing for a steady program, however it started', () => {
  expect(growthOf(20, (second) => Math.min(second, 5) * MIB)).toBeUndefined();
  expect(growthOf(60, (second) => (100 + (second % 7)) * MIB)).toBeUndefined();
});

test('reports nothing for a short run', () => {
  expect(growthOf(5, (second) => second * MIB)).toBeUndefined();
});

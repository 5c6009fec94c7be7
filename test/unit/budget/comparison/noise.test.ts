import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noiseOf } from '#src/budget/comparison/noise.ts';
import { HOST, MIB } from '../runs.ts';

const BATCH = 64 * 4096;
const one = (bytes: number, host: typeof HOST | undefined = HOST) => ({ values: [bytes], host });
const many = (...values: number[]) => ({ values, host: HOST });

describe('the noise of single runs', () => {
  it.each([
    ['anon', 2 * BATCH + 3 * MIB],
    ['kernel', 2 * BATCH + 3 * MIB],
    ['anon.avg', 2 * BATCH + 3 * MIB],
    ['file', 2 * BATCH + 40 * MIB],
    ['peak', 2 * BATCH + 40 * MIB],
    ['workingset', 2 * BATCH + 40 * MIB],
    ['current.avg', 2 * BATCH + 40 * MIB],
    ['bpf', 0],
    ['bpf.map:conns', 0],
    ['processes', 0],
    ['oom_kill', 0],
  ])('of %s is assumed', (metric, bytes) => {
    expect(noiseOf(metric, one(90 * MIB), one(100 * MIB), false)).toBe(Math.ceil(bytes));
  });

  it('is 0 for a metric that no run has', () => {
    const none = { values: [], host: HOST };
    for (const metric of ['anon', 'pgfault', 'bpf.map:none'])
      expect(noiseOf(metric, none, none, false)).toBe(0);
    expect(noiseOf('anon', none, one(100 * MIB), false)).toBe(Math.ceil(2 * BATCH + 3 * MIB));
  });

  it('is relative only for counters', () => {
    expect(noiseOf('pgfault', one(100), one(50), false)).toBe(3);
  });

  it('grows with the CPUs and the pages of the larger machine', () => {
    const large = { ...HOST, cpus: 64, pageSizeBytes: 65_536 };
    expect(noiseOf('anon', one(0), one(0, large), false)).toBe(64 * 64 * 65_536);
    expect(noiseOf('anon', one(0, undefined), one(0, undefined), false)).toBe(2 * BATCH);
  });
});

describe('the noise of a run against several', () => {
  it('is the expected difference of a further run, and at least the assumed noise', () => {
    const steady = many(100 * MIB, 100 * MIB, 100 * MIB);
    expect(noiseOf('anon', steady, one(100 * MIB), false)).toBe(2 * BATCH + 3 * MIB);
    // Standard deviation 10, t at 99 % with 4 degrees of freedom 4.604 (tables), and the new run beside the
    // mean of five.
    const values = [90, 95, 100, 105, 110].map((each) => each * MIB);
    const deviation = Math.sqrt(62.5) * MIB;
    const noise = noiseOf('anon', many(...values), one(100 * MIB), false);
    expect(noise / (deviation * 4.604 * Math.sqrt(1.2))).toBeGreaterThan(0.98);
    expect(noise / (deviation * 4.604 * Math.sqrt(1.2))).toBeLessThan(1.2);
  });
});

describe('the noise of several runs', () => {
  const values = [90, 95, 100, 105, 110].map((each) => each * MIB);

  it('is at least the batch of one CPU, and 0 for BPF memory', () => {
    expect(noiseOf('anon', many(5, 5, 5), many(5, 5, 5), false)).toBe(BATCH);
    expect(noiseOf('bpf', many(5, 5, 5), many(5, 5, 5), false)).toBe(0);
  });

  it('is smaller if a rank test is applied too', () => {
    const sides = [many(...values), many(...values)] as const;
    expect(noiseOf('anon', ...sides, true)).toBeLessThan(noiseOf('anon', ...sides, false));
  });

  it('ignores an outlier if a rank test is applied, and grows with it otherwise', () => {
    const usual = [...values, 100 * MIB];
    const withOutlier = [...values, 900 * MIB];
    const noise = (each: number[], isTested: boolean) =>
      noiseOf('anon', many(...each), many(...each), isTested);
    expect(noise(withOutlier, true)).toBeLessThan(noise(usual, true) * 2);
    expect(noise(withOutlier, false)).toBeGreaterThan(noise(usual, false) * 10);
  });

  it('is not 0 for three runs of which two are equal', () => {
    const pair = many(10 * MIB, 10 * MIB, 20 * MIB);
    expect(noiseOf('anon', pair, many(10 * MIB, 20 * MIB, 20 * MIB), false)).toBeGreaterThan(20 * MIB);
  });

  it('is the same whichever side is the base, and grows with the scale', () => {
    const some = fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 3, maxLength: 12 });
    fc.assert(
      fc.property(some, some, fc.boolean(), (a, b, isTested) => {
        const noise = noiseOf('bpf', many(...a), many(...b), isTested);
        expect(noiseOf('bpf', many(...b), many(...a), isTested)).toBeCloseTo(noise, 3);
        const scaled = (each: number[]) => many(...each.map((value) => value * 4));
        expect(noiseOf('bpf', scaled(a), scaled(b), isTested)).toBeCloseTo(noise * 4, 3);
      }),
    );
  });
});

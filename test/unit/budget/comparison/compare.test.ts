import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRuns } from '#src/budget/comparison/compare.ts';
import type { Side } from '#src/budget/comparison/host-doubts.ts';
import { parseMaxRegression } from '#src/budget/comparison/max-regression.ts';
import type { RunFigures } from '#src/budget/comparison/run-figures.ts';
import type { Comparison } from '#src/model/comparison.ts';
import { HOST, MIB, run, runsOf } from '../runs.ts';
import { RunMaker } from '../synthetic-runs.ts';

const side = (name: string, runs: RunFigures[]): Side => ({ name, runs });
const compare = (base: RunFigures[], now: RunFigures[], rule?: string) =>
  compareRuns(
    side('base', base),
    side('now', now),
    rule === undefined ? undefined : parseMaxRegression(rule),
  );
const rowOf = ({ metrics }: Comparison, metric: string) => metrics.find((each) => each.metric === metric);
const verdictOf = (comparison: Comparison, metric: string) => rowOf(comparison, metric)?.verdict;

describe('a regression of 5 % over 10 runs', () => {
  it('is reported for its metric, and the others pass', () => {
    const maker = new RunMaker(5);
    const comparison = compare(maker.runs(10), maker.runs(10, { factor: 1.05 }), '2%');
    expect(comparison.regressed).toBe(true);
    expect(comparison.metrics[0]).toMatchObject({ metric: 'anon', unit: 'bytes', verdict: 'regressed' });
    const anon = rowOf(comparison, 'anon');
    expect(anon?.percent).toBeGreaterThan(3);
    expect(anon?.percent).toBeLessThan(7);
    expect(anon?.p).toBeLessThan(0.001);
    expect(anon?.interval?.[0]).toBeGreaterThan(0);
    expect(verdictOf(comparison, 'kernel')).toBe('passed');
    expect(verdictOf(comparison, 'peak')).toBe('not-evaluated');
  });

  it('in the opposite direction is an improvement', () => {
    const maker = new RunMaker(5);
    const comparison = compare(maker.runs(10, { factor: 1.05 }), maker.runs(10), '2%');
    expect(verdictOf(comparison, 'anon')).toBe('improved');
    expect(comparison.regressed).toBe(false);
  });
});

describe('the verdict', () => {
  const level = (bytes: number) => [0, 1, 2, 3, 4].map((at) => bytes + at * 4096);

  it('requires more than the threshold, however significant the difference is', () => {
    const [base, now] = [runsOf('anon', level(100 * MIB)), runsOf('anon', level(104 * MIB))];
    expect(verdictOf(compare(base, now, 'anon=4MiB'), 'anon')).toBe('passed');
    expect(verdictOf(compare(base, now, 'anon=3%'), 'anon')).toBe('regressed');
    expect(rowOf(compare(base, now, 'anon=3%+2MiB'), 'anon')?.allowed).toBeCloseTo(5 * MIB, -6);
    expect(verdictOf(compare(base, now, 'anon=3%+2MiB'), 'anon')).toBe('passed');
  });

  it('requires more than the noise, however small the threshold is', () => {
    const base = runsOf(
      'anon',
      [90, 95, 100, 105, 110].map((each) => each * MIB),
    );
    const now = runsOf(
      'anon',
      [92, 97, 103, 107, 112].map((each) => each * MIB),
    );
    expect(rowOf(compare(base, now, '1%'), 'anon')).toMatchObject({
      verdict: 'within-noise',
      difference: 3 * MIB,
      percent: 3,
    });
  });

  it('ignores charges that CPUs have not flushed', () => {
    const three = (bytes: number) => runsOf('anon', [bytes, bytes, bytes]);
    const comparison = compare(three(MIB), three(MIB + 200 * 1024), '0%');
    expect(rowOf(comparison, 'anon')).toMatchObject({ verdict: 'within-noise', noise: 64 * 4096 });
    expect(verdictOf(compare(three(MIB), three(MIB + 260 * 1024), '0%'), 'anon')).toBe('regressed');
  });

  it('assumes no noise in BPF memory, which is counted per map', () => {
    const comparison = compare(runsOf('bpf', [MIB]), runsOf('bpf', [MIB + 4096]), '0%');
    expect(rowOf(comparison, 'bpf')).toMatchObject({ verdict: 'regressed', noise: 0, allowed: 0 });
  });

  it('of one outlier among ten runs is not a change', () => {
    const base = level(100 * MIB).concat(level(100 * MIB));
    const now = [...base.slice(1), 180 * MIB];
    expect(verdictOf(compare(runsOf('anon', base), runsOf('anon', now), '0%'), 'anon')).not.toBe('regressed');
  });

  it('ignores an outlier in the base', () => {
    const base = [...level(100 * MIB), ...level(100 * MIB).slice(1), 300 * MIB];
    const now = [...level(106 * MIB), ...level(106 * MIB)];
    expect(verdictOf(compare(runsOf('anon', base), runsOf('anon', now), '5%'), 'anon')).toBe('regressed');
  });

  it('of many metrics is corrected for their number', () => {
    // Alone p = 0.032 would be significant; among five metrics it is too likely by chance.
    const names = ['anon', 'shmem', 'kernel', 'rss', 'pss'];
    const steps = [0, 10, 20, 30, 40];
    const shifted = [15, 31, 41, 42, 43];
    const make = (values: number[]) =>
      values.map((step) => run(Object.fromEntries(names.map((name) => [name, (100 + step) * MIB]))));
    const all = compare(make(steps), make(shifted), '0%');
    const alone = compare(make(steps), make(shifted), 'anon=0%');
    const [first, second] = [rowOf(all, 'anon'), rowOf(alone, 'anon')];
    expect(first?.p).toBe(second?.p);
    expect(second?.adjustedP).toBe(second?.p);
    expect(first?.adjustedP).toBeGreaterThan(second?.adjustedP ?? 1);
  });

  it('by Holm: the smallest p is multiplied by the number of metrics, the next by one less', () => {
    const apart = [1, 2, 3, 4, 5];
    const make = (anon: number[], kernel: number[]) =>
      anon.map((each, at) => run({ anon: each * MIB, kernel: (kernel[at] ?? 0) * MIB, bpf: 7 }));
    const comparison = compare(
      make(apart, apart),
      make([11, 12, 13, 14, 15], [3.5, 4.5, 5.5, 6.5, 7.5]),
      '0%',
    );
    const [anon, kernel, bpf] = ['anon', 'kernel', 'bpf'].map((metric) => rowOf(comparison, metric));
    // `bpf` is the same in every run: it cannot be a false alarm.
    expect(anon?.adjustedP).toBeCloseTo(2 * (2 / 252), 12);
    expect(kernel?.adjustedP).toBeCloseTo(kernel?.p ?? 0, 12);
    expect(kernel?.p).toBeGreaterThan(anon?.adjustedP ?? 1);
    expect(bpf).toMatchObject({ p: 1, adjustedP: 1, verdict: 'passed' });
  });
});

describe('a metric that one side lacks', () => {
  it('is not measured if it is evaluated by default, and not evaluated otherwise', () => {
    const [base, now] = [[run({ anon: MIB, bpf: 5 })], [run({ anon: MIB })]];
    expect(verdictOf(compare(base, now, '5%'), 'bpf')).toBe('not-measured');
    expect(compare(base, now)).toMatchObject({ regressed: false });
    expect(rowOf(compare(base, now), 'bpf')).toEqual({
      metric: 'bpf',
      unit: 'bytes',
      base: 5,
      noise: 0,
      verdict: 'not-evaluated',
    });
  });

  it('is not measured if no run has it and a threshold names it', () => {
    expect(verdictOf(compare([run({})], [run({})], 'sock=1%'), 'sock')).toBe('not-measured');
    expect(rowOf(compare([run({})], [run({})], '1%'), 'anon')).toBeUndefined();
  });
});

describe('BPF maps', () => {
  const withMaps = (maps: Record<string, number>) => run({}, { maps });

  it('are compared by name', () => {
    const comparison = compare(
      [withMaps({ conns: 1000, gone: 50 })],
      [withMaps({ conns: 1100, fresh: 8192 })],
      'bpf.map:*=5%,bpf.map:fresh=1MiB',
    );
    expect(rowOf(comparison, 'bpf.map:conns')).toMatchObject({
      base: 1000,
      now: 1100,
      percent: 10,
      verdict: 'regressed',
    });
    expect(rowOf(comparison, 'bpf.map:fresh')).toMatchObject({
      now: 8192,
      difference: 8192,
      verdict: 'passed',
    });
    expect(rowOf(comparison, 'bpf.map:fresh')).not.toHaveProperty('base');
    expect(rowOf(comparison, 'bpf.map:gone')).toMatchObject({
      base: 50,
      difference: -50,
      verdict: 'improved',
    });
    expect(rowOf(comparison, 'bpf.map:gone')).not.toHaveProperty('now');
  });

  it('regress if they are new and have a threshold', () => {
    const comparison = compare([withMaps({})], [withMaps({ fresh: 8192 })], 'bpf.map:*=5%');
    expect(verdictOf(comparison, 'bpf.map:fresh')).toBe('regressed');
  });

  it('pass if no run has them and maps were measured, and are not measured otherwise', () => {
    expect(rowOf(compare([withMaps({})], [withMaps({})], 'bpf.map:x*=5%'), 'bpf.map:x*')).toMatchObject({
      base: 0,
      now: 0,
      verdict: 'passed',
    });
    expect(verdictOf(compare([withMaps({})], [run({})], 'bpf.map:x*=5%'), 'bpf.map:x*')).toBe('not-measured');
  });

  it('are not measured if an exact name matches no run', () => {
    const [base, now] = [[withMaps({ flows: 4096 })], [withMaps({ flows: 4096 })]];
    const slip = rowOf(compare(base, now, 'bpf.map:flwos=5%'), 'bpf.map:flwos');
    expect(slip).toMatchObject({ verdict: 'not-measured' });
    expect(slip).not.toHaveProperty('difference');
    expect(verdictOf(compare(base, [withMaps({})], 'bpf.map:flows=5%'), 'bpf.map:flows')).not.toBe(
      'not-measured',
    );
  });

  it('may have the names of properties of Object.prototype', () => {
    const maps = JSON.parse('{"__proto__": 4096, "constructor": 8192}');
    const comparison = compare([withMaps({ other: 1 })], [withMaps(maps)], 'bpf.map:*=0%');
    expect(rowOf(comparison, 'bpf.map:__proto__')).toMatchObject({ now: 4096, difference: 4096 });
    expect(rowOf(comparison, 'bpf.map:constructor')).toMatchObject({ now: 8192, difference: 8192 });
  });
});

describe('the comparison', () => {
  const maker = new RunMaker(9);
  const comparison = compare(maker.runs(4), maker.runs(4, { factor: 2 }), '5%');

  it('is valid by the schema', () => {
    const schema = readFileSync(
      new URL('../../../../schema/comparison.schema.json', import.meta.url),
      'utf8',
    );
    const validate = new Ajv2020({ allErrors: true }).compile(JSON.parse(schema));
    for (const each of [comparison, compare([run({ sock: 1 }, { maps: { a: 1 } })], [run({})], 'sock=1%')]) {
      validate(JSON.parse(JSON.stringify(each)));
      expect(validate.errors).toBeNull();
    }
    validate({ ...comparison, metrics: [{ metric: 'anon' }] });
    expect(validate.errors).not.toBeNull();
  });

  it('describes each side', () => {
    expect(comparison.base).toEqual({
      name: 'base',
      runs: 4,
      command: ['make', '-j2'],
      host: HOST,
      mode: 'cgroup2',
    });
  });

  it('of a side without runs is an error', () => {
    expect(() => compare([], [run({})])).toThrow(/base: contains no runs/);
  });

  it('is the same for the same runs', () => {
    const again = new RunMaker(9);
    expect(compare(again.runs(4), again.runs(4, { factor: 2 }), '5%')).toEqual(comparison);
  });

  it('of a set with itself has neither regression nor improvement', () => {
    const figure = fc.integer({ min: 0, max: 2 ** 40 });
    const runs = fc.array(fc.record({ anon: figure, kernel: figure, pgfault: figure }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(runs, (each) => {
        const same = each.map((metrics) => run(metrics));
        const verdicts = compare(same, same, '0%').metrics.map(({ verdict }) => verdict);
        expect(verdicts.filter((verdict) => verdict === 'regressed' || verdict === 'improved')).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a run with memory charged to other cgroups', () => {
  const level = [0, 1, 2, 3, 4].map((at) => 100 * MIB + at * 4096);

  it('is not compared, nor are the others of its side', () => {
    const runs = runsOf('anon', level);
    const partial = runs.map((each, at) => (at === 2 ? { ...each, isPartial: true as const } : each));
    for (const [base, now] of [
      [runs, partial],
      [partial, runs],
    ] as const) {
      const comparison = compare(base, now, 'anon=10%');
      expect(verdictOf(comparison, 'anon')).toBe('not-measured');
      expect(comparison.doubts.join()).toContain('1 of 5 runs of ');
      expect(comparison.doubts.join()).toContain('used memory in other cgroups');
    }
  });
});

it('is not compared by a map that is charged elsewhere, whose size is not 0', () => {
  const base = [1, 2].map(() => run({ bpf: 1 }, { maps: { acc: 4096 } }));
  const now = [1, 2].map(() => run({ bpf: 1 }, { maps: {}, mapsElsewhere: ['acc'] }));
  expect(verdictOf(compare(base, now, 'bpf.map:acc=10%'), 'bpf.map:acc')).toBe('not-measured');
});

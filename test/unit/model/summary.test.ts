import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BpfTotals } from '#src/model/bpf-totals.ts';
import type { Mode, Sample } from '#src/model/sample.ts';
import { SampleAggregate } from '#src/model/summary.ts';

const sample = (elapsedMs: number, figures: Partial<Sample> = {}): Sample => ({
  type: 'sample',
  elapsedMs,
  reason: 'tick',
  ...figures,
});

const summarize = (mode: Mode, samples: Sample[]) => {
  const aggregate = new SampleAggregate(mode);
  for (const each of samples) aggregate.add(each);
  return aggregate.summary();
};

const bpf = (held: number, host = held): BpfTotals => ({
  attribution: 'held',
  host: { maps: { count: host, memlock: host * 100 }, programs: { count: 1, memlock: 10 } },
  held: { maps: { count: held, memlock: held * 100 }, programs: { count: 0, memlock: 0 } },
});

it('has the most BPF memory of removed cgroups, and none without any', () => {
  const reading = (ms: number, count: number, bytes: number) =>
    sample(ms, {
      bpf: { attribution: 'memcg', ...(count === 0 ? {} : { orphaned: { maps: { count, bytes } } }) },
    });
  expect(
    summarize('cgroup2', [reading(0, 1, 10), reading(1, 2, 30), reading(2, 1, 20)]).bpf.orphaned,
  ).toEqual({
    count: 2,
    bytes: 30,
  });
  expect(summarize('cgroup2', [reading(0, 0, 0)]).bpf).not.toHaveProperty('orphaned');
});

describe('over a cut', () => {
  it('counters are summed, and the time between has no part in averages and gaps', () => {
    const aggregate = new SampleAggregate('cgroup2', true);
    const pressure = (total: number) => ({ some: { avg10: 0, avg60: 0, avg300: 0, total } });
    aggregate.add(sample(0, { current: 100, events: { oom_kill: 0 }, pressure: pressure(0) }));
    aggregate.add(sample(100, { current: 300, events: { oom_kill: 2 }, pressure: pressure(50) }));
    aggregate.cut();
    // A cgroup may be gone before it was read.
    aggregate.cut();
    expect(aggregate.summary().events).toEqual({ oom_kill: 2 });
    aggregate.add(sample(9000, { current: 300, events: { oom_kill: 0, max: 1 }, pressure: pressure(7) }));
    aggregate.add(sample(9100, { current: 10, events: { oom_kill: 1, max: 1 }, pressure: pressure(8) }));
    expect(aggregate.summary()).toMatchObject({
      events: { oom_kill: 3, max: 1 },
      stallUs: { some: 58 },
      averages: { current: 200 },
      longestGapMs: 100,
      maxima: { current: 300 },
    });
  });
});

describe('averages', () => {
  it('weight every sample by the time until the next', () => {
    const samples = [
      sample(0, { current: 0, stat: { anon: 100 } }),
      sample(100, { current: 1000, stat: { anon: 200 } }),
      sample(1000, { current: 999_999, stat: { anon: 999_999 } }),
    ];
    expect(summarize('cgroup2', samples).averages).toEqual({ current: 900, anon: 190 });
  });

  it('of a figure that was absent for some time are those of the remaining time', () => {
    const samples = [
      sample(0, { current: 10 }),
      sample(10, { current: 10, kernel: 40 }),
      sample(20, { current: 10 }),
      sample(30, { kernel: 7 }),
    ];
    expect(summarize('cgroup2', samples).averages).toEqual({ current: 10, kernel: 40 });
  });

  it('include gauges: neither the peak nor counters', () => {
    const samples = [
      sample(0, {
        peak: 1,
        stat: { pgfault: 5, anon: 3 },
        swap: { current: 2 },
        tree: { rss: 8, pss: 4, cpuPercent: 1 },
      }),
      sample(1, {}),
    ];
    expect(summarize('cgroup2', samples).averages).toEqual({ anon: 3, swap: 2, rss: 8, pss: 4 });
  });

  it('of one sample, and of samples at one moment, are undefined', () => {
    expect(summarize('cgroup2', [sample(0, { current: 5 })]).averages).toEqual({});
    expect(summarize('cgroup2', [sample(3, { current: 5 }), sample(3, { current: 7 })]).averages).toEqual({});
  });

  it('lie between the smallest and the largest figure', () => {
    const step = fc.record({
      gapMs: fc.double({ min: 0.001, max: 1e7, noNaN: true }),
      bytes: fc.nat({ max: 2 ** 44 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 50 }), (steps) => {
        let elapsedMs = 0;
        const samples = steps.map(({ gapMs, bytes }) => {
          elapsedMs += gapMs;
          return sample(elapsedMs, { current: bytes });
        });
        const bytes = steps.slice(0, -1).map((each) => each.bytes);
        const { averages } = summarize('cgroup2', samples);
        expect(averages.current).toBeGreaterThanOrEqual(Math.min(...bytes));
        expect(averages.current).toBeLessThanOrEqual(Math.max(...bytes));
      }),
    );
  });
});

describe('the peak', () => {
  const samples = [
    sample(0, { current: 5, peak: 9 }),
    sample(1, { current: 7, peak: 30 }),
    sample(2, { current: 6 }),
  ];

  it.each([
    ['cgroup2', 'memory.peak'],
    ['cgroup1', 'memory.max_usage_in_bytes'],
  ] as const)("is the kernel's on %s", (mode, source) => {
    const { peak, sources } = summarize(mode, samples);
    expect(peak).toEqual({ bytes: 30, source });
    expect(sources.peak).toBe(source);
  });

  it('is the highest sample if the kernel has no peak', () => {
    const { peak, sources } = summarize('cgroup2', [sample(0, { current: 5 }), sample(1, { current: 4 })]);
    expect(peak).toEqual({ bytes: 5, source: 'sampled' });
    expect(sources.peak).toBe('sampled');
  });

  it('of a process tree is the highest sum of RSS', () => {
    const tree = (rss: number) => ({ tree: { rss, cpuPercent: 0 } });
    const { peak, highest } = summarize('process-tree', [
      sample(0, tree(5)),
      sample(1, tree(8)),
      sample(2, tree(2)),
    ]);
    expect(peak).toEqual({ bytes: 8, source: 'sampled' });
    expect(highest?.elapsedMs).toBe(1);
  });

  it('is undefined before the first sample', () => {
    expect(summarize('cgroup2', [])).toEqual({
      averages: {},
      sources: {},
      count: 0,
      longestGapMs: 0,
      bpf: {},
    });
  });
});

describe('the maxima', () => {
  const charged = (maps: number, programs: number): BpfTotals => ({
    attribution: 'memcg',
    charged: {
      maps: { count: 1, bytes: maps },
      programs: { count: 1, bytes: programs },
      places: { vmalloc: 0, slab: 0, percpu: 0, pages: maps },
    },
    uncharged: { maps: { count: 1, bytes: maps / 2 } },
  });

  it('are the highest value of every figure, each with its moment', () => {
    const { maxima } = summarize('cgroup2', [
      sample(0, {
        current: 9,
        workingset: 2,
        kernel: 5,
        stat: { anon: 1, file: 8, kernel: 5 },
        processes: 1,
      }),
      sample(1, {
        current: 4,
        workingset: 3,
        kernel: 7,
        stat: { anon: 4, file: 0, kernel: 7 },
        processes: 6,
      }),
      sample(2, { current: 1, stat: { anon: 0, pgfault: 12 }, swap: { current: 3 } }),
    ]);
    expect(maxima).toEqual({
      current: 9,
      workingset: 3,
      kernel: 7,
      swap: 3,
      anon: 4,
      file: 8,
      pgfault: 12,
      processes: 6,
    });
  });

  it('have BPF memory, and the rest of kernel memory in samples that have both', () => {
    const { maxima } = summarize('cgroup2', [
      sample(0, { kernel: 100, bpf: charged(60, 10) }),
      sample(1, { kernel: 500 }),
      sample(2, { kernel: 90, bpf: charged(20, 30) }),
    ]);
    expect(maxima).toEqual({
      kernel: 500,
      bpf: 70,
      'bpf.maps': 60,
      'bpf.programs': 30,
      'bpf.uncharged': 30,
      unexplained: 40,
    });
  });

  it('are the high-water mark alone if nothing was read while the target ran', () => {
    const maxima = (readings: number) => ({ maxima: { readings, longestGapMs: 9, bytes: {} } });
    const samples = (readings: number) => [
      sample(0, { current: 9, stat: { anon: 0, file: 8 } }),
      sample(1, { current: 1, peak: 40, stat: { anon: 0 }, ...maxima(readings) }),
    ];
    expect(summarize('cgroup2', samples(0))).toMatchObject({ maxima: { current: 40 }, averages: {} });
    expect(summarize('cgroup2', samples(1)).maxima).toEqual({ current: 9, anon: 0, file: 8 });
  });

  it('of a process tree in which no sample found a process do not exist', () => {
    const none = { tree: { rss: 0, pss: 0, cpuPercent: 0 }, processes: 0 };
    const { maxima, peak, highest, averages } = summarize('process-tree', [sample(0, none), sample(1, none)]);
    expect({ maxima, peak, highest, averages }).toEqual({ averages: {} });
  });

  it('of a process tree are those of its sums', () => {
    const tree = (rss: number, pss: number) => ({ tree: { rss, pss, cpuPercent: 50 } });
    const { maxima } = summarize('process-tree', [sample(0, tree(8, 1)), sample(1, tree(5, 4))]);
    expect(maxima).toEqual({ rss: 8, pss: 4 });
  });
});

describe('the highest sample', () => {
  it('is the first of those with the largest total', () => {
    const samples = [3, 9, 9, 1].map((current, at) => sample(at, { current }));
    expect(summarize('cgroup2', samples).highest).toEqual(samples[1]);
  });
});

describe('the counts', () => {
  it('are those of the last sample', () => {
    const pressure = (some: number, full: number) => {
      const line = { avg10: 0, avg60: 0, avg300: 0 };
      return { some: { ...line, total: some }, full: { ...line, total: full } };
    };
    const summary = summarize('cgroup2', [
      sample(0, { events: { max: 1 }, eventsLocal: { max: 0 }, pressure: pressure(1, 0) }),
      sample(1, { events: { max: 4 }, eventsLocal: { max: 2 }, pressure: pressure(9, 3) }),
    ]);
    expect(summary).toMatchObject({
      events: { max: 4 },
      eventsLocal: { max: 2 },
      stallUs: { some: 9, full: 3 },
    });
  });

  it('have no full stall if the kernel prints none', () => {
    const some = { avg10: 0, avg60: 0, avg300: 0, total: 2 };
    expect(summarize('cgroup2', [sample(0, { pressure: { some } })]).stallUs).toEqual({ some: 2 });
  });

  it('are the maxima of processes and of nested cgroups', () => {
    const counts = [
      [1, 0],
      [5, 2],
      [2, 3],
    ] as const;
    const samples = counts.map(([processes, nestedCgroups], at) => sample(at, { processes, nestedCgroups }));
    expect(summarize('cgroup2', samples)).toMatchObject({ processes: { max: 5 }, nestedCgroups: { max: 3 } });
  });

  it('are omitted if they are absent', () => {
    const summary = summarize('cgroup2', [sample(0)]);
    for (const key of ['events', 'eventsLocal', 'stallUs', 'processes', 'nestedCgroups']) {
      expect(summary).not.toHaveProperty(key);
    }
  });

  it('have the longest time between two samples', () => {
    const { count, longestGapMs } = summarize(
      'cgroup2',
      [0, 100, 350, 400].map((at) => sample(at)),
    );
    expect({ count, longestGapMs }).toEqual({ count: 4, longestGapMs: 250 });
  });
});

describe('BPF memory', () => {
  it('has the last reading and the largest that the target held', () => {
    const samples = [
      sample(0, { bpf: bpf(1) }),
      sample(1, { bpf: bpf(7, 9) }),
      sample(2),
      sample(3, { bpf: bpf(2, 4) }),
    ];
    expect(summarize('cgroup2', samples).bpf).toEqual({ last: bpf(2, 4), heldPeak: bpf(7).held });
  });
});

describe('the readings of charged BPF memory', () => {
  const charged = {
    attribution: 'memcg',
    charged: {
      maps: { count: 0, bytes: 0 },
      programs: { count: 0, bytes: 0 },
      places: { vmalloc: 0, slab: 0, percpu: 0, pages: 0 },
    },
  } as const;
  const summarize = (bpf: readonly (Sample['bpf'] | undefined)[]) => {
    const aggregate = new SampleAggregate('cgroup2');
    bpf.forEach((totals, at) => {
      const reason = at === 0 ? 'launch' : at === bpf.length - 1 ? 'final' : 'tick';
      const sample: Sample = { type: 'sample', elapsedMs: at * 10, reason, current: 9 - at, kernel: 1 };
      aggregate.add(totals === undefined ? sample : { ...sample, bpf: totals });
    });
    return aggregate.summary();
  };

  it('include the maximum of maps held but charged elsewhere', () => {
    const elsewhere = (count: number, bytes: number) => ({
      ...charged,
      heldElsewhere: { maps: { count, bytes } },
    });
    const readings = [elsewhere(0, 0), elsewhere(2, 500), elsewhere(1, 100), elsewhere(0, 0)];
    expect(summarize(readings).bpf.heldElsewhere).toEqual({ count: 2, bytes: 500 });
    expect(summarize([elsewhere(0, 0)]).bpf).not.toHaveProperty('heldElsewhere');
  });

  it('are counted only while the target runs', () => {
    const held = { attribution: 'held' } as const;
    expect(summarize([held, charged]).bpf.runningReadings).toBe(0);
    expect(summarize([held, charged, charged, charged]).bpf.runningReadings).toBe(2);
    expect(summarize([held, held]).bpf).not.toHaveProperty('runningReadings');
  });

  it.each([
    [[{ attribution: 'held' } as const, charged], 'BPF memory was not read at that time'],
    [
      [{ attribution: 'held' } as const, { attribution: 'held' } as const],
      'BPF memory could not be attributed',
    ],
    [[undefined, undefined], 'BPF memory was not read'],
  ])('give the reason if the highest sample has none', (bpf, note) => {
    expect(summarize(bpf).kernelBreakdown?.notes).toContain(note);
  });
});

describe('the sample that is explained', () => {
  const MIB = 1024 * 1024;
  const charging = (mib: number): BpfTotals => ({
    attribution: 'memcg',
    charged: {
      maps: { count: 1, bytes: mib * MIB },
      programs: { count: 0, bytes: 0 },
      places: { vmalloc: 0, slab: 0, percpu: 0, pages: 0 },
    },
  });
  const at = (ms: number, mib: number, kernelMib: number, bpf?: BpfTotals): Sample =>
    sample(ms, { current: mib * MIB, kernel: kernelMib * MIB, ...(bpf === undefined ? {} : { bpf }) });
  const LAUNCH: Sample = { ...at(0, 1, 1, { attribution: 'held' }), reason: 'launch' };

  it('is the highest one whose BPF memory is known', () => {
    const samples = [LAUNCH, at(500, 100, 20, charging(18)), at(1000, 200, 60), at(1500, 90, 5, charging(3))];
    const { highest, highestWithBpf, kernelBreakdown } = summarize('cgroup1', samples);
    expect(highest).toBe(samples[2]);
    expect(highestWithBpf).toBe(samples[1]);
    expect(kernelBreakdown?.terms).toContainEqual(
      expect.objectContaining({ id: 'bpf maps', bytes: 18 * MIB }),
    );
    expect(kernelBreakdown?.kernel).toBe(20 * MIB);
  });

  it('is the highest one if kernel memory was the same at a reading before or after it', () => {
    for (const samples of [
      [LAUNCH, at(500, 100, 20, charging(18)), at(1000, 200, 20)],
      [LAUNCH, at(500, 200, 20), at(1000, 100, 20, charging(18))],
      // At the launch, BPF memory is read before it can be attributed.
      [{ ...LAUNCH, current: 300 * MIB, kernel: 20 * MIB }, at(500, 200, 20, charging(18))],
    ]) {
      const summary = summarize('cgroup1', samples);
      expect(summary).not.toHaveProperty('highestWithBpf');
      expect(summary.kernelBreakdown?.terms).toContainEqual(
        expect.objectContaining({ id: 'bpf maps', bytes: 18 * MIB }),
      );
    }
  });

  it('is never the last one, whose maps no longer exist', () => {
    const last: Sample = { ...at(1000, 0, 0, charging(0)), reason: 'final' };
    const summary = summarize('cgroup1', [LAUNCH, at(500, 100, 20), last]);
    expect(summary).not.toHaveProperty('highestWithBpf');
    expect(summary.kernelBreakdown?.notes).toContain('BPF memory was not read at that time');
  });

  it('needs a reading of BPF memory once for every 5 % of growth', () => {
    const aggregate = new SampleAggregate('cgroup1');
    let readings = 0;
    aggregate.add({ ...at(0, 1, 1, charging(0)), reason: 'launch' });
    for (let mib = 10; mib <= 1000; mib += 1) {
      // Kernel memory changes, so that a reading is not valid for the next sample.
      const next = at(mib, mib, mib / 2);
      const isNeeded = aggregate.needsBpf(next);
      if (isNeeded) readings += 1;
      aggregate.add(isNeeded ? { ...next, bpf: charging(mib / 4) } : next);
      const { highest, highestWithBpf = highest } = aggregate.summary();
      expect((highestWithBpf?.current ?? 0) * 1.05).toBeGreaterThanOrEqual(highest?.current ?? 0);
    }
    expect(readings).toBeLessThanOrEqual(Math.ceil(Math.log(100) / Math.log(1.05)));
  });

  it('needs no reading on a host that does not attribute BPF memory', () => {
    const aggregate = new SampleAggregate('cgroup1');
    aggregate.add(LAUNCH);
    expect(aggregate.needsBpf(at(500, 100, 20))).toBe(false);
  });
});

describe('the sources', () => {
  it('are those of the present figures, in the terms of the mode', () => {
    const figures = { current: 1, kernel: 2, stat: { anon: 3, unknown_key: 4 }, swap: { current: 0 } };
    expect(summarize('cgroup1', [sample(0, figures)]).sources).toEqual({
      current: 'memory.usage_in_bytes',
      kernel: 'memory.kmem.usage_in_bytes',
      anon: 'memory.stat total_rss',
      swap: 'memory.stat total_swap',
      peak: 'sampled',
    });
  });
});

describe('the memory of the aggregate', () => {
  it('does not grow with the number of samples', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const aggregate = new SampleAggregate('cgroup2');
    const seen: WeakRef<Sample>[] = [];
    for (let at = 0; at < 5000; at += 1) {
      const each = sample(at, { current: at % 7, stat: { anon: at }, bpf: bpf(at % 3) });
      seen.push(new WeakRef(each));
      aggregate.add(each);
    }
    // The target of a WeakRef stays alive until the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    // The last one and the highest.
    expect(seen.filter((each) => each.deref() !== undefined).length).toBeLessThanOrEqual(3);
    expect(aggregate.summary().count).toBe(5000);
  });
});

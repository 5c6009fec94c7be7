import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineRuns } from '#src/budget/evaluation/combine-runs.ts';
import { BudgetEvaluator, type GateOptions } from '#src/budget/evaluation/evaluator.ts';
import { applyDoubt } from '#src/budget/evaluation/sampling-doubt.ts';
import type { BaselineValues, ExceededBudget } from '#src/budget/expression/budget.ts';
import type { RecordLine, SummaryRecord } from '#src/model/recording.ts';
import type { Sample } from '#src/model/sample.ts';
import type { BudgetResult } from '#src/model/verdict.ts';
import { describeBudget } from '#src/report/wording.ts';
import { quantile } from '#src/statistics/statistics.ts';
import { required } from '../../../required.ts';
import {
  anonSamples,
  bpfOf,
  feed,
  MIB,
  mapOf,
  mapsAt,
  named,
  processesAt,
  sampleAt,
  samplesOf,
  startOf,
  summaryOf,
} from '../evaluated-runs.ts';

/** The results of a whole run on cgroup v2. */
function evaluate(
  expressions: readonly string[],
  records: readonly RecordLine[],
  options: GateOptions = {},
): BudgetResult[] {
  const evaluator = new BudgetEvaluator(
    expressions.map((each) => named(each)),
    options,
  );
  return feed(evaluator, [startOf(), ...records]).finish(summaryOf());
}

function evaluateOne(
  expression: string,
  records: readonly RecordLine[],
  options: GateOptions = {},
): BudgetResult {
  const [result] = evaluate([expression], records, options);
  if (result === undefined) throw new Error('no result');
  return result;
}

describe('a value', () => {
  const samples = anonSamples(0, 10, 40, 20, 1);

  it.each([
    ['anon<=100M', 40],
    ['anon.min<=100M', 10],
    ['anon.avg<=100M', 17.5],
    ['anon.median<=100M', 20],
    ['anon.p90<=100M', 36],
    ['anon.last<=100M', 20],
    ['anon.final<=100M', 1],
    ['stat.anon<=100M', 40],
  ])('%s is %d MiB', (expression, mib) => {
    expect(evaluateOne(expression, samples)).toMatchObject({
      status: 'passed',
      value: mib * MIB,
      limit: 100 * MIB,
      excess: mib * MIB - 100 * MIB,
    });
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'of stat.%s is not measured: the kernel has no such line',
    (key) => {
      const result = evaluateOne(`stat.${key}<=1`, samples);
      expect(result.status).toBe('not-measured');
      expect(result.value).toBeUndefined();
    },
  );

  it.each([
    ['anon<=40M', 'passed'],
    ['anon<40M', 'failed'],
    ['anon>=40M', 'passed'],
    ['anon>40M', 'failed'],
    ['anon==40M', 'passed'],
    ['anon==39M', 'failed'],
    ['anon.min>=10M', 'passed'],
    ['anon.min>10M', 'failed'],
  ])('%s is %s', (expression, status) => {
    expect(evaluateOne(expression, samples).status).toBe(status);
  });

  it('of any aggregate matches the naive computation', () => {
    const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.nat(2 ** 40)), {
      minLength: 3,
      maxLength: 60,
    });
    fc.assert(
      fc.property(gaps, (readings) => {
        let elapsedMs = 0;
        const all = readings.map(([gapMs, current], at): Sample => {
          elapsedMs += gapMs;
          return sampleAt(elapsedMs, at === 0 ? 'launch' : at === readings.length - 1 ? 'final' : 'tick', {
            current,
          });
        });
        const values = all.map(({ current = 0 }) => current);
        const running = values.slice(1, -1);
        const weighted = all
          .slice(0, -1)
          .reduce(
            (sum, { elapsedMs: from, current = 0 }, at) =>
              sum + current * ((all[at + 1]?.elapsedMs ?? 0) - from),
            0,
          );
        const average = weighted / (elapsedMs - (all[0]?.elapsedMs ?? 0));
        const aggregates = ['max', 'min', 'avg', 'median', 'p90', 'p95', 'p99', 'last', 'final'];
        const results = evaluate(
          aggregates.map((each) => `current.${each}>=0`),
          all,
        );
        expect(results.map(({ value }) => value)).toEqual(
          [
            Math.max(...values),
            Math.min(...running),
            average,
            ...[0.5, 0.9, 0.95, 0.99].map((share) => quantile(running, share) ?? 0),
            running.at(-1) ?? 0,
            values.at(-1) ?? 0,
          ].map((value) => expect.closeTo(value, -0.31)),
        );
      }),
    );
  });

  it('of growth is the confidence bound, beside the slope', () => {
    const line = Array.from({ length: 60 }, (_, at) => 10 + at / 120);
    expect(evaluateOne('anon.growth<=512KiB', anonSamples(...line))).toMatchObject({
      status: 'failed',
      unit: 'bytes/min',
      value: MIB,
      estimate: MIB,
      limit: MIB / 2,
    });
  });
});

describe('pressure', () => {
  const stalled = (...totalMs: number[]) =>
    samplesOf(
      totalMs.map((each) => ({ pressure: { some: { avg10: 0, avg60: 0, avg300: 0, total: each * 1000 } } })),
    );

  it('is the share of lost time, from the totals', () => {
    const samples = stalled(0, 100, 100, 350);
    expect(evaluateOne('psi.some<=20%', samples)).toMatchObject({
      status: 'failed',
      unit: 'percent',
      value: 23.333,
      limit: 20,
    });
    expect(evaluateOne('psi.some.max<=50%', samples)).toMatchObject({ status: 'passed', value: 50 });
    expect(evaluateOne('psi.some.min<=50%', samples)).toMatchObject({ status: 'passed', value: 0 });
  });

  it('is measured in a run without a sample in between', () => {
    expect(evaluateOne('psi.some<=5%', stalled(0, 50))).toMatchObject({ status: 'failed', value: 10 });
  });
});

describe('a limit', () => {
  const limited = (max: number | 'max') =>
    samplesOf([{}, { current: 60, limits: { max } }, { current: 0, limits: { max } }]);

  it('can be a share of a limit of the leaf', () => {
    expect(evaluateOne('current<=50% of memory.max', limited(100))).toMatchObject({
      status: 'failed',
      value: 60,
      limit: 50,
    });
    expect(evaluateOne('current<=50% of memory.max', limited(120))).toMatchObject({
      status: 'passed',
      limit: 60,
    });
  });

  it('that is not set makes the budget not measured', () => {
    const result = evaluateOne('current<=50% of memory.max', limited('max'));
    expect(result).toMatchObject({ status: 'not-measured', hint: '--memory-max 512M' });
    expect(result.value).toBeUndefined();
  });

  it('that cgroup v1 does not have is not proposed', () => {
    const on = (mode: 'cgroup1' | 'cgroup2', limit: string) => {
      const evaluator = new BudgetEvaluator([named(`current<=50% of ${limit}`)], {});
      return feed(evaluator, [startOf(mode), ...limited('max')]).finish(summaryOf(mode))[0]?.hint;
    };
    expect(on('cgroup2', 'memory.high')).toBe('--memory-high 512M');
    expect(on('cgroup1', 'memory.high')).toBe('a budget that is a share of memory.max');
    expect(on('cgroup1', 'memory.swap.max')).toBe('--memory-max 512M --swap-max 512M');
  });

  it('can be relative to the baseline', () => {
    const baseline: BaselineValues = {
      valueOf: (metric, aggregate) => (metric === 'anon' && aggregate === 'max' ? 10 * MIB : undefined),
    };
    const samples = anonSamples(0, 11, 0);
    expect(evaluateOne('anon<=baseline+5%', samples, { baseline })).toMatchObject({
      status: 'failed',
      limit: 10.5 * MIB,
    });
    expect(evaluateOne('anon<=baseline+5%+512KiB', samples, { baseline })).toMatchObject({
      status: 'passed',
      limit: 11 * MIB,
    });
    expect(
      evaluateOne('shmem<=baseline', samplesOf([{}, { stat: { shmem: 1 } }, {}]), { baseline }),
    ).toMatchObject({
      status: 'not-measured',
      reason: 'the baseline has no shmem.max',
    });
    expect(evaluateOne('anon<=baseline', samples)).toMatchObject({
      status: 'not-measured',
      hint: '--baseline FILE',
    });
  });
});

it('is above a baseline below 0, not below it', () => {
  const baseline: BaselineValues = { valueOf: () => -10 };
  const limitOf = (expression: string) => evaluateOne(expression, anonSamples(0, 1, 0), { baseline }).limit;
  expect(limitOf('anon<=baseline+50%')).toBe(-5);
  expect(limitOf('anon<=baseline-50%')).toBe(-15);
  expect(limitOf('anon<=baseline+50%+7')).toBe(2);
});

describe('BPF maps', () => {
  const records: RecordLine[] = [
    sampleAt(0, 'launch', { bpf: bpfOf(0) }),
    sampleAt(500, 'tick', { bpf: bpfOf(30) }),
    mapsAt(500, [
      mapOf(1, 'conn_a', 10),
      mapOf(2, 'conn_b', 20),
      mapOf(3, 'other', 5),
      mapOf(4, 'conn_c', 99, { elsewhere: true }),
    ]),
    sampleAt(1000, 'tick'),
    sampleAt(1500, 'tick', { bpf: bpfOf(50) }),
    mapsAt(1500, [mapOf(2, 'conn_b', 40)]),
    sampleAt(2000, 'tick', { bpf: bpfOf(40) }),
    mapsAt(2000, [], [1]),
    sampleAt(2500, 'final', { bpf: bpfOf(0) }),
    mapsAt(2500, [], [2, 3, 4]),
  ];

  it('are summed by name from the changes, where they were read', () => {
    const values = evaluate(
      [
        'bpf.map:conn*<=1M',
        'bpf.map:conn*.last<=1M',
        'bpf.map:conn*.min<=1M',
        'bpf.map:conn*.final<=1M',
        'bpf.map:conn*.median<=1M',
        'bpf.map:conn_[ab]<=1M',
        'bpf<=1M',
      ],
      records,
    );
    expect(values.map(({ value }) => value)).toEqual([50, 40, 30, 0, 40, 50, 50]);
  });

  it('may precede the sample that they belong to', () => {
    const before = records.map((record, at) => {
      const [next, previous] = [records[at + 1], records[at - 1]];
      if (next?.type === 'maps') return next;
      return record.type === 'maps' && previous !== undefined ? previous : record;
    });
    expect(before.map(({ type }) => type)).not.toEqual(records.map(({ type }) => type));
    const values = evaluate(
      ['bpf.map:conn*<=1M', 'bpf.map:conn*.last<=1M', 'bpf.map:conn*.min<=1M', 'bpf.map:conn*.final<=1M'],
      before,
    );
    expect(values.map(({ value }) => value)).toEqual([50, 40, 30, 0]);
  });

  it('of a run without a sample are at least its leftovers', () => {
    const left = [
      sampleAt(0, 'launch'),
      sampleAt(80, 'final', { bpf: bpfOf(64) }),
      mapsAt(80, [mapOf(1, 'conn', 64)]),
    ];
    const reason = 'BPF memory was not read while the target ran';
    expect(
      evaluate(['bpf.map:conn<=1M', 'bpf<=1M', 'bpf>=1', 'bpf.final<=64', 'bpf.map:conn<=63'], left),
    ).toMatchObject([
      { status: 'not-measured', reason, hint: '--interval 50ms --bpf-interval 50ms' },
      { status: 'not-measured', reason },
      { status: 'not-measured', reason },
      { status: 'passed', value: 64 },
      { status: 'failed', value: 64, limit: 63 },
    ]);
  });

  it('that no pattern matches are reported as missing', () => {
    const evaluator = feed(new BudgetEvaluator([named('bpf.map:con?<=1M'), named('bpf.map:*_c<=0')]), [
      startOf(),
      ...records,
    ]);
    expect(evaluator.finish(summaryOf())).toMatchObject([
      { status: 'passed', value: 0 },
      // There is a conn_c: it is charged elsewhere.
      { status: 'not-measured' },
    ]);
    expect(evaluator.warnings(summaryOf())).toEqual([
      'bpf.map:con?: no map of the run matches',
      expect.stringContaining('bpf.map:*_c: map `conn_c` ('),
    ]);
  });

  it('that no pattern matches do not apply to a process tree, which has none', () => {
    const evaluator = feed(new BudgetEvaluator([named('bpf.map:con?<=1M')]), [
      startOf('process-tree'),
      ...records,
    ]);
    expect(evaluator.finish(summaryOf('process-tree'))).toMatchObject([{ status: 'not-measured' }]);
    expect(evaluator.warnings(summaryOf('process-tree'))).toEqual([]);
  });

  it.each([
    ['bpf.map:conn_a.p59<=1M', 'bpf.map:conn_a.p95'],
    ['bpf.map:con_a<=1M', 'bpf.map:conn_a'],
    ['bpf.map:zzzzzzzzzz.p59<=1M', 'bpf.map:zzzzzzzzzz.p95'],
    ['bpf.map:zzzzzzzzzz<=1M', undefined],
  ])('that are not created are not measured: %s', (expression, hint) => {
    const evaluator = feed(new BudgetEvaluator([named(expression)]), [startOf(), ...records]);
    const [result] = evaluator.finish(summaryOf());
    expect(result?.status).toBe('not-measured');
    expect(result?.reason).toMatch(/^no map of the run is named `\S+`$/);
    expect(result?.hint).toBe(hint);
    expect(evaluator.warnings(summaryOf())).toEqual([]);
  });

  it('that are charged elsewhere are not in the sum of a pattern', () => {
    expect(evaluateOne('bpf.map:conn_*<=1M', records)).toMatchObject({ status: 'passed', value: 50 });
  });
});

describe('not measured', () => {
  const ticks = anonSamples(0, 1, 1, 0);
  const readBpf = samplesOf([{}, { bpf: bpfOf(5) }, {}]);

  it.each<[string, RecordLine[], RecordLine[], RegExp, RegExp | undefined]>([
    [
      'anon<=1M',
      [startOf('process-tree')],
      [summaryOf('process-tree')],
      /requires a memory cgroup/,
      /doctor/,
    ],
    [
      'peak<=1M',
      [startOf('process-tree')],
      [summaryOf('process-tree', { peak: { bytes: 5, source: 'sampled' } })],
      /requires a memory cgroup/,
      /doctor/,
    ],
    ['rss<=1M', [startOf(), ...ticks], [summaryOf()], /measured only in process-tree mode/, /anon/],
    [
      'vmalloc<=1M',
      [startOf('cgroup2', { host: { ...startOf().host, kernel: '5.10.1' } }), ...ticks],
      [summaryOf()],
      /requires Linux 5\.17; this is Linux 5\.10\.1/,
      undefined,
    ],
    ['slab<=1M', [startOf('cgroup1'), ...ticks], [summaryOf('cgroup1')], /cgroup v1 has no slab/, /v2/],
    ['stat.new<=1M', [startOf(), ...ticks], [summaryOf()], /does not report stat\.new/, undefined],
    [
      'psi.some<=5%',
      [startOf('cgroup1'), ...ticks],
      [summaryOf('cgroup1')],
      /cgroup v1 has no memory\.pressure/,
      undefined,
    ],
    ['psi.full<=5%', [startOf(), ...ticks], [summaryOf()], /requires Linux 4\.20/, /psi=1/],
    [
      'bpf<=1M',
      [startOf(), ...ticks],
      [summaryOf('cgroup2', { bpf: { unavailable: 'no rights', hint: 'sudo' } })],
      /^no rights$/,
      /sudo/,
    ],
    [
      'bpf<=1M',
      [startOf(), ...readBpf],
      [summaryOf('cgroup2', { bpf: { unavailable: 'no more rights' } })],
      /no more rights/,
      undefined,
    ],
    [
      'bpf.map:x<=1M',
      [startOf(), ...ticks],
      [summaryOf('cgroup2', { bpf: { reason: 'no BTF' } })],
      /could not be attributed: no BTF/,
      undefined,
    ],
    [
      'bpf.map:x<=1M',
      [startOf(), ...readBpf],
      [summaryOf()],
      /the recording has no list of maps/,
      /^record the run again$/,
    ],
    [
      'unexplained<=1M',
      [startOf(), ...readBpf],
      [summaryOf()],
      /^Linux 6\.12\.0 does not report kernel$/,
      undefined,
    ],
    [
      'bpf<=1M',
      [startOf(), ...ticks],
      [summaryOf()],
      /^BPF memory was not read while the target ran$/,
      /^--interval 50ms --bpf-interval 50ms$/,
    ],
    [
      'bpf<=1M',
      [startOf(), sampleAt(0, 'launch'), sampleAt(60, 'final', { bpf: bpfOf(0) })],
      [summaryOf('cgroup2', { durationMs: 60, bpf: { last: bpfOf(0) } })],
      /^BPF memory was not read while the target ran, only after it had exited$/,
      /^a run of at least 200ms with --interval 50ms/,
    ],
    [
      'anon<=1M',
      [startOf(), ...anonSamples(0, 0)],
      [summaryOf('cgroup2', { durationMs: 60 })],
      /too short.*500ms/,
      /--interval 3ms/,
    ],
    [
      'bpf<=1M',
      [startOf('cgroup2', { intervalMs: 10, bpfIntervalMs: 10 }), ...ticks],
      [summaryOf()],
      /^BPF memory was not read while the target ran$/,
      /^a longer run$/,
    ],
    [
      'bpf<=1M',
      [startOf('cgroup2', { intervalMs: 10 }), ...ticks],
      [summaryOf()],
      /^BPF memory was not read while the target ran$/,
      /^--bpf-interval 50ms$/,
    ],
    [
      'anon<=1M',
      [startOf('cgroup2', { intervalMs: 3 }), ...anonSamples(0, 0)],
      [summaryOf('cgroup2', { durationMs: 60 })],
      /too short.*3ms/,
      /^a longer run$/,
    ],
    [
      'anon.growth<=1M',
      [startOf(), ...ticks],
      [summaryOf()],
      /10 readings over 5\.0s; there are 2 over 500ms/,
      /longer run/,
    ],
    [
      'anon.growth<=1M',
      [
        startOf(),
        ...Array.from({ length: 9 }, (_, at) => sampleAt(at * 1000, 'tick', { stat: { anon: 1 } })),
      ],
      [summaryOf()],
      /^growth requires 10 readings; there are 9$/,
      /shorter --interval/,
    ],
    [
      'anon.growth<=1M',
      [
        startOf(),
        ...Array.from({ length: 24 }, (_, at) => sampleAt(at * 100, 'tick', { stat: { anon: 1 } })),
      ],
      [summaryOf()],
      /^growth requires readings over 5\.0s; they span 2\.3s$/,
      /longer run/,
    ],
    [
      'anon.growth<=1M',
      [
        startOf(),
        ...[...Array(12).keys(), 60].map((at) => sampleAt(at * 100, 'tick', { stat: { anon: 1 } })),
      ],
      [summaryOf()],
      /second half of the run, which has too few readings/,
      /shorter --interval/,
    ],
    [
      'leftover==0',
      [startOf(), ...ticks],
      [summaryOf('cgroup2', { bpf: { unavailable: 'no rights' } })],
      /no rights/,
      undefined,
    ],
    ['leftover==0', [startOf(), ...ticks], [], /ends before its target/, undefined],
    [
      'oom_kill==0',
      [startOf(), sampleAt(500, 'tick', { events: { oom_kill: 0 } })],
      [],
      /ends before its target/,
      undefined,
    ],
    ['anon<=1M', [startOf()], [], /no sample/, undefined],
  ])('%s (%#)', (expression, before, after, reason, hint) => {
    const [result] = feed(new BudgetEvaluator([named(expression)]), [...before, ...after]).finish();
    expect(result?.status).toBe('not-measured');
    expect(result?.reason).toMatch(reason);
    expect(result).not.toHaveProperty('value');
    // Undefined if none is given.
    expect(required(result).hint ?? '').toMatch(hint ?? /^$/);
  });

  it('is BPF memory that was not requested', () => {
    const { bpfIntervalMs: _, ...start } = startOf();
    const [result] = feed(new BudgetEvaluator([named('bpf<=1M')]), [start, ...ticks]).finish(summaryOf());
    expect(result).toMatchObject({ status: 'not-measured', reason: 'BPF memory was not read' });
  });

  it('is a warning if the budget is optional', () => {
    const evaluator = new BudgetEvaluator([
      named('slab<=1M', { optional: true, name: 'slabs', owner: 'me' }),
    ]);
    expect(feed(evaluator, ticks).finish(summaryOf())).toMatchObject([
      { status: 'not-measured-optional', name: 'slabs', owner: 'me' },
    ]);
  });

  it('does not hide a certain failure', () => {
    const bpf = summaryOf('cgroup2', { bpf: { unavailable: 'no more rights' } });
    expect(feed(new BudgetEvaluator([named('bpf<=4')]), readBpf).finish(bpf)).toMatchObject([
      { status: 'failed', value: 5, limit: 4 },
    ]);
  });
});

describe('the peak', () => {
  const sampled = summaryOf('cgroup2', { peak: { bytes: 9 * MIB, source: 'sampled' } });

  it("is the summary's, with a warning if the kernel has none", () => {
    const evaluator = feed(
      new BudgetEvaluator([named('peak<=8M'), named('peak<=10M')]),
      anonSamples(0, 1, 0),
    );
    expect(evaluator.finish(sampled)).toMatchObject([
      { status: 'failed', value: 9 * MIB },
      { status: 'passed' },
    ]);
    expect(evaluator.warnings(sampled)).toEqual([expect.stringContaining('highest reading')]);
  });

  it('is that of the samples if the kernel has none: it fails at once, with a breakdown', () => {
    const samples = samplesOf([0, 4, 9, 2].map((mib) => ({ current: mib * MIB, stat: { anon: mib * MIB } })));
    const exceeded: ExceededBudget[] = [];
    const evaluator = new BudgetEvaluator([named('peak<=8M')], { onExceeded: (each) => exceeded.push(each) });
    const [result] = feed(evaluator, [startOf(), ...samples]).finish(sampled);
    expect(exceeded).toMatchObject([{ elapsedMs: 1000, value: 9 * MIB }]);
    expect(result).toMatchObject({ status: 'failed', value: 9 * MIB, exceeded: { elapsedMs: 1000 } });
    expect(result?.exceeded?.breakdown).toContainEqual({ id: 'anon', bytes: 9 * MIB });
  });

  it('in no sample has no moment', () => {
    const [result] = new BudgetEvaluator([named('peak<=8M')]).finish(sampled);
    expect(result?.status).toBe('failed');
    expect(required(result?.exceeded)).not.toHaveProperty('elapsedMs');
  });
});

describe('an exceeded limit', () => {
  const records: RecordLine[] = [
    sampleAt(0, 'launch', { stat: { anon: 0 } }),
    sampleAt(500, 'tick', {
      stat: { anon: 8 * MIB, file: MIB },
      kernel: 4 * MIB,
      bpf: bpfOf(2 * MIB),
      current: 12 * MIB,
    }),
    mapsAt(501, [mapOf(7, 'conn', 2 * MIB)]),
    processesAt(502, [
      [10, 'sh', 1],
      [11, 'worker', 7],
    ]),
    sampleAt(1000, 'tick', { stat: { anon: 20 * MIB, file: MIB }, kernel: 4 * MIB, current: 25 * MIB }),
    mapsAt(1001, [mapOf(7, 'conn', 3 * MIB), mapOf(8, 'late', MIB)]),
    processesAt(1002, [
      [11, 'worker', 10],
      [12, 'new', 9],
    ]),
    sampleAt(1500, 'tick', { stat: { anon: 30 * MIB }, kernel: 4 * MIB }),
    processesAt(1502, [[11, 'worker', 29]]),
    sampleAt(2000, 'final', { stat: { anon: 0 } }),
    processesAt(2002, [], [10, 11, 12]),
  ];

  it('reports at once that a maximum is exceeded, and once', () => {
    const exceeded: ExceededBudget[] = [];
    evaluate(['anon<=100M', 'anon<=16M', 'anon.avg<=1', 'anon.min>=9M', 'anon>=1G'], records, {
      onExceeded: (each) => exceeded.push(each),
    });
    expect(
      exceeded.map(({ index, elapsedMs, value, limit }) => [index, elapsedMs, value / MIB, limit / MIB]),
    ).toEqual([
      [3, 500, 8, 9],
      [1, 1000, 20, 16],
    ]);
  });

  it('lists what grew up to then, and the composition of memory compared with the baseline', () => {
    const baseline: BaselineValues = {
      valueOf: () => undefined,
      breakdownOf: (id) => (id === 'anon' ? 5 * MIB : undefined),
    };
    const advice = [
      { kind: 'nearly-empty' as const, maps: [{ id: 7, name: 'conn' }], text: 'smaller' },
      { kind: 'nearly-empty' as const, maps: [{ id: 99, name: 'gone' }], text: 'not shown' },
    ];
    const evaluator = feed(
      new BudgetEvaluator([named('current<=16M'), named('anon<=16M')], { baseline }),
      records,
    );
    const [result, ofAnon] = evaluator.finish(summaryOf('cgroup2', { bpf: { advice } }));
    expect(result).toMatchObject({ status: 'failed', value: 25 * MIB, limit: 16 * MIB, excess: 9 * MIB });
    expect(result?.exceeded).toEqual({
      elapsedMs: 1000,
      shownMs: 1000,
      breakdown: [
        { id: 'current', bytes: 25 * MIB },
        { id: 'anon', bytes: 20 * MIB, baselineBytes: 5 * MIB },
        { id: 'file', bytes: MIB },
        { id: 'kernel', bytes: 4 * MIB },
        { id: 'bpf maps', bytes: 2 * MIB },
        { id: 'bpf programs', bytes: 0 },
        { id: 'unexplained', bytes: 2 * MIB },
      ],
      processes: [
        { name: 'worker', id: 11, fromBytes: 0, toBytes: 10 * MIB },
        { name: 'new', id: 12, fromBytes: 0, toBytes: 9 * MIB },
        { name: 'sh', id: 10, fromBytes: 0, toBytes: MIB },
      ],
      maps: [
        { name: 'conn', id: 7, fromBytes: 0, toBytes: 3 * MIB },
        { name: 'late', id: 8, fromBytes: 0, toBytes: MIB },
      ],
      advice: [advice[0]],
      growthBytes: 25 * MIB,
      timeline: { figure: 'current', fromMs: 500, toMs: expect.any(Number), max: expect.any(Array) },
    });
    expect(Math.max(...(ofAnon?.exceeded?.timeline?.max ?? []).map(Number))).toBe(30 * MIB);
    expect(ofAnon?.exceeded?.growthBytes).toBe(30 * MIB);
    // The maximum is shown, not the first value above the limit; no map is part of it.
    expect(ofAnon?.exceeded).toMatchObject({ elapsedMs: 1000, shownMs: 1500, maps: [], advice: [] });
    expect(ofAnon?.exceeded?.breakdown).toContainEqual({
      id: 'anon',
      bytes: 30 * MIB,
      baselineBytes: 5 * MIB,
    });
    expect(ofAnon?.exceeded?.processes[0]).toMatchObject({ name: 'worker', toBytes: 29 * MIB });
  });

  it('lists processes and maps only where they are part of the metric', () => {
    const listed = (expression: string) => {
      const { processes = [], maps = [] } = evaluateOne(expression, records).exceeded ?? {};
      return [processes.length > 0, maps.length > 0];
    };
    expect(listed('current<=1M')).toEqual([true, true]);
    expect(listed('anon<=1M')).toEqual([true, false]);
    expect(listed('kernel<=1M')).toEqual([false, true]);
    expect(listed('bpf.maps<=1')).toEqual([false, true]);
    expect(listed('bpf.programs==1')).toEqual([false, false]);
    // What is too little is not reduced further.
    expect(listed('current.max>=1G')).toEqual([false, false]);
  });

  it('lists the part of a map that belongs to the metric', () => {
    const perCpu = { ...mapOf(9, 'counters', 3 * MIB), unchargedBytes: 2 * MIB };
    const uncharged = { maps: { count: 1, bytes: 2 * MIB } };
    const bpf = { ...bpfOf(MIB), uncharged };
    const withPerCpu = [
      sampleAt(500, 'tick', { current: 12 * MIB, kernel: 4 * MIB, bpf }),
      mapsAt(501, [perCpu]),
      sampleAt(1000, 'final', { current: 0 }),
    ];
    const sizeIn = (expression: string) => evaluateOne(expression, withPerCpu).exceeded?.maps[0]?.toBytes;
    expect(sizeIn('bpf<=1')).toBe(MIB);
    expect(sizeIn('current<=1')).toBe(MIB);
    expect(sizeIn('bpf.uncharged<=1')).toBe(2 * MIB);
    expect(sizeIn('bpf.map:counters<=1')).toBe(3 * MIB);
  });

  it('lists of a map only itself, and of leftovers the maps', () => {
    expect(evaluateOne('bpf.map:late<=1', records).exceeded?.maps.map(({ name }) => name)).toEqual(['late']);
    const evaluator = feed(new BudgetEvaluator([named('leftover==0')], {}), records);
    const leftovers = [{ id: 9, name: 'stays', bytes: 4096, pinned: [], holders: [] }];
    const [result] = evaluator.finish(summaryOf('cgroup2', { bpf: { leftovers } as never }));
    expect(result?.exceeded?.maps).toEqual([{ name: 'stays', id: 9, fromBytes: 0, toBytes: 4096 }]);
    // They are known at the end of the run.
    expect(result?.exceeded).toMatchObject({ elapsedMs: 2000, shownMs: 2000 });
  });

  it('of an average has no moment: the highest value is shown', () => {
    const { exceeded } = evaluateOne('anon.avg<=1M', records);
    expect(required(exceeded)).not.toHaveProperty('elapsedMs');
    expect(exceeded?.shownMs).toBe(1500);
    expect(exceeded?.breakdown).toContainEqual({ id: 'bpf maps', bytes: 2 * MIB });
    expect(exceeded?.processes[0]).toEqual({ name: 'worker', id: 11, fromBytes: 0, toBytes: 29 * MIB });
  });

  it('reports that BPF memory was not read if kernel memory has changed since the last reading', () => {
    const before = sampleAt(500, 'tick', { stat: { anon: MIB }, kernel: 4 * MIB, bpf: bpfOf(2 * MIB) });
    const above = sampleAt(1000, 'tick', { stat: { anon: 9 * MIB, vmalloc: 20 * MIB }, kernel: 24 * MIB });
    const { exceeded } = evaluateOne('anon<=4M', [before, above]);
    expect(exceeded?.breakdown).toContainEqual({ id: 'unexplained', bytes: 4 * MIB });
    expect(required(exceeded).breakdown.map(({ id }) => id)).not.toContain('bpf maps');
  });

  it('lists the processes of the next record, without those that have exited', () => {
    const before = [sampleAt(500, 'tick', { stat: { anon: MIB } }), processesAt(501, [[10, 'hog', 1]])];
    const above = sampleAt(600, 'tick', { stat: { anon: 9 * MIB } });
    const next = sampleAt(610, 'tick', { stat: { anon: 9 * MIB } });
    const shown = (...after: RecordLine[]) =>
      evaluateOne('anon<=4M', [startOf(), ...before, above, next, ...after]).exceeded?.processes.map(
        ({ name, toBytes }) => [name, toBytes / MIB],
      );
    expect(shown(processesAt(1090, [[10, 'hog', 9]]))).toEqual([['hog', 9]]);
    expect(shown(processesAt(1101, [[10, 'hog', 9]]))).toEqual([['hog', 1]]);
    expect(shown(processesAt(700, [[11, 'other', 1]], [10]))).toEqual([['hog', 1]]);
  });

  it('lists the processes closest to a maximum that came after the limit was exceeded', () => {
    const before = [sampleAt(500, 'tick', { stat: { anon: MIB } }), processesAt(501, [[10, 'hog', 1]])];
    const rising = [600, 650].map((ms) => sampleAt(ms, 'tick', { stat: { anon: ms * 20_000 } }));
    const next = sampleAt(700, 'tick', { stat: { anon: 2 * MIB } });
    const shown = (...after: RecordLine[]) =>
      evaluateOne('anon<=4M', [startOf(), ...before, ...rising, next, ...after]).exceeded?.processes[0]
        ?.toBytes;
    expect(shown(processesAt(1140, [[10, 'hog', 9]]))).toBe(9 * MIB);
    expect(shown(processesAt(1160, [[10, 'hog', 9]]))).toBe(MIB);
    // Memory was freed.
    expect(shown(processesAt(720, [[10, 'hog', 0.5]]))).toBe(MIB);
  });

  it('lists the first recorded processes if no earlier ones are known', () => {
    const records = [startOf(), sampleAt(500, 'tick', { stat: { anon: 9 * MIB } })];
    const late = [processesAt(1800, [[10, 'hog', 9]]), processesAt(2900, [[10, 'hog', 20]])];
    expect(evaluateOne('anon<=4M', [...records, ...late]).exceeded?.processes).toEqual([
      { name: 'hog', id: 10, fromBytes: 0, toBytes: 9 * MIB },
    ]);
  });

  it('of an OOM kill has the moment of the event', () => {
    const killed: RecordLine[] = [
      sampleAt(0, 'launch', { events: { oom_kill: 0 } }),
      sampleAt(500, 'tick', { events: { oom_kill: 0 }, stat: { anon: MIB } }),
      processesAt(501, [[10, 'hog', 1]]),
      { type: 'event', elapsedMs: 640, event: 'oom_kill', count: 1, increase: 1, noticed: 'inotify' },
      processesAt(650, [], [10]),
      sampleAt(700, 'final', { events: { oom_kill: 1 } }),
    ];
    const exceeded: ExceededBudget[] = [];
    const result = evaluateOne('oom_kill==0', killed, { onExceeded: (each) => exceeded.push(each) });
    expect(exceeded).toMatchObject([{ elapsedMs: 640, value: 1, limit: 0 }]);
    expect(result).toMatchObject({ status: 'failed', value: 1, exceeded: { elapsedMs: 640, shownMs: 640 } });
    expect(result.exceeded?.processes).toMatchObject([{ name: 'hog' }]);
    expect(result.exceeded?.breakdown).toEqual([{ id: 'anon', bytes: MIB }]);
  });

  it('that ended the target is reported, also if the target caught the signal', () => {
    const warningsOf = (exit: SummaryRecord['exit'], ...budgets: string[]) =>
      new BudgetEvaluator(budgets.map((each) => named(each))).warnings(summaryOf('cgroup2', { exit }));
    const caught = { status: 0, code: 0, endedBy: 'budget' as const };
    const signalled = { status: 143, signal: 'SIGTERM' as const, endedBy: 'budget' as const };
    expect(warningsOf(caught, 'anon<=1')).toEqual(['the target was ended when a limit was exceeded']);
    expect(warningsOf(signalled, 'anon<=1')).toEqual([]);
    for (const exit of [caught, signalled]) {
      expect(warningsOf(exit, 'anon<=1', 'anon<=2')).toEqual([
        'the target was ended when a limit was exceeded: the other budgets are evaluated up to that point',
      ]);
    }
    expect(warningsOf({ status: 0, code: 0 }, 'anon<=1')).toEqual([]);
  });

  it('lists five at most', () => {
    const many = Array.from({ length: 9 }, (_, at): [number, string, number] => [at, `p${at}`, at]);
    const grown = [
      processesAt(1, []),
      ...anonSamples(0, 9).slice(0, 1),
      sampleAt(500, 'tick', { stat: { anon: 9 } }),
      processesAt(501, many),
    ];
    expect(evaluateOne('anon<=1', grown).exceeded?.processes.map(({ name }) => name)).toEqual([
      'p8',
      'p7',
      'p6',
      'p5',
      'p4',
    ]);
  });
});

describe('memory in other cgroups', () => {
  const elsewhere = (event: string): RecordLine => ({
    type: 'event',
    elapsedMs: 1,
    event,
    message: 'process 7 (hog) has been in cgroup /other',
    hint: 'measure it there',
  });

  it.each(['elsewhere', 'cgroup_removed'])(
    'makes a budget not measured, with a reason, after %s',
    (event) => {
      for (const expression of ['anon<=64MiB', 'anon>=1MiB', 'oom_kill==0', 'peak<=1GiB']) {
        expect(evaluateOne(expression, [elsewhere(event), ...anonSamples(0, 10, 20)])).toMatchObject({
          status: 'not-measured',
          reason: 'process 7 (hog) has been in cgroup /other',
          hint: 'measure it there',
        });
      }
    },
  );

  it('does not hide a budget that is exceeded without it', () => {
    const records = [elsewhere('elsewhere'), ...anonSamples(0, 100, 100, 100)];
    expect(evaluateOne('anon<=64MiB', records).status).toBe('failed');
    expect(evaluateOne('anon.median<=64MiB', records).status).toBe('failed');
  });

  it('is reported by the last name of the process', () => {
    const noticed = {
      ...{ pid: 7, comm: 'hog', cgroup: '/other', sinceMs: 1 },
      ...{ message: 'process 7 (hog2)', hint: 'there' },
    };
    const evaluator = new BudgetEvaluator([named('anon<=64MiB')]);
    feed(evaluator, [startOf(), elsewhere('elsewhere'), ...anonSamples(0, 10, 20)]);
    const summary = { ...summaryOf(), elsewhere: { count: 1, processes: [noticed] } };
    expect(evaluator.finish(summary)[0]).toMatchObject({ reason: 'process 7 (hog2)', hint: 'there' });
  });
});

describe('a map that the run holds and that is charged elsewhere', () => {
  const acc = mapOf(1, 'acc', 19 * MIB, { elsewhere: true });
  const [launch, first, second, final] = samplesOf([0, 1, 1, 0].map((mib) => ({ bpf: bpfOf(mib * MIB) })));
  const records = [
    launch,
    first,
    mapsAt(500, [acc, mapOf(2, 'own', MIB)]),
    second,
    mapsAt(1000, [], [1, 2]),
    final,
  ];
  const evaluateMap = (expression: string) =>
    evaluateOne(
      expression,
      records.filter((record) => record !== undefined),
    );

  it.each(['bpf.map:acc<=1MiB', 'bpf.map:a*<=1MiB'])('is not measured, with a reason: %s', (expression) => {
    expect(evaluateMap(expression)).toMatchObject({
      status: 'not-measured',
      reason: 'map `acc` (19.0 MiB) is held by the run but charged to another cgroup',
    });
  });

  it('does not affect other names', () => {
    expect(evaluateMap('bpf.map:own<=4MiB').status).toBe('passed');
  });
});

describe('the maxima between two samples', () => {
  const withMaxima = (ms: number, anon: number, maxima: Sample['maxima'], peak?: number): Sample => {
    const sample = sampleAt(ms, 'tick', { stat: { anon: anon * MIB }, current: anon * MIB });
    if (maxima !== undefined) sample.maxima = maxima;
    if (peak !== undefined) sample.peak = peak * MIB;
    return sample;
  };
  const spike = { readings: 40, bpfReadings: 1, longestGapMs: 12, bytes: { anon: 90 * MIB, bpf: 3 * MIB } };

  it('are the value of a maximum, and of no other aggregate', () => {
    const records = [withMaxima(500, 10, spike), withMaxima(1000, 20, undefined)];
    expect(evaluateOne('anon<=64M', records)).toMatchObject({ status: 'failed', value: 90 * MIB });
    expect(evaluateOne('stat.anon<=64M', records)).toMatchObject({ status: 'failed', value: 90 * MIB });
    expect(evaluateOne('bpf<=2M', records)).toMatchObject({ status: 'failed', value: 3 * MIB });
    expect(evaluateOne('anon.min>=1M', records).value).toBe(10 * MIB);
    expect(evaluateOne('anon.last<=64M', records).value).toBe(20 * MIB);
  });

  it('measure a run without a sample while it ran', () => {
    const short = [
      sampleAt(0, 'launch', { stat: { anon: 0 } }),
      { ...sampleAt(30, 'final', { stat: { anon: 0 } }), maxima: { ...spike, readings: 3 } },
    ];
    expect(evaluateOne('anon<=100M', short)).toMatchObject({ status: 'passed', value: 90 * MIB });
    expect(evaluateOne('anon.avg<=100M', short).status).toBe('not-measured');
    expect(evaluateOne('bpf<=4M', short)).toMatchObject({ status: 'passed', value: 3 * MIB });
    const { bpfReadings: _, ...withoutBpf } = spike;
    const unread = { ...sampleAt(30, 'final', { bpf: bpfOf(0) }), maxima: { ...withoutBpf, bytes: {} } };
    expect(evaluateOne('bpf<=4M', [unread]).status).toBe('not-measured');
  });

  it.each([
    ['is within the limit', 100, undefined, 'passed'],
    ['exceeds the limit', 94, 95 * MIB, 'passed'],
    ['is known to exceed the limit', 89, undefined, 'failed'],
  ])('a value that the peak does not exclude %s', (_, limit, possible, status) => {
    const result = evaluateOne(`anon<=${limit}M`, [
      withMaxima(500, 10, { ...spike, unseenBytes: 5 * MIB }, 120),
    ]);
    expect([result.status, result.possible]).toEqual([status, possible]);
  });

  it('do not measure a maximum if none of them covers most of the peak', () => {
    const records = [
      withMaxima(500, 1, { readings: 1, longestGapMs: 400, bytes: {}, unseenBytes: 19 * MIB }, 20),
    ];
    expect(evaluateOne('anon<=10M', records)).toMatchObject({ status: 'not-measured' });
    expect(evaluateOne('anon<=10M', records)).not.toHaveProperty('value');
    expect(evaluateOne('anon<=20M', records).status).toBe('passed');
  });

  it('are bounded by the peak if nothing was read while the target ran', () => {
    const short = samplesOf([
      { stat: { anon: 0 }, current: 10 * MIB },
      { stat: { anon: 0 }, peak: 12 * MIB },
    ]);
    const result = evaluateOne('anon<=20M', short);
    expect(result).toMatchObject({ status: 'passed', possible: 12 * MIB });
    expect(describeBudget(result)).toBe(
      "12.0 MiB at most, by the kernel's peak (not read while the target ran), must be at most 20.0 MiB",
    );
    expect(combineRuns([[result], [result]], 'median')[0]?.possible).toBe(12 * MIB);
    expect(applyDoubt([result], true).results).toEqual([result]);
    // Its maximum is the peak.
    expect(evaluateOne('current<=12M', short)).toMatchObject({ status: 'passed', value: 12 * MIB });
    expect(evaluateOne('current<=11M', short)).toMatchObject({ status: 'failed', value: 12 * MIB });
    expect(evaluateOne('current.avg<=20M', short).status).toBe('not-measured');
    // It is not part of the peak.
    expect(evaluateOne('swap<=20M', short).possible).toBeUndefined();
  });

  it('are estimated from the peak in recordings without them', () => {
    const records = [withMaxima(500, 40, undefined, 45), withMaxima(1000, 30, undefined, 45)];
    expect(evaluateOne('anon<=42M', records).possible).toBe(45 * MIB);
    expect(evaluateOne('anon<=45M', records).possible).toBeUndefined();
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Budget, Op, Threshold } from '#src/budget/expression/budget.ts';
import { formatBudget } from '#src/budget/expression/format-budget.ts';
import { aggregatesOf, isInBaseline, METRIC_NAMES, unitOf } from '#src/budget/expression/metric-catalogue.ts';
import { parseBudget } from '#src/budget/expression/parse-budget.ts';
import { UsageError } from '#src/errors.ts';
import { findBadSet } from '#src/format/glob.ts';
import { golden } from '../../../paths.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const FIXTURES = join(import.meta.dirname, '../../../fixtures/kernel');

const fixed = (value: number): Threshold => ({ kind: 'fixed', value });

describe('parseBudget', () => {
  it.each<[string, Omit<Budget, 'expression'>]>([
    [
      'anon<=32MiB',
      { metric: 'anon', aggregate: 'max', op: '<=', unit: 'bytes', threshold: fixed(32 * MIB) },
    ],
    [
      '  anon.p95  <  1.5G ',
      { metric: 'anon', aggregate: 'p95', op: '<', unit: 'bytes', threshold: fixed(1536 * MIB) },
    ],
    ['bpf<=1 MiB', { metric: 'bpf', aggregate: 'max', op: '<=', unit: 'bytes', threshold: fixed(MIB) }],
    ['bpf.avg<=1M', { metric: 'bpf', aggregate: 'avg', op: '<=', unit: 'bytes', threshold: fixed(MIB) }],
    [
      'bpf.maps.avg<=1M',
      { metric: 'bpf.maps', aggregate: 'avg', op: '<=', unit: 'bytes', threshold: fixed(MIB) },
    ],
    [
      'bpf.map:conn*<=1M',
      { metric: 'bpf.map:conn*', aggregate: 'max', op: '<=', unit: 'bytes', threshold: fixed(MIB) },
    ],
    [
      'bpf.map:a.[rb]*data.p99<=1M',
      { metric: 'bpf.map:a.[rb]*data', aggregate: 'p99', op: '<=', unit: 'bytes', threshold: fixed(MIB) },
    ],
    [
      'bpf.map:"a b<*".last>=1',
      { metric: 'bpf.map:a b<*', aggregate: 'last', op: '>=', unit: 'bytes', threshold: fixed(1) },
    ],
    [
      "bpf.map:'x.max'<=1",
      { metric: 'bpf.map:x.max', aggregate: 'max', op: '<=', unit: 'bytes', threshold: fixed(1) },
    ],
    [
      'bpf.map:.rodata<=1',
      { metric: 'bpf.map:.rodata', aggregate: 'max', op: '<=', unit: 'bytes', threshold: fixed(1) },
    ],
    [
      'peak<=80% of memory.max',
      {
        metric: 'peak',
        aggregate: 'max',
        op: '<=',
        unit: 'bytes',
        threshold: { kind: 'share', percent: 80, of: 'memory.max' },
      },
    ],
    [
      'swap <= 12.5 %  of  memory.swap.max ',
      {
        metric: 'swap',
        aggregate: 'max',
        op: '<=',
        unit: 'bytes',
        threshold: { kind: 'share', percent: 12.5, of: 'memory.swap.max' },
      },
    ],
    [
      'psi.some<=5%',
      { metric: 'psi.some', aggregate: 'avg', op: '<=', unit: 'percent', threshold: fixed(5) },
    ],
    [
      'psi.full.max<=0.5%',
      { metric: 'psi.full', aggregate: 'max', op: '<=', unit: 'percent', threshold: fixed(0.5) },
    ],
    [
      'anon.growth<=1MiB',
      { metric: 'anon', aggregate: 'growth', op: '<=', unit: 'bytes/min', threshold: fixed(MIB) },
    ],
    [
      'anon.growth<=1MiB/min',
      { metric: 'anon', aggregate: 'growth', op: '<=', unit: 'bytes/min', threshold: fixed(MIB) },
    ],
    [
      'anon.growth <= -1MiB / min',
      { metric: 'anon', aggregate: 'growth', op: '<=', unit: 'bytes/min', threshold: fixed(-MIB) },
    ],
    [
      'processes.growth<=2.5/min',
      { metric: 'processes', aggregate: 'growth', op: '<=', unit: 'count/min', threshold: fixed(2.5) },
    ],
    [
      'psi.some.growth<=1%/min',
      { metric: 'psi.some', aggregate: 'growth', op: '<=', unit: 'percent/min', threshold: fixed(1) },
    ],
    [
      'unexplained >= -1M',
      { metric: 'unexplained', aggregate: 'max', op: '>=', unit: 'bytes', threshold: fixed(-MIB) },
    ],
    ['oom_kill==0', { metric: 'oom_kill', aggregate: 'final', op: '==', unit: 'count', threshold: fixed(0) }],
    [
      'leftover eq 0',
      { metric: 'leftover', aggregate: 'final', op: '==', unit: 'count', threshold: fixed(0) },
    ],
    [
      'pgmajfault lt 100',
      { metric: 'pgmajfault', aggregate: 'final', op: '<', unit: 'count', threshold: fixed(100) },
    ],
    [
      'anon le32MiB',
      { metric: 'anon', aggregate: 'max', op: '<=', unit: 'bytes', threshold: fixed(32 * MIB) },
    ],
    ['anon ge 1', { metric: 'anon', aggregate: 'max', op: '>=', unit: 'bytes', threshold: fixed(1) }],
    ['anon\tgt\t1', { metric: 'anon', aggregate: 'max', op: '>', unit: 'bytes', threshold: fixed(1) }],
    [
      'stat.new_key.avg<=3',
      { metric: 'stat.new_key', aggregate: 'avg', op: '<=', unit: 'bytes', threshold: fixed(3) },
    ],
    [
      'stat.pgscan_new<=3',
      { metric: 'stat.pgscan_new', aggregate: 'final', op: '<=', unit: 'count', threshold: fixed(3) },
    ],
    [
      'kernel<=baseline',
      {
        metric: 'kernel',
        aggregate: 'max',
        op: '<=',
        unit: 'bytes',
        threshold: { kind: 'baseline', percent: 0, plus: 0 },
      },
    ],
    [
      'kernel<=baseline+5%+2MiB',
      {
        metric: 'kernel',
        aggregate: 'max',
        op: '<=',
        unit: 'bytes',
        threshold: { kind: 'baseline', percent: 5, plus: 2 * MIB },
      },
    ],
    [
      'kernel < baseline - 5 % - 1 KiB',
      {
        metric: 'kernel',
        aggregate: 'max',
        op: '<',
        unit: 'bytes',
        threshold: { kind: 'baseline', percent: -5, plus: -KIB },
      },
    ],
    [
      'processes<=baseline + 2',
      {
        metric: 'processes',
        aggregate: 'max',
        op: '<=',
        unit: 'count',
        threshold: { kind: 'baseline', percent: 0, plus: 2 },
      },
    ],
    [
      'anon.avg<=baseline+1MiB',
      {
        metric: 'anon',
        aggregate: 'avg',
        op: '<=',
        unit: 'bytes',
        threshold: { kind: 'baseline', percent: 0, plus: MIB },
      },
    ],
  ])('reads %s', (text, budget) => {
    expect(parseBudget(text)).toEqual({ expression: text.trim(), ...budget });
  });

  it('marks the fault with a caret', async () => {
    // biome-ignore format: a table
    const wrong = [
      '', '  ', '<=3', 'anno<=32MiB', 'Anon<=1', 'xyzzyplugh<=3', 'memory.current<=3', 'anon.maxx<=3', 'bpf.mps<=1M', 'slab_reclaimabel.p95<=3',
      'peak.avg<=3', 'oom_kill.avg==0', 'leftover.max==0', 'psi.some.final<=1%',
      'anon', 'anon.max 32MiB', 'anon=3', 'anon=<3', 'anon=>3', 'anon!=3', 'anon≤3', 'anon===3', 'anon < = 3', 'anon:3',
      'anon<=', 'anon<=lots', 'anon<=3 foo', 'anon<=-3', 'anon<=1e', 'anon<=99999999P', 'anon<=memory.max', 'anon<=80%', 'anon<=80% of', 'anon<=80% of memory.mx',
      'anon<=80% of memory.max foo', 'anon<=x% of memory.max', 'processes<=80% of memory.max', 'anon.growth<=1% of memory.max',
      'psi.some<=5', 'psi.some<=5MiB', 'processes<=3M', 'processes<=1.5', 'oom_kill<=-1',
      'anon<=1M/min', 'anon.growth<=1M/h', 'anon.growth==3', 'anon.growth eq 5MiB', 'psi.some==5%',
      'anon<=baseline+', 'anon<=baseline 5%', 'anon<=baseline * 2', 'anon<=baseline + x', 'anon<=baselines', 'psi.some<=baseline+2',
      'bpf.map:<=3', 'bpf.map:.max<=3', 'bpf.map:"x<=3', 'bpf.map:""<=3', 'bpf.map:"x"y<=3', 'bpf.map:"x".maxi<=3',
      'bpf.map:[z-a]*<=1M', 'bpf.map:x[z-a].max<=1M', 'bpf.map:"x [z-a]".max<=1M',
      'anon.growth<=baseline+1MiB/min', 'anon.p95 le baseline', 'anon.final<=baseline', 'bpf.avg<=baseline', 'bpf.map:x.avg<=baseline',
      'psi.some<=baseline', 'leftover<=baseline', 'stat.brand_new.avg<=baseline', 'pgfault.growth<=baseline',
      '\u001b[31manon<=3', 'anon <= \u001b[31m3',
    ];
    const messages = wrong.map((text) => {
      const error = errorOf(text);
      const hint = error.hint === undefined ? '' : `  (hint: ${error.hint})`;
      return `${error.message.replaceAll('\u001b', '<ESC>')}${hint}\n${error.detail}\n`;
    });
    await expect(messages.join('\n')).toMatchFileSnapshot(golden('budget/wrong-expressions.txt'));
  });

  it('includes the given place', () => {
    expect(() => parseBudget('anno<=1', 'budget.json:3: budgets[0].budget')).toThrow(
      /^budget\.json:3: budgets\[0\]/,
    );
  });

  it('shows a part of a long expression', () => {
    const metric = 'x'.repeat(100_000);
    const fault = errorOf(`${metric}<=1`);
    expect(fault.message).toMatch(/^--budget: no metric `x+\.\.\.$/);
    expect(`${fault.message}${fault.hint}${fault.detail}`.length).toBeLessThan(2000);
  });

  it('never throws anything but a UsageError whose caret is inside the text', () => {
    const texts = fc.oneof(
      fc.string(),
      fc
        .tuple(
          fc.constantFrom('anon', 'bpf.map:x', 'psi.some'),
          fc.constantFrom('<=', ' le ', '=', ''),
          fc.string(),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseBudget(text);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          const [line = '', caret = ''] = error.detail?.split('\n') ?? [];
          expect(caret.trimEnd().length).toBeLessThanOrEqual(line.length + 1);
          expect(caret).toMatch(/^ +\^~*$/);
        }
      }),
    );
  });

  it('reads the output of formatBudget', () => {
    fc.assert(
      fc.property(budgets(), (budget) => {
        const text = formatBudget(budget);
        expect(parseBudget(text)).toEqual({ ...budget, expression: text });
      }),
    );
  });
});

describe('the known metrics', () => {
  it('include every key of memory.stat that a captured kernel prints', () => {
    const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('/memory.stat'),
    );
    expect(files.length).toBeGreaterThan(10);
    const keys = files.flatMap((file) =>
      readFileSync(join(FIXTURES, file), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0] ?? ''),
    );
    expect(keys.filter((key) => !METRIC_NAMES.has(key))).toEqual([]);
  });
});

function errorOf(text: string): UsageError {
  try {
    parseBudget(text);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

function budgets(): fc.Arbitrary<Omit<Budget, 'expression'>> {
  const globs = fc
    .stringMatching(/^[a-z.*?[\] <=>'-]{1,12}$/)
    .filter((glob) => glob.trim() === glob && findBadSet(glob) === undefined);
  const metrics = fc.oneof(
    fc.constantFrom(...METRIC_NAMES),
    fc.constant('stat.brand_new'),
    globs.map((glob) => `bpf.map:${glob}`),
  );
  return metrics.chain((metric) =>
    fc.constantFrom(...aggregatesOf(metric)).chain((aggregate) => {
      const unit = aggregate === 'growth' ? (`${unitOf(metric)}/min` as const) : unitOf(metric);
      const isExact = aggregate !== 'growth' && unit !== 'percent';
      const op = fc.constantFrom<Op>('<=', '<', '>=', '>', ...(isExact ? (['=='] as const) : []));
      const percent = fc.integer({ min: 0, max: 100_000 }).map((hundredths) => hundredths / 100);
      const amount = unit.startsWith('percent') ? percent : fc.integer({ min: 0, max: 2 ** 50 });
      const threshold = fc.oneof(
        fc.record({ kind: fc.constant('fixed' as const), value: amount }),
        ...(isInBaseline(metric, aggregate)
          ? [fc.record({ kind: fc.constant('baseline' as const), percent, plus: amount })]
          : []),
        ...(unit === 'bytes'
          ? [
              fc.record({
                kind: fc.constant('share' as const),
                percent,
                of: fc.constantFrom('memory.max', 'memory.high', 'memory.swap.max'),
              }),
            ]
          : []),
      ) as fc.Arbitrary<Threshold>;
      return fc.record({
        metric: fc.constant(metric),
        aggregate: fc.constant(aggregate),
        op,
        unit: fc.constant(unit),
        threshold,
      });
    }),
  );
}

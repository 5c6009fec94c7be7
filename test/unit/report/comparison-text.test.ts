import { describe, expect, it } from 'vitest';
import type { ComparedSide, Comparison, MetricDifference } from '#src/model/comparison.ts';
import { renderComparison } from '#src/report/comparison-text.ts';
import { golden } from '../../paths.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const side = (name: string, more: Partial<ComparedSide> = {}): ComparedSide => ({
  name,
  runs: 10,
  command: ['sh', '-c', 'make all'],
  host: { kernel: '6.12.0', arch: 'x64', cpus: 2, possibleCpus: 4, pageSizeBytes: 4096 },
  mode: 'cgroup2',
  ...more,
});

const row = (
  metric: string,
  base: number,
  now: number,
  more: Partial<MetricDifference> = {},
): MetricDifference => ({
  metric,
  unit: 'bytes',
  base,
  now,
  difference: now - base,
  ...(base === 0 ? {} : { percent: (100 * (now - base)) / base }),
  noise: 256 * KIB,
  verdict: 'not-evaluated',
  ...more,
});

const comparison = (metrics: MetricDifference[], more: Partial<Comparison> = {}): Comparison => ({
  type: 'comparison',
  version: 2,
  base: side('base.json'),
  now: side('this run'),
  doubts: [],
  metrics,
  regressed: metrics.some(({ verdict }) => verdict === 'regressed'),
  ...more,
});

const tested = (p: number, low: number, high: number): Partial<MetricDifference> => ({
  p,
  interval: [low, high],
});

const everything = comparison(
  [
    row('anon', 200 * MIB, 230 * MIB, {
      verdict: 'regressed',
      allowed: 10 * MIB,
      noise: 2 * MIB,
      ...tested(0.0000108, 28 * MIB, 32 * MIB),
    }),
    { metric: 'bpf', unit: 'bytes', base: 4 * MIB, noise: 0, verdict: 'not-measured' },
    row('kernel', 18 * MIB, 19 * MIB, {
      verdict: 'within-noise',
      allowed: 0.9 * MIB,
      noise: 1.5 * MIB,
      ...tested(0.14, -0.5 * MIB, 2 * MIB),
    }),
    row('shmem', 8 * MIB, 4 * MIB, {
      verdict: 'improved',
      allowed: 0.4 * MIB,
      ...tested(0.001, -4 * MIB, -4 * MIB),
    }),
    row('sock', 0, 0, { verdict: 'passed', allowed: 0, ...tested(1, 0, 0) }),
    row('file', 100 * MIB, 140 * MIB, { noise: 30 * MIB, ...tested(0.03, MIB, 70 * MIB) }),
    row('pgfault', 12_345, 12_001, { unit: 'count', noise: 200.5, ...tested(0.004, -400, -300.5) }),
    row('peak', 300 * MIB, 310 * MIB, { noise: 60 * MIB, ...tested(0.4, -30 * MIB, 50 * MIB) }),
    {
      metric: 'bpf.map:evil\u001b[2J',
      unit: 'bytes',
      now: 8 * KIB,
      difference: 8 * KIB,
      noise: 0,
      verdict: 'not-evaluated',
    },
    {
      metric: 'bpf.map:',
      unit: 'bytes',
      base: 8 * KIB,
      difference: -8 * KIB,
      noise: 0,
      verdict: 'not-evaluated',
    },
    row('swap', 0, 0),
  ],
  {
    now: side('evil\u001b[31m.jsonl', { runs: 1, command: ['make', 'two words'] }),
    doubts: [
      'other kernels: 6.12.0 and 6.18.1\u001b[31m; kernel memory depends on them',
      'other commands: a and b',
    ],
  },
);

const render = (each: Comparison, { plainBytes = false, all = false } = {}) =>
  `${renderComparison(each, { plainBytes, all }).join('\n')}\n`;

describe('the table', () => {
  it('shows every part', async () => {
    await expect(render(everything)).toMatchFileSnapshot(golden('comparison/comparison.txt'));
  });

  it('shows no control character of a file', () => {
    const add = (_key: string, value: unknown) =>
      typeof value === 'string' ? `${value}\u001b[2J\u009b` : value;
    const hostile = JSON.parse(JSON.stringify(everything), add) as Comparison;
    expect(renderComparison(hostile, { plainBytes: false, all: true }).join('')).not.toMatch(/\p{Cc}/u);
  });

  it('shows plain bytes, with every row', async () => {
    await expect(render(everything, { plainBytes: true, all: true })).toMatchFileSnapshot(
      golden('comparison/comparison-bytes.txt'),
    );
  });

  it('of single runs without thresholds omits the empty columns', () => {
    const one = side('a', { runs: 1, command: ['true'], mode: 'cgroup1' });
    const { host: _host, ...bare } = one;
    const each = comparison([row('anon', 8 * MIB, 9 * MIB), row('swap', 0, 0)], { base: bare, now: one });
    expect(renderComparison(each, { plainBytes: false, all: false })).toEqual([
      'base  a: 1 run of true (cgroup1)',
      'now   a: 1 run of true (cgroup1, Linux 6.12.0, x64, 2 CPUs)',
      '',
      'metric      base       now  difference             noise  verdict',
      'anon    8.00 MiB  9.00 MiB   +1.00 MiB  +12.5 %  256 KiB  more',
      '1 more; --all shows them',
      '',
      'no metric was evaluated (hint: --max-regression 5%)',
    ]);
    const withRule = renderComparison(each, { plainBytes: false, all: false, maxRegression: '5%' });
    expect(withRule.at(-1)).toBe('no metric was evaluated');
  });

  it('removes control characters of a name', () => {
    expect(render(everything, { all: true }).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });
});

describe('the rows', () => {
  const many = Array.from({ length: 30 }, (_, at) => row(`key${at}`, MIB, 2 * MIB));
  const rowsIn = (text: string) => text.split('\n').filter((line) => /^(key|bad)\d/.test(line)).length;

  it('are limited to 20, and the others are counted', () => {
    const text = render(comparison(many));
    expect(rowsIn(text)).toBe(20);
    expect(text).toContain('10 more; --all shows them');
    expect(rowsIn(render(comparison(many), { all: true }))).toBe(30);
    expect(render(comparison(many), { all: true })).not.toContain('--all');
  });

  it('that fail are never omitted', () => {
    const bad = Array.from({ length: 25 }, (_, at) =>
      row(`bad${at}`, 1, 2, { verdict: 'regressed', allowed: 0 }),
    );
    expect(rowsIn(render(comparison([...bad, ...many])))).toBe(25);
  });

  it('that are equal on both sides are omitted', () => {
    expect(render(comparison([row('anon', 5, 5)]))).toContain('no metric differs');
  });
});

describe('the names', () => {
  it('that one side does not list may have been there, and grew by what is certain', () => {
    const names: Comparison['names'] = {
      moment: 'peak',
      base: 9 * MIB,
      now: 20 * MIB,
      methods: { base: 'counters', now: 'pages' },
      names: [
        { kind: 'file', name: '/new', base: 0, now: 4 * MIB, difference: 4 * MIB, baseAtMost: MIB },
        { kind: 'file', name: '/old', base: 3 * MIB, now: 0, difference: -3 * MIB, nowAtMost: MIB },
      ],
    };
    const lines = renderComparison({ ...comparison([]), names }, { plainBytes: false, all: false });
    const at = lines.indexOf('memory by name at a peak: 9.00 MiB -> 20.0 MiB');
    expect(lines.slice(at + 1, at + 5)).toEqual([
      'doubtful: read by different methods (counters, pages): names of one may be unknown to the other',
      'difference         base          now  name',
      ' +3.00 MiB  <= 1.00 MiB     4.00 MiB  /new',
      ' -2.00 MiB     3.00 MiB  <= 1.00 MiB  /old',
    ]);
  });
});

describe('the outcome', () => {
  it.each([
    [
      [row('anon', 1, 1, { verdict: 'passed' }), row('bpf', 1, 1, { verdict: 'improved' })],
      ['no regression in 2 metrics'],
    ],
    [
      [row('anon', 1, 9, { verdict: 'regressed' }), row('bpf', 1, 9, { verdict: 'regressed' })],
      ['REGRESSED: anon, bpf'],
    ],
    [
      [row('anon', 1, 1, { verdict: 'passed' }), row('bpf', 1, 9, { verdict: 'not-measured' })],
      ['no regression in 1 metric', 'NOT MEASURED on at least one side: bpf'],
    ],
  ])('is reported at the end: %#', (metrics, lines) => {
    expect(
      renderComparison(comparison(metrics), { plainBytes: false, all: false }).slice(-lines.length),
    ).toEqual(lines);
  });
});

/** Baselines and comparisons of real runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import type { Comparison, MetricDifference } from '#src/model/comparison.ts';
import { cmemstat, MIB, needs, type Outcome, SLOWNESS, TARGETS, testWith } from '../harness.ts';
import { expectSchema, gate, newFile, onlyBudget, words } from './gated.ts';

/** A program with random noise in every run: about 72 MiB, plus EXTRA. */
const NOISY = [
  ...['--', 'sh', '-c', 'exec "$0" "$@" "$EXTRA" $$'],
  ...[process.execPath, join(TARGETS, 'noisy.mjs'), ...words(`${0.3 * SLOWNESS} 64 0.4`)],
];
const TEN = words('--interval 50ms --bpf-interval 0 --runs 10');

/** `NOISY` takes its growth as one number: it is complete at the end. */
const withExtra = (mib: number) => ['--env', `EXTRA=${mib}`];

const base = newFile('base.json');
const [recording, summary] = [newFile('run.jsonl'), newFile('summary.json')];
const numbered = (file: string) =>
  Array.from({ length: 10 }, (_, run) => file.replace(/(\.\w+)$/, `.${run + 1}$1`)).join(',');

function metric(comparison: Comparison | undefined, name: string): MetricDifference {
  const found = comparison?.metrics.find((each) => each.metric === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

let made: Outcome;
beforeAll(async () => {
  if (!needs.cgroup.has) return;
  made = await cmemstat(
    ...['-q', ...TEN, '--save-baseline', base, '--output', recording, '--summary-json', summary, ...NOISY],
  );
}, 600_000);

testWith([needs.cgroup], '--save-baseline writes a reviewable file with every run', () => {
  expect(made.status).toBe(0);
  expect(made.stderr).toMatch(new RegExp(`^cmemstat: ${base} is the baseline of 10 runs$`, 'm'));
  const text = readFileSync(base, 'utf8');
  const baseline = JSON.parse(text);
  expectSchema('baseline', baseline);
  expect(baseline.runs).toHaveLength(10);
  expect(text).toMatch(new RegExp(`^ {6}"anon": ${baseline.medians.metrics.anon},?$`, 'm'));
});

testWith([needs.cgroup], 'the same program is not a regression', async () => {
  const options = ['--baseline', base, '--max-regression', '2%', '--budget', 'anon<=baseline+2%'];
  const { outcome, verdict } = await gate(...TEN, ...options, ...NOISY);
  expect(outcome.status, outcome.stderr).toBe(0);
  expect(verdict.comparison).toMatchObject({ regressed: false, doubts: [] });
  expect(['passed', 'within-noise', 'improved']).toContain(metric(verdict.comparison, 'anon').verdict);
  expect(outcome.stderr).toMatch(/^cmemstat: 1 of 1 budget passed, no regression$/m);
  expect(outcome.stderr).toContain(`  against ${base} (10 runs; 10 runs here):`);
});

testWith(
  [needs.cgroup],
  'an increase of 5 % over 10 runs is a regression, reported with base and breakdown',
  async () => {
    const options = ['--baseline', base, '--max-regression', '2%', '--budget', 'anon<=baseline+2%'];
    const { outcome, verdict } = await gate(...TEN, ...withExtra(4), ...options, ...NOISY);
    expect(outcome.status, outcome.stderr).toBe(3);
    const anon = metric(verdict.comparison, 'anon');
    expect(anon).toMatchObject({ verdict: 'regressed', base: expect.any(Number), now: expect.any(Number) });
    expect(anon.percent).toBeGreaterThan(3);
    expect(anon.percent).toBeLessThan(8);
    expect(anon.adjustedP).toBeLessThan(0.05);
    expect(anon.interval?.[0]).toBeGreaterThan(MIB);
    const failed = onlyBudget(verdict);
    expect(failed.status).toBe('failed');
    expect(failed.limit).toBe(Math.round((anon.base ?? 0) * 1.02));
    expect(failed.exceeded?.breakdown.find(({ id }) => id === 'anon')?.baselineBytes).toBeGreaterThan(
      60 * MIB,
    );
    expect(outcome.stderr).toMatch(
      /✗ REGRESSED +anon: [\d.]+ MiB -> [\d.]+ MiB, \+[\d.]+ MiB \(\+\d\.\d %\)/,
    );
    expect(outcome.stderr).toMatch(/exit status 3: a budget failed$/m);
  },
);

testWith(
  [needs.cgroup],
  'recordings, summaries and the baseline of the same runs compare alike',
  async () => {
    const grown = newFile('grown.jsonl');
    const one = await cmemstat('-q', ...TEN.slice(0, 4), '--output', grown, ...withExtra(40), ...NOISY);
    expect(one.status).toBe(0);
    const compared: Comparison[] = [];
    for (const side of [base, numbered(recording), numbered(summary)]) {
      const { status, stdout } = await cmemstat(
        ...words(`compare ${side} ${grown} --json --max-regression anon=10%+2MiB,file=0`),
      );
      expect(status).toBe(3);
      const comparison = JSON.parse(stdout) as Comparison;
      expectSchema('comparison', comparison);
      expect(comparison.base.runs).toBe(10);
      expect(metric(comparison, 'anon').verdict).toBe('regressed');
      compared.push(comparison);
    }
    const values = compared.map(({ metrics }) =>
      metrics.map(({ metric: name, base, now }) => [name, base, now]).sort(),
    );
    expect(values[1]).toEqual(values[0]);
    expect(values[2]).toEqual(values[0]);
    // A summary does not contain its host, which is reported as a doubt.
    expect(compared.map(({ doubts }) => doubts.length)).toEqual([0, 0, 1]);

    const { stdout } = await cmemstat(...words(`compare ${base} ${grown} --max-regression 5%`));
    const rows = stdout.split('\n');
    const head = rows.find((row) => row.startsWith('metric')) ?? '';
    expect(head).toMatch(/^metric +base +now +difference +allowed +noise +verdict$/);
    expect(rows[rows.indexOf(head) + 1]).toMatch(/^anon .*REGRESSED$/);
    expect(rows.at(-2)).toMatch(/^REGRESSED: anon/);
    // Columns are aligned.
    const table = rows.slice(rows.indexOf(head), rows.indexOf('', rows.indexOf(head)));
    const ends = (row: string) => row.slice(0, head.indexOf('now') + 3).trimEnd().length;
    expect(new Set(table.filter((row) => !/--all/.test(row)).map(ends)).size).toBe(1);
  },
);

testWith([needs.cgroup], 'another kind of host is a warning, and 5 with --strict-host', async () => {
  const other = newFile('other.json');
  const baseline = JSON.parse(readFileSync(base, 'utf8'));
  const { kernel, possibleCpus } = baseline.host;
  writeFileSync(
    other,
    JSON.stringify({
      ...baseline,
      host: { ...baseline.host, kernel: '5.4.1', possibleCpus: possibleCpus * 16 },
    }),
  );
  const doubtful = await cmemstat('compare', other, base);
  expect(doubtful.status).toBe(0);
  expect(doubtful.stdout).toContain(`doubtful: other kernels: 5.4.1 and ${kernel}`);
  expect(doubtful.stdout).toMatch(/doubtful: other numbers of possible CPUs: .* 0\.0625 times as large/);
  expect((await cmemstat('compare', other, base, '--strict-host')).status).toBe(5);
  expect((await cmemstat('compare', base, base, '--strict-host')).status).toBe(0);
  const run = [...words('--interval 50ms --bpf-interval 0'), '--baseline', other, '--strict-host', ...NOISY];
  const strict = await gate(...run);
  expect(strict.outcome.status).toBe(5);
  expect(strict.verdict.status).toBe('not-measured');
  expect(strict.outcome.stderr).toMatch(/exit status 5: the baseline is from another kind of host$/m);
  // A failure is independent of the host.
  const failed = await gate('--budget', 'anon<=1MiB', ...run);
  expect(failed.outcome.status).toBe(3);
});

testWith([needs.cgroup], 'input that cannot be compared exits with 125 and a reason', async () => {
  const verdict = newFile('verdict.json');
  await cmemstat(...words(`-q --report json:${verdict} -- sleep 0.3`));
  const wrong = await cmemstat('compare', base, verdict);
  expect(wrong.status).toBe(125);
  expect(wrong.stderr).toContain('a verdict contains only the values of its budgets');
  expect((await cmemstat('compare', base, newFile('none'))).status).toBe(125);
  const rule = await cmemstat('compare', base, base, '--max-regression', 'annon=5%');
  expect(rule.status).toBe(125);
  expect(rule.stderr).toMatch(/did you mean `anon`/);
  const without = await cmemstat('--max-regression', '5%', '--', 'true');
  expect(without.status).toBe(125);
  expect(without.stderr).toContain('--max-regression requires --baseline');
  const missing = await cmemstat(...words(`compare ${base} ${base} --max-regression bpf.map:nothing=0`));
  expect(missing.status).toBe(5);
});

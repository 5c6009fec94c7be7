/** Proposed budget files, and recordings that are evaluated and reported on later. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Verdict } from '#src/model/verdict.ts';
import { cmemstat, MIB, needs, SLOWNESS, testWith } from '../harness.ts';
import { expectSchema, gate, grow, newFile, onlyBudget, readVerdict, words } from './gated.ts';

const QUICK = words('--interval 50ms --bpf-interval 200ms');
const FORMATS = ['text', 'markdown', 'junit', 'github', 'json', 'tap'] as const;

testWith(
  [needs.cgroup],
  'budget init proposes a file that passes on the next run, and fails with 30 % more memory',
  async () => {
    const file = newFile('budget.json');
    const target = (mib: number) => grow(400, [mib, 0]);
    const made = await cmemstat(
      'budget',
      'init',
      ...QUICK,
      '--runs',
      '3',
      '--write',
      file,
      '--',
      ...target(50),
    );
    expect(made.status, made.stderr).toBe(0);
    const printed = await cmemstat('budget', 'init', ...QUICK, '--runs', '2', '--', ...target(50));
    for (const text of [readFileSync(file, 'utf8'), printed.stdout]) {
      const document = JSON.parse(text);
      expectSchema('budget', document);
      const names = document.budgets.map(({ name }: { name: string }) => name);
      expect(names).toEqual(expect.arrayContaining(['anonymous memory', 'processes']));
    }
    const [same, more] = [
      await gate('--budget-file', file, ...QUICK, '--', ...target(50)),
      await gate('--budget-file', file, ...QUICK, '--runs', '1', '--', ...target(80)),
    ];
    expect(same.outcome.status, same.outcome.stderr).toBe(0);
    expect(same.verdict.runs.count).toBe(3);
    expect(more.outcome.status).toBe(3);
    const failed = more.verdict.budgets.filter(({ status }) => status === 'failed');
    expect(failed.map(({ name }) => name)).toEqual(['anonymous memory']);
    expect(more.outcome.stderr).toContain('budget: anon <= ');
  },
);

testWith([], 'budget init reports a command that fails, and proposes nothing', async () => {
  const file = newFile('budget.json');
  const failed = await cmemstat(...words(`budget init --runs 2 --write ${file} -- false`));
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(/^cmemstat: no budgets proposed: not all runs completed \(exit status 1\)$/m);
  expect((await cmemstat('--', 'test', '-e', file)).status).toBe(1);
});

testWith([needs.cgroup], 'check and report print the verdict of the run, in every format', async () => {
  const output = newFile('run.jsonl');
  const own = Object.fromEntries(FORMATS.map((format) => [format, newFile(`own.${format}`)]));
  const budgets = ['anon<=30MiB', 'anon<=1GiB', 'bpf.map:none*<=1', 'swap.avg>=0', 'processes<=0'].flatMap(
    (expression) => ['--budget', expression],
  );
  const target = ['--', ...grow(800, [4, 0], [40, 400])];
  const run = await cmemstat(
    ...['-q', ...QUICK, '--runs', '2', '--output', output, ...budgets],
    ...FORMATS.flatMap((format) => ['--report', `${format}:${own[format]}`]),
    ...target,
  );
  const files = [1, 2].map((each) => output.replace('.jsonl', `.${each}.jsonl`));
  expect(run.status).toBe(3);
  const verdictFile = own.json ?? '';
  for (const format of FORMATS) {
    const later = newFile(`later.${format}`);
    const text = readFileSync(own[format] ?? '', 'utf8');
    const report = ['report', ...files, ...budgets, '--format', format, '-o', later];
    expect((await cmemstat(...report)).status).toBe(0);
    expect([format, readFileSync(later, 'utf8')]).toEqual([format, text]);
    const kept = await cmemstat('report', verdictFile, '--format', format);
    // On standard output a GitHub command starts on a new line, after any output.
    const onStdout = format === 'github' ? `\n${text}` : text;
    expect([format, kept.stdout, kept.stderr]).toEqual([format, onStdout, '']);
    const checked = await cmemstat('budget', 'check', ...files, ...budgets, '--report', `${format}:${later}`);
    expect(checked.status).toBe(3);
    expect([format, readFileSync(later, 'utf8')]).toEqual([format, text]);
  }
  expect(readVerdict(verdictFile).budgets[0]).toMatchObject({ status: 'failed', exceeded: { run: 1 } });
});

testWith([needs.cgroup], 'a truncated recording is evaluated up to its end, with a warning', async () => {
  const output = newFile('run.jsonl');
  // The processes are read when the limit is exceeded, before the target is ended.
  const stop = ['--budget', 'anon<=30MiB', '--stop-on-exceeded'];
  await cmemstat('-q', ...QUICK, ...stop, '--output', output, '--', ...grow(60_000, [4, 0], [40, 500]));
  const lines = readFileSync(output, 'utf8').trim().split('\n');
  const check = async (
    text: string,
    ...options: string[]
  ): Promise<{ status: number | null; verdict: Verdict; stderr: string }> => {
    const [file, report] = [newFile('cut.jsonl'), newFile('verdict.json')];
    writeFileSync(file, text);
    const { status, stderr } = await cmemstat(
      ...['budget', 'check', file, ...options, '--report', `json:${report}`, '--report', 'text'],
    );
    return { status, stderr, verdict: readVerdict(report) };
  };
  const first = lines.findIndex((line) => (JSON.parse(line).stat?.anon ?? 0) > 30 * MIB);
  const early = await check(lines.slice(0, first).join('\n'), '--budget', 'anon<=30MiB');
  expect(early.status).toBe(0);
  expect(early.verdict.target).toEqual({ status: 0, unknown: true });
  expect(early.stderr).toContain('! warning: the recording ends before its target');
  expect(early.stderr).toContain('target: its end is not in the recording');
  const isLarge = ({ rss }: { rss: number }) => rss > 30 * MIB;
  const read = lines.findIndex((line, at) => at > first && JSON.parse(line).processes?.some?.(isLarge));
  // A truncated line is skipped.
  const late = await check(
    lines
      .slice(0, read + 2)
      .join('\n')
      .slice(0, -20),
    '--budget',
    'anon<=30MiB',
  );
  expect(late.status).toBe(3);
  expect(onlyBudget(late.verdict).exceeded?.processes[0]?.toBytes).toBeGreaterThan(30 * MIB);
  expect((await check(lines.slice(0, first).join('\n'), '--budget', 'anon.final<=1GiB')).status).toBe(5);
  const without = newFile('without.jsonl');
  await cmemstat('-q', '--output', without, '--', 'true');
  const nothing = await cmemstat('budget', 'check', without);
  expect(nothing.status).toBe(125);
  expect(nothing.stderr).toContain('no budgets were given');
});

testWith(
  [needs.cgroup],
  'a budget file has run options, and command-line options take precedence',
  async () => {
    const [file, log] = [newFile('budget.json'), newFile('log')];
    const settings = {
      count: 3,
      evaluate: 'worst',
      prepare: `echo prepare >> ${log}`,
      cleanup: `echo end >> ${log}`,
    };
    const budget = {
      name: 'heap',
      description: 'what it reserves',
      owner: 'team-core',
      // Not anon: memory.stat lags by some pages, which may be the total of a short `sleep`.
      budget: 'current <= 1KiB',
    };
    writeFileSync(file, JSON.stringify({ version: 2, runs: settings, budgets: [budget] }));
    const target = ['--', 'sleep', String(0.3 * SLOWNESS)];
    const { outcome, verdict } = await gate(
      '--budget-file',
      file,
      '--interval',
      '50ms',
      '--runs',
      '2',
      ...target,
    );
    expect(outcome.status).toBe(3);
    expect(verdict.runs).toMatchObject({ count: 2, evaluatedOn: 'worst' });
    expect(readFileSync(log, 'utf8')).toBe('prepare\nprepare\nend\n');
    expect(onlyBudget(verdict)).toMatchObject({ name: 'heap', owner: 'team-core' });
    expect(outcome.stderr).toMatch(
      /FAILED +heap: .*\n +budget: current <= 1KiB\n +description: what it reserves\n +owner: team-core\n/,
    );
  },
);

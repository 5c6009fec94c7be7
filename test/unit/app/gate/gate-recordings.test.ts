import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gateRecordings } from '#src/app/gate/gate-recordings.ts';
import type { GatePlan } from '#src/app/gate/plan.ts';
import { parseMaxRegression } from '#src/budget/comparison/max-regression.ts';
import type { ExplainRecord } from '#src/model/explain/explain-record.ts';
import { parentNode } from '#src/model/explain/memory-tree.ts';
import type { RecordLine, StartRecord } from '#src/model/recording.ts';
import { anonSamples, MIB, named, startOf, summaryOf } from '../../budget/evaluated-runs.ts';
import { makeTree } from '../../temporary-tree.ts';

const planOf = (...expressions: string[]): GatePlan => ({
  budgets: expressions.map((each) => named(each)),
  evaluatedOn: 'worst',
  sampling: {},
  strictSampling: false,
  rules: {
    budgetExitCode: 3,
    budgetFirst: false,
    timeoutOk: false,
    failOnLeftover: false,
    strictHost: false,
  },
  reports: [],
  baseline: undefined,
  regression: undefined,
});

const run = (mib: number, more: Partial<StartRecord> = {}): RecordLine[] => [
  startOf('cgroup2', more),
  ...anonSamples(mib, mib, mib),
  summaryOf(),
];

function hostOf([start]: RecordLine[]): StartRecord['host'] {
  if (start?.type !== 'start') throw new Error('no start');
  return start.host;
}

async function evaluate(lines: readonly RecordLine[], plan: GatePlan) {
  const tree = makeTree({ 'runs.jsonl': lines.map((line) => `${JSON.stringify(line)}\n`).join('') });
  const file = join(tree, 'runs.jsonl');
  return { file, verdict: await gateRecordings([file], plan) };
}

describe('a recording of several runs', () => {
  it('is evaluated as several runs, and the exceeded limit names the file', async () => {
    const { file, verdict } = await evaluate([...run(1), ...run(3), ...run(1)], planOf('anon<=2M'));
    expect(verdict.runs).toMatchObject({ count: 3, evaluatedOn: 'worst' });
    expect(verdict.runs.times?.map(({ durationMs }) => durationMs)).toEqual([2000, 2000, 2000]);
    const [result] = verdict.budgets;
    expect(result).toMatchObject({ status: 'failed', values: [MIB, 3 * MIB, MIB], exceeded: { run: 2 } });
    expect(result?.exceeded?.replay).toContain(`cmemstat replay ${file} --at `);
  });

  it('may end with a truncated run', async () => {
    const { verdict } = await evaluate([...run(1), ...run(1).slice(0, -1)], planOf('anon<=2M'));
    expect(verdict.runs.count).toBe(2);
    expect(verdict.warnings).toEqual([expect.stringContaining('ends before')]);
  });
});

describe('recordings evaluated together', () => {
  it('are reported to have different commands or hosts', async () => {
    const other = { command: ['./other'], host: { ...hostOf(run(1)), kernel: '4.19.0' } };
    const { verdict } = await evaluate([...run(1), ...run(1, other), ...run(1)], planOf('anon<=2M'));
    expect(verdict.warnings).toEqual([
      expect.stringMatching(/evaluated as runs of one command: other kernels: \S+ and 4\.19\.0;/),
      expect.stringMatching(/evaluated as runs of one command: other commands: .* and \.\/other$/),
    ]);
  });

  it('have no such warning if they are runs of one command', async () => {
    const { verdict } = await evaluate([...run(1), ...run(2)], planOf('anon<=2M'));
    expect(verdict.warnings).toEqual([]);
  });

  it('count the damaged lines, and report the first fault', async () => {
    const damaged = { type: 'sample', elapsedMs: 'x' } as unknown as RecordLine;
    const [start, ...rest] = run(1);
    const evaluated = await evaluate([start ?? damaged, damaged, ...rest], planOf('anon<=2M'));
    expect(evaluated.verdict.warnings).toEqual([
      expect.stringMatching(/: 1 damaged line was skipped: line 2: sample: elapsedMs: expected a number/),
    ]);
    const twice = await evaluate(
      [start ?? damaged, ...rest.slice(0, 1), damaged, damaged, ...rest.slice(1)],
      planOf('anon<=2M'),
    );
    expect(twice.verdict.warnings).toEqual([
      expect.stringMatching(/: 2 damaged lines were skipped, the first is line 3: sample: elapsedMs: /),
    ]);
  });
});

describe('a recording evaluated without budgets', () => {
  const budgets = [
    { expression: 'anon<=2M', name: 'heap' },
    { expression: 'psi.some<=5%', optional: true as const },
  ];

  it('uses the recorded budgets', async () => {
    const { verdict } = await evaluate(run(3, { budgets }), planOf());
    expect(verdict.exitStatus).toBe(3);
    expect(verdict.budgets).toMatchObject([
      { name: 'heap', expression: 'anon<=2M', status: 'failed' },
      { expression: 'psi.some<=5%', status: 'not-measured-optional' },
    ]);
  });

  it('uses the budgets of the command line if there are any', async () => {
    const { verdict } = await evaluate(run(3, { budgets }), planOf('anon<=4M'));
    expect(verdict.budgets).toMatchObject([{ expression: 'anon<=4M', status: 'passed' }]);
  });

  it('is reported to have exceeded budgets that it does not name', async () => {
    const event: RecordLine = {
      type: 'event',
      elapsedMs: 1,
      event: 'budget_exceeded',
      message: 'anon<=2M',
    };
    const [start, ...rest] = run(3);
    if (start === undefined) throw new Error('no start');
    const { verdict } = await evaluate([start, event, ...rest], planOf());
    expect(verdict.warnings).toEqual([
      'NOT EVALUATED: no budgets were given, but the recording names exceeded budgets: anon<=2M',
    ]);
  });
});

describe('recordings with explanations', () => {
  const explain = (
    elapsedMs: number,
    moment: ExplainRecord['moment'],
    sizes: Record<string, number>,
  ): ExplainRecord => ({
    type: 'explain',
    elapsedMs,
    moment,
    method: 'pages',
    before: { stat: {} },
    after: { stat: {} },
    tree: parentNode({ kind: 'cgroup', name: '/leaf' }, [
      parentNode(
        { kind: 'class', name: 'anon' },
        Object.entries(sizes).map(([name, bytes]) => ({ kind: 'process', name, bytes, reclaim: 'process' })),
      ),
    ]),
    beside: [],
    missing: [],
    advice: [],
  });
  const explained = (mib: number, record: ExplainRecord, records = withMaximum(mib)): RecordLine[] => [
    ...records.slice(0, -1),
    record,
    ...records.slice(-1),
  ];
  const withMaximum = (mib: number) => [
    ...run(mib).slice(0, -1),
    summaryOf('cgroup2', { maxima: { anon: mib * MIB } }),
  ];
  const now = explained(3, explain(2000, 'peak', { agent: 2 * MIB, helper: MIB }));

  it('name what a failed budget consists of', async () => {
    const { verdict } = await evaluate(now, planOf('anon<=2M', 'anon<=9M', 'anon>=5M'));
    expect(verdict.budgets.map(({ exceeded }) => exceeded?.names)).toEqual([
      {
        moment: 'peak',
        elapsedMs: 2000,
        method: 'pages',
        names: [
          { kind: 'process', name: 'agent', bytes: 2 * MIB },
          { kind: 'process', name: 'helper', bytes: MIB },
        ],
      },
      undefined,
      undefined,
    ]);
  });

  it('name what grew since a baseline that has names, in the run whose budget failed', async () => {
    const before = explained(1, explain(2000, 'peak', { agent: MIB, helper: MIB }));
    const { file } = await evaluate(before, planOf('anon<=2M'));
    const plan = { ...planOf('anon<=2M'), baseline: file, regression: parseMaxRegression('anon=1%') };
    const { verdict } = await evaluate([...before, ...now], plan);
    const grown = {
      baseline: 'peak',
      names: [{ kind: 'process', name: 'agent', bytes: 2 * MIB, baselineBytes: MIB }],
    };
    expect(verdict.budgets[0]?.exceeded).toMatchObject({ run: 2, names: grown });
    const alone = await evaluate(now, plan);
    const anon = alone.verdict.comparison?.metrics.find(({ metric }) => metric === 'anon');
    expect(anon).toMatchObject({ verdict: 'regressed', names: grown });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBudgetFile } from '#src/budget/budget-file.ts';
import { BudgetEvaluator } from '#src/budget/evaluation/evaluator.ts';
import { findUnproposed, type ObservedRun, ProposalRun, proposeBudgetFile } from '#src/budget/propose.ts';
import type { RecordLine, RunMap } from '#src/model/recording.ts';
import { golden } from '../../paths.ts';
import { bpfOf, feed, KIB, MIB, mapOf, mapsAt, samplesOf, startOf, summaryOf } from './evaluated-runs.ts';

const runOf = (anonMib: number, maps: RunMap[] = []): RecordLine[] => {
  const figures = {
    stat: { anon: anonMib * MIB },
    kernel: 2 * MIB,
    processes: 3,
    events: { oom_kill: 0 },
    bpf: bpfOf(maps.reduce((sum, { bytes }) => sum + bytes, 0)),
  };
  const [launch, tick, final] = samplesOf([
    {},
    figures,
    { ...figures, stat: { anon: 0 }, bpf: bpfOf(0) },
  ]) as [RecordLine, RecordLine, RecordLine];
  return [
    startOf(),
    launch,
    tick,
    mapsAt(
      501,
      maps.map((map) => mapOf(map.id, map.name, map.bytes)),
    ),
    final,
    summaryOf('cgroup2', { bpf: { maps } }),
  ];
};

function observe(records: readonly RecordLine[]): ObservedRun {
  const run = new ProposalRun();
  for (const record of records) run.observe(record);
  return run.finish();
}

const expressionsOf = (text: string) =>
  parseBudgetFile(text, 'b.json').budgets.map(({ budget }) => budget.expression);

describe('proposeBudgetFile', () => {
  it('proposes limits above the maxima of meaningful metrics', async () => {
    const maps = [mapOf(1, 'conn', 300 * KIB), mapOf(2, 'conn', 340 * KIB), mapOf(3, 'odd[name]', 100 * KIB)];
    const runs = [20, 21, 20.5].map((anonMib) => observe(runOf(anonMib, maps)));
    const text = proposeBudgetFile(runs, ['sh', '-c', 'echo \u009b1m']);
    expect(expressionsOf(text)).toEqual([
      // 21 MiB, and 3 * 1.4826 * 0.5 MiB.
      'anon <= 23808KiB',
      // 2 MiB, and 64 pages on both CPUs.
      'kernel <= 2560KiB',
      'bpf <= 777KiB',
      'processes <= 4',
      'oom_kill == 0',
      'bpf.map:conn <= 672KiB',
      'bpf.map:odd[[]name] <= 105KiB',
    ]);
    await expect(text).toMatchFileSnapshot(golden('budget/proposed.json'));
  });

  it('passes for the runs that it comes from', () => {
    const sizes = fc.array(fc.double({ min: 0.1, max: 5000, noNaN: true }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sizes, fc.stringMatching(/^[\w.*?[\] -]{1,15}$/), (anonMib, name) => {
        const runs = anonMib.map((mib) => runOf(mib, [mapOf(1, name, Math.round(mib * KIB))]));
        const { budgets } = parseBudgetFile(proposeBudgetFile(runs.map(observe), ['x']), 'b.json');
        expect(budgets.length).toBeGreaterThanOrEqual(5);
        for (const run of runs) {
          const results = feed(new BudgetEvaluator(budgets), run).finish();
          expect(results.map(({ status }) => status)).toEqual(budgets.map(() => 'passed'));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('omits metrics that a run did not measure, zeros, and OOM kills that happened', () => {
    const bare = observe([
      startOf(),
      ...samplesOf([{}, { stat: { anon: 5 * MIB }, events: { oom_kill: 2 } }, { events: { oom_kill: 2 } }]),
      summaryOf(),
    ]);
    expect(expressionsOf(proposeBudgetFile([bare], ['x']))).toEqual(['anon <= 5632KiB']);
  });

  it('proposes a limit for a map that only one of the runs has, named like a property of every object', () => {
    const runs = [observe(runOf(1, [mapOf(1, 'constructor', MIB)])), observe(runOf(1))];
    expect(expressionsOf(proposeBudgetFile(runs, ['x']))).toContainEqual(
      expect.stringMatching(/^bpf\.map:constructor <= [\d.]+[KM]iB$/),
    );
  });

  it('omits maps whose names no expression can contain', () => {
    const maps = [mapOf(1, `a"b'c`, MIB), mapOf(2, 'e\u001b[31m', MIB)];
    const expressions = expressionsOf(proposeBudgetFile([observe(runOf(1, maps))], ['x']));
    expect(expressions.filter((each) => each.startsWith('bpf.map:'))).toEqual([]);
  });

  it('proposes metrics of the process tree without a cgroup', () => {
    const tree = samplesOf([{}, { tree: { rss: 9 * MIB, pss: 4 * MIB, cpuPercent: 1 }, processes: 1 }, {}]);
    const run = observe([startOf('process-tree'), ...tree, summaryOf('process-tree')]);
    expect(expressionsOf(proposeBudgetFile([run], ['x']))).toEqual(['pss <= 4608KiB', 'processes <= 2']);
  });
});

describe('findUnproposed', () => {
  const whole: ObservedRun = { values: { anon: MIB, kernel: MIB, processes: 1, oom_kill: 0 }, maps: {} };

  it('lists metrics that some runs have measured and others have not', () => {
    const { kernel: _none, ...rest } = whole.values;
    expect(findUnproposed([whole, { values: rest, maps: {} }])).toEqual(['kernel']);
  });

  it('lists all metrics that a run too short for a sample has not measured', () => {
    const short = { values: { oom_kill: 0 }, maps: {} };
    expect(findUnproposed([short, short])).toEqual(['anon', 'kernel', 'bpf', 'processes']);
  });

  it('omits metrics that this host or mode never has', () => {
    expect(findUnproposed([whole, whole])).toEqual([]);
    const tree = { values: { pss: MIB, processes: 1 }, maps: {} };
    expect(findUnproposed([tree, tree])).toEqual([]);
  });
});

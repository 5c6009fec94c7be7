/** Budgets on real runs: which process exceeds them, when, and the exit status. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RecordLine } from '#src/model/recording.ts';
import type { BudgetResult } from '#src/model/verdict.ts';
import { required } from '../../required.ts';
import { createPinned, withPin } from '../bpf/bpftool.ts';
import {
  cmemstat,
  host,
  isGuest,
  leavesOnHost,
  MIB,
  needs,
  needsProgram,
  type Outcome,
  readRecording,
  SLOWNESS,
  TARGETS,
  testWith,
  testWithoutKernel,
} from '../harness.ts';
import { gate, grow, newFile, onlyBudget, slowMs } from './gated.ts';

const QUICK = ['--interval', '100ms', '--bpf-interval', '200ms'];
const needsBpf = [needs.cgroup, needs.root, needs.attribution];

testWith(
  [needs.cgroup],
  'a growing program exceeds its budget during the run, with exit status 3',
  async () => {
    const file = newFile('run.jsonl');
    const target = grow(2500, [4, 0], [40, 1500]);
    const { outcome, verdict } = await gate(
      ...[...QUICK, '--budget', 'anon<=30MiB', '--budget', 'anon<=1GiB', '--output', file, '--', ...target],
    );
    expect(outcome.status).toBe(3);
    expect(verdict).toMatchObject({ status: 'failed', exitStatus: 3, target: { status: 0, code: 0 } });
    const [failed, passed] = verdict.budgets;
    expect(passed?.status).toBe('passed');
    expect(failed).toMatchObject({ status: 'failed', expression: 'anon<=30MiB', limit: 30 * MIB });
    expect(failed?.value).toBeGreaterThan(40 * MIB);
    expect(failed?.excess).toBe((failed?.value ?? 0) - 30 * MIB);

    // The moment is that of the first sample above the limit, which follows the growth reported by the
    // program.
    const { samples, events } = readRecording(outcome, readFileSync(file, 'utf8'));
    const first = samples.find(({ stat }) => (stat?.anon ?? 0) > 30 * MIB);
    const exceeded = failed?.exceeded;
    expect(exceeded?.elapsedMs).toBe(first?.elapsedMs);
    const grownAt = Number(/grown to 40 at (\d+)/.exec(outcome.stdout)?.[1]);
    const exceededAt = Date.parse(verdict.time) + (exceeded?.elapsedMs ?? 0);
    expect(Math.abs(exceededAt - grownAt)).toBeLessThan(slowMs(1000));
    expect(events.filter(({ event }) => event === 'budget_exceeded')).toMatchObject([
      { elapsedMs: first?.elapsedMs, message: 'anon<=30MiB' },
    ]);

    const line = (id: string) => exceeded?.breakdown.find((each) => each.id === id)?.bytes;
    // If the program grows slowly, the maximum, whose composition is shown, is in a later sample.
    const shown = samples.find(({ elapsedMs }) => elapsedMs === exceeded?.shownMs);
    expect(line('anon')).toBe(shown?.stat?.anon);
    expect(line('current')).toBe(shown?.current);
    // RSS, with the pages of the executable.
    expect(exceeded?.processes[0]?.name).toMatch(/^(node|MainThread)$/);
    expect(exceeded?.processes[0]?.toBytes).toBeGreaterThan(40 * MIB);
    expect(exceeded?.replay).toBe(`cmemstat replay ${file} --at ${Math.round(exceeded?.shownMs ?? 0)}ms`);

    const { stderr } = outcome;
    expect(stderr).toMatch(/^cmemstat: 1 of 2 budgets passed, 1 failed$/m);
    expect(stderr).toMatch(
      /✗ FAILED +anon<=30MiB: [\d.]+ MiB, must be at most 30\.0 MiB: [\d.]+ MiB over \(\+\d/,
    );
    expect(stderr).toMatch(/✓ passed +anon<=1GiB: /);
    expect(stderr).toContain(exceeded?.replay);
    expect(stderr).toMatch(/^ {2}gate: exit status 3: a budget failed$/m);
  },
);

testWithoutKernel(
  [needs.cgroup],
  '--stop-on-exceeded ends the target at once, which is not a failure of the target',
  async () => {
    const target = grow(60_000, [4, 0], [40, 1000]);
    const { outcome, verdict } = await gate(
      ...[
        ...QUICK,
        '--stop-on-exceeded',
        '--budget',
        'anon.avg<=1',
        '--budget',
        'anon<=30MiB',
        '--',
        ...target,
      ],
    );
    expect(outcome.status).toBe(3);
    expect(verdict.durationMs).toBeLessThan(slowMs(30_000));
    expect(verdict.target).toEqual({ status: 0, signal: 'SIGTERM' });
    // An average may still decrease: it ends nothing.
    expect(verdict.budgets[1]?.exceeded?.elapsedMs).toBeGreaterThan(slowMs(500));
    expect(verdict.budgets[1]?.exceeded?.processes[0]?.toBytes).toBeGreaterThan(40 * MIB);
    expect(outcome.stderr).toContain('target: ended by SIGTERM: cmemstat ended it when a limit was exceeded');
    expect(leavesOnHost()).toEqual([]);
  },
);

testWithoutKernel(
  [needs.cgroup],
  'the sample that exceeds a budget precedes the event in every output',
  async () => {
    const file = newFile('run.jsonl');
    const limit = 30 * MIB;
    const args = ['--interval', '100ms', '--bytes', '--budget', 'anon<=30MiB', '--output', file];
    const target = ['--', ...grow(1500, [4, 0], [40, 800])];
    const orderIn = (outcome: Outcome, text: string) => {
      const lines = text.trimEnd().split('\n');
      const records = lines.map((line) => JSON.parse(line) as RecordLine);
      const sample = records.findIndex((each) => each.type === 'sample' && (each.stat?.anon ?? 0) > limit);
      const event = records.findIndex((each) => each.type === 'event' && each.event === 'budget_exceeded');
      expect(sample, outcome.stderr).toBeGreaterThan(0);
      return event - sample;
    };

    const shown = await cmemstat(...args, ...target);
    expect(orderIn(shown, readFileSync(file, 'utf8'))).toBe(1);
    // Time, then anon, then the other columns.
    const rows = shown.stderr.split('\n');
    const row = rows.findIndex((line) => Number(/^ *[\d.]+m?s +(\d+) /.exec(line)?.[1]) > limit);
    const event = rows.findIndex((line) => /^ *[\d.]+m?s {2}budget_exceeded: anon<=30MiB/.test(line));
    expect(row, shown.stderr).toBeGreaterThan(0);
    expect(event - row, shown.stderr).toBe(1);

    const json = await cmemstat('--json', ...args, ...target);
    expect(orderIn(json, json.stdout)).toBe(1);
    expect(orderIn(json, readFileSync(file, 'utf8'))).toBe(1);
  },
);

testWith(needsBpf, 'budgets on BPF memory name the map that grew most, with advice', async () => {
  const file = newFile('run.jsonl');
  const expressions = ['bpf.max<=8MiB', 'bpf.maps<=1GiB', 'bpf.uncharged<=1KiB', 'bpf.map:conn*.max<=1MiB'];
  const { outcome, verdict } = await gate(
    ...QUICK,
    ...expressions.flatMap((expression) => ['--budget', expression]),
    ...['--budget', 'bpf.map:nothing*<=1', '--output', file],
    ...['--', process.execPath, join(TARGETS, 'grow-maps.mjs'), String(slowMs(1500)), String(slowMs(3000))],
  );
  expect(outcome.status).toBe(3);
  const [bpf, maps, uncharged, glob, nothing] = verdict.budgets;
  expect(verdict.budgets.map(({ status }) => status)).toEqual([
    'failed',
    'passed',
    'failed',
    'failed',
    'passed',
  ]);
  expect(verdict.warnings).toContain('bpf.map:nothing*: no map of the run matches');
  expect(nothing?.value).toBe(0);
  const { samples, summary } = readRecording(outcome, readFileSync(file, 'utf8'));
  const connections = summary.bpf?.maps?.find(({ name }) => name === 'connections')?.bytes ?? 0;
  expect(connections).toBeGreaterThan(8 * MIB);
  expect(glob?.value).toBe(connections);
  expect(bpf?.value).toBe(Math.max(...samples.map(({ bpf }) => bpf?.charged?.maps.bytes ?? 0)));
  expect(maps?.value).toBe(bpf?.value);
  // The percpu array exists from the start: 256 elements of 1 KiB, for each CPU.
  expect(uncharged?.value).toBeGreaterThanOrEqual(256 * 1024);
  expect(uncharged?.exceeded?.elapsedMs).toBeLessThan(bpf?.exceeded?.elapsedMs ?? 0);
  const first = samples.find(({ bpf }) => (bpf?.charged?.maps.bytes ?? 0) > 8 * MIB);
  expect(bpf?.exceeded?.elapsedMs).toBe(first?.elapsedMs);
  expect(bpf?.exceeded?.maps[0]).toMatchObject({ name: 'connections', fromBytes: 0 });
  // Per-CPU counters of the hash are charged to no cgroup, so they are not part of the metric.
  const counters = connections - required(bpf?.exceeded?.maps[0]).toBytes;
  expect(counters).toBeGreaterThanOrEqual(0);
  expect(counters).toBeLessThan(1024);
  expect(uncharged?.exceeded?.maps.map(({ name }) => name)).toEqual(['counters']);
  // Each piece of advice is given once, with the first budget whose maps it is about.
  const advice = verdict.budgets.flatMap(({ exceeded }) => exceeded?.advice ?? []).map(({ kind }) => kind);
  expect(advice.filter((kind) => kind === 'percpu-growth')).toEqual(['percpu-growth']);
  // Before Linux 6.6 the kernel does not count the elements of a preallocated hash.
  if (host.isAtLeast(6, 6))
    expect(outcome.stderr).toMatch(/advice: hash 'connections' is allocated for 100000/);
  expect(outcome.stderr).toMatch(/what grew: see bpf\.max<=8MiB, above/);
});

/** A budget that cannot be measured in this run, and the reason. */
async function expectNotMeasured(reason: RegExp, ...args: string[]): Promise<BudgetResult> {
  const { outcome, verdict } = await gate(...QUICK, ...args, '--', 'sleep', String(0.5 * SLOWNESS));
  const result = onlyBudget(verdict);
  expect(result).toMatchObject({ status: 'not-measured', reason: expect.stringMatching(reason) });
  expect(outcome.status).toBe(5);
  expect(outcome.stderr).toMatch(/\? NOT MEASURED {2}/);
  expect(outcome.stderr).toMatch(/exit status 5: a budget could not be measured$/m);
  return result;
}

testWithoutKernel(
  [],
  'metrics that a process tree lacks are not measured: 5; with --budget-optional a warning',
  async () => {
    const wanted = ['--placement', 'process-tree', '--budget', 'anon<=1'];
    const { hint } = await expectNotMeasured(/requires a memory cgroup/, ...wanted);
    expect(hint).toBe('cmemstat doctor');
    const optional = await gate(...wanted, '--budget-optional', '--', 'sleep', '0.2');
    expect(optional.outcome.status).toBe(0);
    expect(onlyBudget(optional.verdict).status).toBe('not-measured-optional');
    expect(optional.outcome.stderr).toMatch(/! not measured {2}anon<=1: anon requires a memory cgroup/);
    // Only that becomes a warning.
    const failed = await gate(
      ...[...QUICK, ...wanted, '--budget', 'processes<=0', '--budget-optional', '--', 'sleep', '0.5'],
    );
    expect(failed.outcome.status).toBe(3);
  },
);

testWith(
  [needs.cgroup],
  'metrics that are turned off, or that this kernel lacks, are not measured',
  async () => {
    if (!isGuest) {
      // Options and baselines are the same on every kernel.
      const off = await expectNotMeasured(/not read/, '--bpf-interval', '0', '--budget', 'bpf<=1GiB');
      expect(off.hint).toBe('omit --bpf-interval 0');
      await expectNotMeasured(/no baseline/, '--budget', 'anon<=baseline');
      await expectNotMeasured(/growth/, '--budget', 'anon.growth<=1MiB');
    }
    await expectNotMeasured(/memory\.max/, '--budget', 'current<=80% of memory.max');
    if (host.mode === 'cgroup1') await expectNotMeasured(/cgroup v1/, '--budget', 'psi.some<=5%');
    if (!host.isAtLeast(5, 11)) await expectNotMeasured(/./, '--budget', 'bpf<=1GiB');
    const limited = ['--memory-max', '512M', '--budget', 'current<=80% of memory.max'];
    const { outcome, verdict } = await gate(...QUICK, ...limited, '--', 'sleep', String(0.5 * SLOWNESS));
    expect(onlyBudget(verdict).limit).toBe(Math.floor(0.8 * 512 * MIB));
    expect(outcome.status).toBe(0);
  },
);

const fails = ['--', 'sh', '-c', `sleep ${0.5 * SLOWNESS}; exit 7`];
const exceeding = ['--interval', '100ms', '--budget', 'processes<=0'];

testWithoutKernel(
  [],
  "the target's failure takes precedence over a failed budget, unless --budget-first; both are reported",
  async () => {
    const target = await gate(...exceeding, ...fails);
    expect(target.outcome.status).toBe(7);
    expect(target.outcome.stderr).toMatch(/✗ FAILED[\s\S]*target: exit status 7\n/);
    expect(target.outcome.stderr).toMatch(/exit status 7: the target's own; a budget failed as well$/m);
    const budget = await gate(...exceeding, '--budget-first', ...fails);
    expect(budget.outcome.status).toBe(3);
    expect(budget.outcome.stderr).toMatch(/target: exit status 7\n.*exit status 3: a budget failed$/m);
    expect((await gate(...exceeding, '--budget-exit-code', '42', ...fails)).outcome.status).toBe(7);
    const other = await gate(...exceeding, '--budget-exit-code', '42', '--budget-first', ...fails);
    expect(other.outcome.status).toBe(42);
    expect((await cmemstat('-q', ...exceeding, '--budget-exit-code', '256', ...fails)).status).toBe(125);
  },
);

testWithoutKernel([], '--timeout exits with 124, and the report includes other failed budgets', async () => {
  const { outcome, verdict } = await gate(...exceeding, '--timeout', `${slowMs(500)}ms`, '--', 'sleep', '60');
  expect(outcome.status).toBe(124);
  expect(verdict.target).toMatchObject({ status: 124, timedOut: true });
  expect(outcome.stderr).toMatch(/exit status 124: the time limit was reached; a budget failed as well$/m);
  expect((await cmemstat('-q', '--timeout', `${slowMs(500)}ms`, '--', 'sleep', '60')).status).toBe(124);
});

testWith(
  [...needsBpf, needsProgram('bpftool')],
  'leftover maps exit with 4, and with 3 if a budget forbids them',
  async () => {
    await withPin('stays', async (pin) => {
      const create = ['--', ...createPinned(pin, 'hash', 1000)];
      const left = await gate('--fail-on-leftover', '--budget', 'oom_kill<=100', ...create);
      expect(left.outcome.status).toBe(4);
      expect(left.verdict.leftovers).toMatchObject([{ name: 'stays' }]);
      expect(left.outcome.stderr).toMatch(
        /✗ LEFT BEHIND +no BPF maps left behind: 1 left behind, .*\n.*stays/,
      );
      rmSync(pin);
      const forbidden = await gate('--fail-on-leftover', '--budget', 'leftover==0', ...create);
      expect(forbidden.outcome.status).toBe(3);
      expect(onlyBudget(forbidden.verdict)).toMatchObject({ status: 'failed', value: 1 });
    });
  },
);

testWithoutKernel(
  [],
  'an invalid expression exits with 125 before the start, with a caret and the nearest name',
  async () => {
    const marker = newFile('started');
    const run = (...args: string[]) => cmemstat(...args, '--', 'touch', marker);
    const wrong = await run('--budget', 'anon<=1MiB', '--budget', 'anno<=64MiB');
    expect(wrong.status).toBe(125);
    expect(wrong.stderr).toMatch(/^cmemstat: --budget: no metric `anno`; did you mean `anon`\?/);
    expect(wrong.stderr).toMatch(/\n {2}anno<=64MiB\n {2}\^~~~\n$/);
    for (const text of ['anon', 'anon<=', 'anon=<5', 'anon.p42<=1', 'anon<=5parsecs', 'anon<=5%', ' ']) {
      const { status, stderr } = await run('--budget', text);
      expect([text, status]).toEqual([text, 125]);
      expect(stderr).toMatch(/\n +\^~*\n$/);
    }
    const file = newFile('budget.json');
    writeFileSync(
      file,
      '{\n  "version": 2,\n  "budgets": [\n    { "name": "a", "budget": "kernle <= 1" }\n  ]\n}\n',
    );
    const inFile = await run('--budget-file', file);
    expect(inFile.status).toBe(125);
    expect(inFile.stderr).toContain(
      `${file}:4: budgets[0].budget: no metric \`kernle\`; did you mean \`kernel\`?`,
    );
    expect(inFile.stderr).toMatch(/\n {2}kernle <= 1\n {2}\^~~~~~\n$/);
    expect((await run('--budget-file', newFile('none'))).stderr).toMatch(/no such file/i);
    expect((await run('--report', 'junt')).stderr).toMatch(/--report junit\)/);
    expect((await cmemstat('--', 'test', '-e', marker)).status).toBe(1);
  },
);

testWithoutKernel([], '--help lists all exit statuses in one table', async () => {
  const { stdout } = await cmemstat('--help');
  const table = stdout.slice(stdout.indexOf('Exit status:'));
  const statuses = [...table.matchAll(/^ {2}(\S+) {2,}\S/gm)].map((match) => match[1]);
  expect(statuses).toEqual(['N', '128+n', '3', '4', '5', '124', '125', '126', '127', 'doctor']);
});

/** Failures around evaluated runs: they are reported, and measurements are kept. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { BINARY, cmemstat, needs, SLOWNESS, start, testWith } from '../harness.ts';
import { gate, grow, newFile, readVerdict, slowMs, words } from './gated.ts';

const QUICK = words('-q --interval 50ms');
const TARGET = ['--', 'sleep', String(0.8 * SLOWNESS)];

testWith([], 'a failing --cleanup keeps the results, and exits with 125 if nothing else failed', async () => {
  const passed = await gate(
    '--interval',
    '50ms',
    '--budget',
    'processes<=9',
    '--cleanup',
    'exit 4',
    ...TARGET,
  );
  expect(passed.outcome.status).toBe(125);
  expect(passed.verdict).toMatchObject({ exitStatus: 125, status: 'passed' });
  expect(passed.verdict.faults).toEqual(['--cleanup "exit 4": it ended with status 4']);
  expect(passed.outcome.stderr).toMatch(
    /^ {2}✗ FAILED {8}cmemstat: --cleanup "exit 4": it ended with status 4$/m,
  );
  const failed = await gate(
    '--interval',
    '50ms',
    '--budget',
    'processes<=0',
    '--cleanup',
    'exit 4',
    ...TARGET,
  );
  expect(failed.outcome.status).toBe(3);
});

testWith([], 'runs before a failing --prepare are reported', async () => {
  const log = newFile('log');
  const prepare = `echo >> ${log}; [ $(wc -l < ${log}) -lt 3 ]`;
  const { outcome, verdict } = await gate(
    ...['--interval', '50ms', '--runs', '4', '--budget', 'processes<=9', '--prepare', prepare, ...TARGET],
  );
  expect(outcome.status).toBe(125);
  expect(verdict.runs.count).toBe(2);
  expect(verdict.faults).toEqual([
    expect.stringMatching(/^2 of 4 runs: --prepare .*: it ended with status 1$/),
  ]);
});

testWith([], 'an error that prevents all runs is reported once', async () => {
  const { status, stderr } = await cmemstat(
    ...QUICK,
    '--budget',
    'processes<=9',
    '--prepare',
    'false',
    ...TARGET,
  );
  expect(status).toBe(125);
  expect(stderr).toBe('cmemstat: --prepare "false": it ended with status 1\n');
});

testWith([], 'a failed report does not affect the others; a failed step summary is a warning', async () => {
  const [gone, kept] = [newFile('folder'), newFile('kept.json')];
  const reports = ['--report', `junit:${gone}`, '--report', `json:${kept}`];
  const target = ['--', 'sh', '-c', `sleep ${0.3 * SLOWNESS}; mkdir ${gone}`];
  const outcome = await cmemstat(...QUICK, '--budget', 'processes<=9', ...reports, ...target);
  expect(outcome.status).toBe(125);
  expect(outcome.stderr).toContain(`cmemstat: cannot write to ${gone}: is a directory`);
  expect(readVerdict(kept).status).toBe('passed');
  const folder = newFile('summary');
  mkdirSync(folder);
  const words = [...QUICK, '--budget', 'processes<=9', '--report', 'github', ...TARGET];
  const noted = await start('env', [`GITHUB_STEP_SUMMARY=${folder}`, process.execPath, BINARY, ...words])
    .ended;
  expect(noted.status).toBe(0);
  expect(noted.stderr).toContain(`cmemstat: warning: GITHUB_STEP_SUMMARY ${folder}: is a directory\n`);
});

testWith([], "a workflow command starts on a new line after the target's output", async () => {
  const target = ['--', 'sh', '-c', `printf foo; sleep ${0.3 * SLOWNESS}`];
  const { stdout } = await cmemstat(...QUICK, '--budget', 'processes<=0', '--report', 'github', ...target);
  expect(stdout).toMatch(/^foo\n::error title=/);
});

testWith([needs.cgroup], '--timeout still applies while --wait all waits', async () => {
  const target = ['--', 'sh', '-c', 'sleep 60 & exit 0'];
  const outcome = await cmemstat(...QUICK, '--wait', 'all', '--timeout', `${slowMs(500)}ms`, ...target);
  expect(outcome.status).toBe(124);
});

testWith(
  [needs.cgroup],
  'a run ended by --stop-on-exceeded is neither saved as a baseline nor compared',
  async () => {
    const [base, cut] = [newFile('base.json'), newFile('cut.json')];
    expect((await cmemstat(...QUICK, '--save-baseline', base, ...TARGET)).status).toBe(0);
    const { outcome, verdict } = await gate(
      ...['--interval', '50ms', '--stop-on-exceeded', '--budget', 'anon<=30MiB', '--baseline', base],
      ...['--max-regression', '5%', '--save-baseline', cut, '--', ...grow(60_000, [4, 0], [40, 500])],
    );
    expect(outcome.status).toBe(3);
    expect(verdict).not.toHaveProperty('comparison');
    expect(verdict.warnings).toContain(
      'a run that was ended when a limit was exceeded is not compared with the baseline',
    );
    expect(existsSync(cut)).toBe(false);
    expect(outcome.stderr).toContain(`cmemstat: no baseline in ${cut}: `);
  },
);

testWith(
  [],
  'a recording is evaluated with the budgets of its run; a verdict accepts no budgets',
  async () => {
    const [run, kept] = [newFile('run.jsonl'), newFile('kept.json')];
    const outputs = ['--output', run, '--report', `json:${kept}`];
    expect((await cmemstat(...QUICK, '--budget', 'processes<=0', ...outputs, ...TARGET)).status).toBe(3);
    const junit = await cmemstat('report', run, '--format', 'junit');
    expect(junit.status).toBe(0);
    expect(junit.stdout).toContain('failures="1"');
    expect((await cmemstat('budget', 'check', run)).status).toBe(3);
    const again = await cmemstat('report', kept, '--budget', 'processes<=9');
    expect(again.status).toBe(125);
    expect(again.stderr).toMatch(/--budget: cannot be applied to a verdict/);
  },
);

testWith(
  [],
  'a shared output path, or --stop-on-exceeded without budgets, exits with 125 before the start',
  async () => {
    const marker = newFile('started');
    const refused = async (...options: string[]) => {
      const { status, stderr } = await cmemstat(...options, '--', 'touch', marker);
      expect([options, status]).toEqual([options, 125]);
      return stderr;
    };
    expect(await refused(...words('--report json --report junit'))).toContain('both go to standard output');
    expect(await refused(...words('--json --report tap'))).toContain('both go to standard output');
    expect(await refused('--stop-on-exceeded')).toContain('--stop-on-exceeded requires --budget');
    expect(await refused('--budget', 'anon<=1G', '--budget-exit-code', '0')).toContain('from 1 to 255');
    expect(await refused(...words('budget init --json'))).toContain('standard output');
    expect(existsSync(marker)).toBe(false);
  },
);

testWith([], 'an interrupted budget init proposes nothing', async () => {
  const file = newFile('budget.json');
  const script = 'trap "exit 0" TERM; echo run; while :; do sleep 0.1; done';
  const options = ['--runs', '2', '--write', file, '--', 'sh', '-c', script];
  const running = start(process.execPath, [BINARY, 'budget', 'init', ...options]);
  await running.until(/run/);
  await new Promise((settle) => setTimeout(settle, 400 * SLOWNESS));
  running.child.kill('SIGTERM');
  const outcome = await running.ended;
  expect(outcome.status).toBe(125);
  expect(outcome.stderr).toContain('no budgets proposed');
  expect(existsSync(file)).toBe(false);
});

testWith([], 'an interrupted run that exits with 0 is not saved as a baseline: 125', async () => {
  const [base, report] = [newFile('base.json'), newFile('report.txt')];
  const script = 'trap "exit 0" TERM; echo run; while :; do sleep 0.1; done';
  const options = [...QUICK, '--save-baseline', base, '--report', `text:${report}`, '--', 'sh', '-c', script];
  const running = start(process.execPath, [BINARY, ...options]);
  await running.until(/run/);
  await new Promise((settle) => setTimeout(settle, 400 * SLOWNESS));
  running.child.kill('SIGTERM');
  expect((await running.ended).status).toBe(125);
  expect(existsSync(base)).toBe(false);
  expect(readFileSync(report, 'utf8')).toContain(`FAILED        cmemstat: no baseline in ${base}`);
});

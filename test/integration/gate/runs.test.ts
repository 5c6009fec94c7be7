/** Several runs of one command: their order, hooks, their table, and the page cache before them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { required } from '../../required.ts';
import {
  BINARY,
  cmemstat,
  leavesOnHost,
  MIB,
  type Need,
  needs,
  needsProgram,
  type Outcome,
  readRecording,
  SLOWNESS,
  scratch,
  start,
  testWith,
  testWithoutKernel,
} from '../harness.ts';
import { bare, needsScript, shellQuote, until } from '../terminal.ts';
import { gate, grow, needsRealMachine, newFile, onlyBudget, readVerdict, words } from './gated.ts';

const lines = (file: string) => readFileSync(file, 'utf8').trim().split('\n');

/** Options with which every hook writes its name to a file. */
const logging = (log: string) => [
  '--prepare',
  `echo prepare >> ${log}`,
  '--cleanup',
  `echo cleanup >> ${log}`,
];

/** The cells of the table of the runs, by the name of the figure. */
function tableOf({ stderr }: Outcome): Map<string, string[]> {
  const rows = stderr.slice(stderr.indexOf('and the highest value of each:')).split('\n').slice(1);
  const end = rows.findIndex((row) => !row.startsWith('  '));
  const cells = rows.slice(0, end).map((row) => row.trim().split(/ {2,}/));
  return new Map(cells.map(([name = '', ...rest]) => [name, rest]));
}

testWith(
  [needs.cgroup],
  '--prepare runs before every run, warm-ups included, --cleanup once at the end; each run has its own files',
  async () => {
    const log = newFile('log');
    const [output, summary] = [newFile('run.jsonl'), newFile('summary.json')];
    const outcome = await cmemstat(
      ...words(`--interval 50ms --runs 3 --warmup 2 --output ${output} --summary-json ${summary}`),
      ...logging(log),
      ...['--', 'sh', '-c', `echo run >> ${log}; sleep ${0.2 * SLOWNESS}`],
    );
    expect(outcome.status).toBe(0);
    const round = ['prepare', 'run'];
    expect(lines(log)).toEqual([...round, ...round, ...round, ...round, ...round, 'cleanup']);
    for (const run of [1, 2, 3]) {
      const file = output.replace('.jsonl', `.${run}.jsonl`);
      const recording = readRecording(outcome, readFileSync(file, 'utf8'));
      expect(JSON.parse(readFileSync(summary.replace('.json', `.${run}.json`), 'utf8'))).toEqual(
        recording.summary,
      );
      expect(existsSync(required(recording.start.leaf))).toBe(false);
    }
    expect([existsSync(output), existsSync(summary)]).toEqual([false, false]);
    // Nothing is evaluated: only the table and the targets' output are printed.
    expect(outcome.stderr).toMatch(
      /^cmemstat: 3 runs: how long they took, and the highest value of each:\n {2}figure +median +MAD +min +max/m,
    );
    expect(outcome.stderr).not.toContain('budget');
    expect(tableOf(outcome).get('processes')?.slice(0, 2)).toEqual([expect.stringMatching(/^[12]$/), '0']);
  },
);

testWithoutKernel([], 'a failing hook exits with 125, and --cleanup still runs', async () => {
  const log = newFile('log');
  const target = ['--', 'sh', '-c', `echo run >> ${log}`];
  const prepare = `echo prepare >> ${log}; [ $(wc -l < ${log}) -lt 3 ]`;
  const failed = await cmemstat(
    ...['--runs', '3', '--prepare', prepare, '--cleanup', `echo cleanup >> ${log}`, ...target],
  );
  expect(failed.status).toBe(125);
  expect(failed.stderr).toMatch(/--prepare .*: it ended with status 1$/m);
  expect(lines(log)).toEqual(['prepare', 'run', 'prepare', 'cleanup']);
  const cleanup = await cmemstat('--runs', '2', '--cleanup', 'kill -TERM $$', ...target);
  expect(cleanup.status).toBe(125);
  expect(cleanup.stderr).toMatch(/--cleanup .*: it was ended by SIGTERM$/m);
});

testWithoutKernel([], 'a failing target ends the series with its status, without a result', async () => {
  const log = newFile('log');
  const [baseline, junit] = [newFile('base.json'), newFile('junit.xml')];
  const script = `echo run >> ${log}; sleep ${0.3 * SLOWNESS}; [ $(grep -c run ${log}) -lt 2 ]`;
  const { outcome, verdict } = await gate(
    ...['--interval', '50ms', '--runs', '4', ...logging(log), '--budget', 'processes<=9'],
    ...['--save-baseline', baseline, '--', 'sh', '-c', script],
  );
  expect(outcome.status).toBe(1);
  expect(lines(log)).toEqual(['prepare', 'run', 'prepare', 'run', 'cleanup']);
  expect(verdict.runs.count).toBe(2);
  expect(verdict.warnings).toContain('2 of 4 runs: the target failed in the last of them');
  expect(outcome.stderr).toContain(`cmemstat: no baseline in ${baseline}: `);
  expect(existsSync(baseline)).toBe(false);
  const warmUp = await cmemstat('--warmup', '1', '--report', `junit:${junit}`, '--', 'sh', '-c', 'exit 9');
  expect(warmUp.status).toBe(9);
  expect(warmUp.stderr).toBe('cmemstat: the target failed in the warm-up, with exit status 9\n');
  expect(existsSync(junit)).toBe(false);
  const late = await gate(
    ...['--interval', '50ms', '--runs', '3', '--timeout', `${500 * SLOWNESS}ms`, '--budget', 'processes<=9'],
    ...['--', 'sleep', '60'],
  );
  expect(late.outcome.status).toBe(124);
  expect(late.verdict).toMatchObject({ runs: { count: 1 }, target: { timedOut: true } });
});

testWith(
  [needs.cgroup],
  'reports one outlier of five runs, each in its own leaf: the median passes, the worst fails',
  async () => {
    const log = newFile('log');
    const [small, large] = [grow(400, [4, 0]), grow(400, [40, 0])].map((target) =>
      target.map(shellQuote).join(' '),
    );
    const script = `echo run >> ${log}; if [ $(wc -l < ${log}) = 4 ]; then exec ${large}; else exec ${small}; fi`;
    const output = newFile('run.jsonl');
    const { outcome, verdict } = await gate(
      ...words(`--interval 50ms --runs 5 --budget anon<=30MiB --output ${output}`),
      ...['--', 'sh', '-c', script],
    );
    expect(outcome.status).toBe(0);
    expect(verdict.runs).toMatchObject({ count: 5, evaluatedOn: 'median' });
    expect(verdict.runs.times).toHaveLength(5);
    const median = onlyBudget(verdict);
    const values = (median.values ?? []).map((value) => value ?? 0);
    expect(values.map((value) => value > 30 * MIB)).toEqual([false, false, false, true, false]);
    expect(median.value).toBe(values.toSorted((a, b) => a - b)[2]);
    const [middle, , least, most, outliers] = tableOf(outcome).get('anon') ?? [];
    expect(outliers).toMatch(new RegExp(`run 4: ${most}`));
    expect([middle, least].every((text) => /^\d[\d.]* MiB$/.test(text ?? ''))).toBe(true);

    const files = [1, 2, 3, 4, 5].map((run) => output.replace('.jsonl', `.${run}.jsonl`));
    const peaks = files.map(
      (file) => readRecording(outcome, readFileSync(file, 'utf8')).summary.peak?.bytes ?? 0,
    );
    expect(peaks.map((peak) => peak > 30 * MIB)).toEqual([false, false, false, true, false]);
    const report = newFile('worst.json');
    const worst = await cmemstat(
      ...words(`budget check --evaluate worst --budget anon<=30MiB --report json:${report}`),
      ...files,
    );
    expect(worst.status).toBe(3);
    const result = onlyBudget(readVerdict(report));
    expect(result).toMatchObject({ status: 'failed', value: values[3], values, exceeded: { run: 4 } });
    expect(result.exceeded?.replay).toContain(`cmemstat replay ${files[3]} --at `);
  },
);

testWithoutKernel([needsScript], 'the progress line is shown on a terminal, not on a pipe', async () => {
  const options = ['--interval', '50ms', '--runs', '2', '--warmup', '1', '--', 'sleep', '0.3'];
  const command = [process.execPath, BINARY, ...options].map(shellQuote).join(' ');
  const written = await bare({ command }).ended();
  // The output of the target starts below.
  const shown = [...written.matchAll(/\r␛\[K([^\r␛]*)\r\n/g)].map((match) => match[1]);
  expect(shown).toEqual(['warm-up 1/1', 'run 1/2', 'run 2/2']);
  const piped = await cmemstat(...options);
  expect(piped.stderr).not.toMatch(/warm-up|run 1|\r/);
});

testWithoutKernel(
  [needsScript, needs.cgroup],
  'Ctrl-C ends all runs: --cleanup runs, and no leaf remains',
  async () => {
    const log = newFile('log');
    const command = [
      ...[process.execPath, BINARY, '--runs', '5', ...logging(log), '--budget', 'processes<=9'],
      ...['--', 'sh', '-c', `echo run >> ${log}; exec sleep 60`],
    ];
    const pty = bare({ command: `${command.map(shellQuote).join(' ')}; echo "status $?"` });
    await until('the first run', () => (existsSync(log) && lines(log).includes('run') ? true : undefined));
    pty.type('\x03');
    // The shell of the pty receives the Ctrl-C as well, and so prints no status.
    await pty.ended();
    await until('the end', () => (lines(log).includes('cleanup') ? true : undefined));
    expect(lines(log)).toEqual(['prepare', 'run', 'cleanup']);
    expect(leavesOnHost()).toEqual([]);
  },
);

testWithoutKernel(
  [needs.cgroup],
  'a signal to cmemstat ends all runs, with a report on the completed ones',
  async () => {
    const log = newFile('log');
    const baseline = newFile('base.json');
    const options = [
      '--runs',
      '5',
      '--interval',
      '50ms',
      '--budget',
      'processes<=9',
      '--save-baseline',
      baseline,
    ];
    const running = start(process.execPath, [
      ...[
        BINARY,
        ...options,
        ...logging(log),
        '--',
        'sh',
        '-c',
        `sleep ${0.5 * SLOWNESS}; echo run; exec sleep 60`,
      ],
    ]);
    await running.until(/run/);
    running.child.kill('SIGTERM');
    const outcome = await running.ended;
    expect(outcome.status).toBe(143);
    expect(outcome.stderr).toContain('! warning: 1 of 5 runs: interrupted in the last of them');
    expect(lines(log)).toEqual(['prepare', 'cleanup']);
    expect(existsSync(baseline)).toBe(false);
    expect(leavesOnHost()).toEqual([]);
  },
);

testWithoutKernel([], 'a signal during --prepare ends it, and --cleanup still runs', async () => {
  const log = newFile('log');
  const hooks = ['--prepare', 'echo ready; exec sleep 60', '--cleanup', `echo cleanup >> ${log}`];
  const running = start(process.execPath, [BINARY, '--runs', '2', ...hooks, '--', 'true']);
  await running.until(/ready/);
  running.child.kill('SIGTERM');
  const outcome = await running.ended;
  expect(outcome.status).toBe(125);
  expect(outcome.stderr).toMatch(/--prepare ".*": ended by SIGTERM$/m);
  expect(lines(log)).toEqual(['cleanup']);
});

testWithoutKernel(
  [],
  'a target that exits cleanly on a signal is evaluated; an interrupted series has not passed',
  async () => {
    const interrupted = async (...options: string[]) => {
      const script = 'trap "exit 0" TERM; echo run; while :; do sleep 0.1; done';
      const words = [...options, '--interval', '50ms', '--', 'sh', '-c', script];
      const running = start(process.execPath, [BINARY, '-q', ...words]);
      await running.until(/run/);
      await new Promise((settle) => setTimeout(settle, 400 * SLOWNESS));
      running.child.kill('SIGTERM');
      return running.ended;
    };
    expect((await interrupted('--budget', 'processes<=9')).status).toBe(0);
    expect((await interrupted('--budget', 'processes<=0')).status).toBe(3);
    const cut = await interrupted('--budget', 'processes<=9', '--runs', '2');
    expect(cut.status).toBe(125);
    expect(cut.stderr).toMatch(
      /1 of 2 runs: interrupted[\s\S]*exit status 125: 1 of 2 runs: interrupted in the last of them$/m,
    );
  },
);

const TMPFS_MAGIC = 0x01021994;

/** Pages of a tmpfs are the file itself, not a cache of it. */
const needsDisk: Need = {
  what: 'a folder for temporary files with a disk behind it',
  has: statfsSync(scratch).type !== TMPFS_MAGIC,
  expected: false,
};

/** A file without cached pages: 32 MiB. */
function makeColdFile(): string {
  const file = newFile('big');
  writeFileSync(file, Buffer.alloc(32 * MIB, 1));
  const words = [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'];
  expect(spawnSync('dd', ['if=/dev/null', ...words]).status).toBe(0);
  return file;
}

/** The page cache that a run is charged for. Unit: bytes. */
async function fileOf(...args: string[]): Promise<number> {
  const { verdict } = await gate('--interval', '20ms', '--budget', 'file>=0', ...args);
  return onlyBudget(verdict).value ?? 0;
}

const read = (file: string) => ['--', 'sh', '-c', 'cat "$0" > /dev/null; sleep 0.2', file];

testWith([needs.cgroup, needsDisk], '--warm keeps the page cache of files out of the run', async () => {
  const [cold, warm] = [makeColdFile(), makeColdFile()];
  expect(await fileOf(...read(cold))).toBeGreaterThan(24 * MIB);
  expect(await fileOf('--warm', ...read(warm))).toBeLessThan(4 * MIB);
});

testWith(
  [needs.cgroup, needs.root, needsDisk, needsRealMachine],
  '--drop-caches makes every run read from the disk',
  async () => {
    const file = makeColdFile();
    await fileOf('--warm', ...read(file));
    expect(await fileOf(...read(file))).toBeLessThan(4 * MIB);
    expect(await fileOf('--drop-caches', ...read(file))).toBeGreaterThan(24 * MIB);
  },
);

testWithoutKernel(
  [needs.root, needsProgram('setpriv')],
  '--drop-caches reports that it requires root',
  async () => {
    chmodSync(scratch, 0o755);
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
    const { status, stderr } = await start('setpriv', [
      ...[...asNobody, process.execPath, BINARY, '--drop-caches', '--', 'true'],
    ]).ended;
    expect(status).toBe(125);
    expect(stderr).toMatch(/--drop-caches: \/proc\/sys\/vm\/drop_caches: .*\(hint: sudo cmemstat …\)$/m);
    expect((await cmemstat('--drop-caches', '--warm', '--', 'true')).status).toBe(125);
  },
);

/**
 * How much maxima and verdicts of an unchanged program vary between runs: `npm run bench:maxima`. Takes up
 * to an hour, and is not part of CI.
 *
 *     npm run bench:maxima -- spread --runs 30 --seconds 0.3,1.5,10
 *     npm run bench:maxima -- verdicts --runs 30
 *     npm run bench:maxima -- cpu
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { SummaryRecord } from '#src/model/recording.ts';
import type { Verdict } from '#src/model/verdict.ts';
import { median } from '#src/statistics/statistics.ts';

const PROJECT = join(import.meta.dirname, '../..');
const CMEMSTAT = join(PROJECT, 'bin/cmemstat.js');
const TARGETS = join(import.meta.dirname, 'targets');
const NEAR = 0.03;
const MIB = 1024 * 1024;
const scratch = mkdtempSync(join(tmpdir(), 'cmemstat-maxima-'));

/** Runs cmemstat; returns its exit status and standard output. */
function cmemstat(args: readonly string[]): { status: number | null; stdout: string } {
  const { status, stdout } = spawnSync(process.execPath, [CMEMSTAT, ...args], {
    encoding: 'utf8',
    cwd: scratch,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { status, stdout };
}

function compileSpike(): string[] {
  const program = join(scratch, 'spike');
  const { status } = spawnSync('cc', ['-O1', '-o', program, join(TARGETS, 'spike.c')]);
  return status === 0 ? [program] : [];
}

function programs(): Record<string, string[]> {
  const spike = compileSpike();
  return {
    node: [process.execPath, '--expose-gc', join(TARGETS, 'sawtooth.mjs')],
    python: ['python3', join(TARGETS, 'sawtooth.py')],
    ...(spike.length === 0 ? {} : { 'C, 30 ms spike': spike }),
  };
}

function summaryOf(command: readonly string[]): SummaryRecord {
  const file = join(scratch, 'summary.json');
  const { status } = cmemstat(['-q', '--summary-json', file, '--', ...command]);
  if (status !== 0) throw new Error(`${command.join(' ')}: exit status ${status}`);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The number of values close to their median. */
function nearMedian(values: readonly number[]): string {
  const middle = median(values) ?? 0;
  const near = values.filter((value) => Math.abs(value - middle) <= NEAR * middle).length;
  const [low, high] = [Math.min(...values), Math.max(...values)].map((bytes) => (bytes / MIB).toFixed(1));
  return `${near} of ${values.length} within 3 % of ${(middle / MIB).toFixed(1)} MiB (${low} to ${high})`;
}

function measureSpread(runs: number, seconds: readonly string[]): void {
  for (const [name, command] of Object.entries(programs())) {
    for (const duration of seconds) {
      const summaries = Array.from({ length: runs }, () => summaryOf([...command, duration]));
      const anon = nearMedian(summaries.map(({ maxima }) => maxima?.anon ?? 0));
      const peak = nearMedian(summaries.map((each) => each.peak?.bytes ?? 0));
      const gaps = summaries.map(({ samples }) => samples.longestReadingGapMs ?? 0);
      console.log(
        `${name}, ${duration} s: anon.max ${anon}; peak ${peak}; longest gap ${median(gaps)?.toFixed(0)} ms (median)`,
      );
    }
  }
}

/** A program, and the same with 10 % more memory. */
const VERDICTS: Record<string, [command: string[], more: string[]]> = {
  node: [
    [process.execPath, '--expose-gc', join(TARGETS, 'sawtooth.mjs'), '1.5', '50'],
    [process.execPath, '--expose-gc', join(TARGETS, 'sawtooth.mjs'), '1.5', '65'],
  ],
  redis: [
    ['sh', join(TARGETS, 'redis.sh'), '40000'],
    ['sh', join(TARGETS, 'redis.sh'), '46000'],
  ],
  agent: [
    [process.execPath, join(PROJECT, 'examples/agent.mjs'), '--duration', '1.5'],
    [
      process.execPath,
      join(TARGETS, 'with-more.mjs'),
      '25',
      join(PROJECT, 'examples/agent.mjs'),
      '--duration',
      '1.5',
    ],
  ],
};

function measureVerdicts(times: number, only: readonly string[]): void {
  for (const [name, [command, more]] of Object.entries(VERDICTS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    for (const runs of ['1', '5']) {
      let [alarms, found, unmeasured] = [0, 0, 0];
      const figures: string[] = [];
      for (let time = 0; time < times; time += 1) {
        const file = join(scratch, `budget-${time}.json`);
        const made = cmemstat(['budget', 'init', '--write', file, '--', ...command]);
        if (made.status !== 0) throw new Error(`${name}: budget init ended with ${made.status}`);
        const check = (which: readonly string[]) =>
          cmemstat(['-q', '--budget-file', file, '--runs', runs, '--report', 'json', '--', ...which]);
        const same = check(command);
        if (same.status === 3) {
          alarms += 1;
          figures.push(describeFailure(same.stdout));
        } else if (same.status !== 0) unmeasured += 1;
        if (check(more).status === 3) found += 1;
      }
      console.log(
        `${name}, --runs ${runs}: ${alarms} false alarms and ${unmeasured} not measured in ${times}; +10 % found in ${found} of ${times}`,
      );
      for (const figure of figures) console.log(`  ${figure}`);
    }
  }
}

function describeFailure(json: string): string {
  const verdict: Verdict = JSON.parse(json);
  return verdict.budgets
    .filter(({ status }) => status === 'failed')
    .map(({ expression, value }) => `${expression}: ${((value ?? 0) / MIB).toFixed(1)} MiB`)
    .join('; ');
}

/** CPU time of cmemstat alone, by bash's `times` of its child minus the target's. */
function measureCpu(): void {
  const cases: [string, string[]][] = [
    ['steady, a minute', ['sleep', '60']],
    ['moving, 10 s', [process.execPath, '--expose-gc', join(TARGETS, 'sawtooth.mjs'), '10']],
  ];
  for (const [name, command] of cases) {
    for (const options of [[], ['--budget', 'anon<=1GiB']]) {
      const script = `process.on('exit', () => { const { user, system } = process.cpuUsage(); const seconds = process.uptime(); require('fs').writeFileSync(${JSON.stringify(join(scratch, 'cpu'))}, JSON.stringify({ share: (user + system) / 1e4 / seconds })); });`;
      const preload = join(scratch, 'cpu.cjs');
      spawnSync('sh', ['-c', 'printf %s "$1" > "$2"', 'sh', script, preload]);
      spawnSync(process.execPath, ['--require', preload, CMEMSTAT, '-q', ...options, '--', ...command], {
        stdio: 'ignore',
      });
      const { share } = JSON.parse(readFileSync(join(scratch, 'cpu'), 'utf8')) as { share: number };
      console.log(
        `${name}${options.length > 0 ? ', with budgets' : ''}: ${share.toFixed(2)} % of a core, start-up included`,
      );
    }
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '30' },
    seconds: { type: 'string', default: '0.3,1.5,10' },
    only: { type: 'string', multiple: true, default: [] },
  },
});
const wants = (what: string) => positionals.length === 0 || positionals.includes(what);
try {
  if (wants('spread')) measureSpread(Number(values.runs), values.seconds.split(','));
  if (wants('verdicts')) measureVerdicts(Number(values.runs), values.only);
  if (wants('cpu')) measureCpu();
} finally {
  rmSync(scratch, { recursive: true });
}

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BINARY } from '../paths.ts';
import { cpuNanoseconds } from './tools/process-costs.ts';
import { type Finding, median } from './tools/report.ts';

const TARGET = resolve(import.meta.dirname, '../integration/targets/many-objects.mjs');

const MAPS = 200;
const PROCESSES = 50;
const CPU_RUNS = 3;
/** See cpu.ts. Unit: milliseconds. */
const SETTLE_MS = 12_000;
const WINDOW_MS = 15_000;

const TICK_MS = 100;
const FLOOD_SECONDS = 20;
const LINES_PER_SECOND = 10_000;

const FRAME_RUNS = 21;

/** The cost of the view, and whether samples are on time with it. */
export async function measureView(): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cmemstat-bench-view-'));
  try {
    return [await measureViewCpu(folder), ...(await measureTicks(folder)), await measureFirstFrame(folder)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs cmemstat on a pseudo-terminal of 120x40; returns its pid, its output so far, and its end. */
async function onTerminal(folder: string, args: readonly string[]) {
  const pidFile = join(folder, 'pid');
  rmSync(pidFile, { force: true });
  const words = [process.execPath, BINARY, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const line = `stty cols 120 rows 40; echo $$ >${pidFile}; exec ${words.join(' ')}`;
  const startedMs = performance.now();
  const child = spawn('script', ['-qfec', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', SHELL: '/bin/sh' },
  });
  const ended = new Promise((settle) => child.once('exit', settle));
  let firstFrameMs: number | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    if (firstFrameMs === undefined && chunk.includes('Breakdown'))
      firstFrameMs = performance.now() - startedMs;
  });
  while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await sleep(1);
  return { pid: Number(readFileSync(pidFile, 'utf8')), ended, firstFrame: () => firstFrameMs };
}

async function measureViewCpu(folder: string): Promise<Finding> {
  const shares: number[] = [];
  for (let run = 0; run < CPU_RUNS; run += 1) {
    const seconds = String((SETTLE_MS + WINDOW_MS) / 1000 + 3);
    const target = ['node', TARGET, String(MAPS), String(PROCESSES), '0', seconds];
    const view = await onTerminal(folder, ['--exit-on-end', '--', ...target]);
    await sleep(SETTLE_MS);
    const before = cpuNanoseconds(view.pid);
    const from = performance.now();
    await sleep(WINDOW_MS);
    shares.push((cpuNanoseconds(view.pid) - before) / 1e6 / (performance.now() - from));
    await view.ended;
  }
  return {
    name: `CPU time of the view, ${MAPS} maps, ${PROCESSES} processes, 120x40, --interval 500ms`,
    value: median(shares) * 100,
    unit: '% of a core',
    atMost: 3,
    detail: `${shares.map((share) => (share * 100).toFixed(2)).join(', ')} over ${WINDOW_MS / 1000} s each`,
  };
}

async function measureTicks(folder: string): Promise<Finding[]> {
  const printing = ['node', TARGET, '20', '10', String(LINES_PER_SECOND), String(FLOOD_SECONDS)];
  const yes = ['timeout', String(FLOOD_SECONDS), 'yes'];
  return [
    await measureTicksBeside(folder, `${LINES_PER_SECOND} lines a second`, printing),
    await measureTicksBeside(folder, 'yes, as fast as it is read', yes),
  ];
}

async function measureTicksBeside(folder: string, name: string, target: string[]): Promise<Finding> {
  const file = join(folder, 'ticks.jsonl');
  const interval = ['--interval', `${TICK_MS}ms`, '--exit-on-end', '--output', file];
  const view = await onTerminal(folder, [...interval, '--', ...target]);
  await view.ended;
  const lateMs = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; reason?: string; elapsedMs: number })
    .filter(({ type, reason }) => type === 'sample' && reason === 'tick')
    // Timers fire slightly early, because fractions of a millisecond are truncated.
    .map(({ elapsedMs }) => ((elapsedMs + 5) % TICK_MS) - 5)
    .toSorted((a, b) => a - b);
  const expected = (FLOOD_SECONDS * 1000) / TICK_MS;
  const inTime = lateMs.filter((ms) => ms <= 20).length;
  return {
    name: `ticks later than 20 ms, --interval ${TICK_MS}ms, ${name}`,
    value: 100 * (1 - inTime / Math.max(expected, lateMs.length)),
    unit: '% of ticks',
    atMost: 1,
    detail: `${lateMs.length} ticks in ${FLOOD_SECONDS} s, the latest ${(lateMs.at(-1) ?? Number.NaN).toFixed(1)} ms, 99 % within ${(lateMs[Math.floor(lateMs.length * 0.99)] ?? Number.NaN).toFixed(1)} ms`,
  };
}

/**
 * From the start of cmemstat to the first frame, minus the time of a run without the view until its target
 * runs.
 */
async function measureFirstFrame(folder: string): Promise<Finding> {
  const withView: number[] = [];
  const without: number[] = [];
  const stamp = join(folder, 'started');
  for (let run = 0; run < FRAME_RUNS; run += 1) {
    const view = await onTerminal(folder, ['--exit-on-end', '--', 'sleep', '0.3']);
    await view.ended;
    withView.push(view.firstFrame() ?? Number.NaN);
    rmSync(stamp, { force: true });
    const startedMs = performance.now();
    const plain = await onTerminal(folder, ['--no-tui', '--', 'sh', '-c', `: >${stamp}; sleep 0.3`]);
    while (!existsSync(stamp)) await sleep(1);
    without.push(performance.now() - startedMs);
    await plain.ended;
  }
  return {
    name: "first frame of the view, beyond the target's start without it",
    value: median(withView) - median(without),
    unit: 'ms',
    atMost: 150,
    detail: `first frame after ${median(withView).toFixed(0)} ms, target running after ${median(without).toFixed(0)} ms, medians of ${FRAME_RUNS} in turn`,
  };
}

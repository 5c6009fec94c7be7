import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ExplainRecord } from '#src/model/explain/explain-record.ts';
import type { Explanation } from '#src/model/explain/explanation.ts';
import type { RecordLine } from '#src/model/recording.ts';
import { type Finding, median } from './report.ts';

const BINARY = resolve(import.meta.dirname, '../../bin/cmemstat.js');
const PRINT_PEAK = resolve(import.meta.dirname, 'print-peak.cjs');
const RUNS = 7;
const MIB = 1024 * 1024;
/** Each has a row of its own. */
const FILES = 100_000;
const NAMED = 1000;

/** A process with a timer of 1 kHz prints its longest delay. Unit of the result: milliseconds. */
const TIMER = `
let last = performance.now(), longest = 0;
const end = last + 3000;
setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
  if (now > end) { console.log(longest); process.exit(0); }
}, 1);`;

/** The cost of `cmemstat explain` for the whole host. */
export async function measureExplain(): Promise<Finding[]> {
  // The first one tests the scan, and fills the cache.
  explain();
  const scans = Array.from({ length: RUNS }, () => explain());
  const pages = scans[0]?.scannedPages ?? Number.NaN;
  const times = scans.map((scan) => scan.scanMs ?? Number.NaN);
  const scanMs = median(times);
  const [host, [few, many]] = withCachedFiles(() => [peakOf('explain', '--json'), timesOfNames()]);
  const [without, explained] = timesOfRuns();
  const maps = peakOf('maps', '--total');
  const [alone, beside] = await longestDelays();
  return [
    {
      name: 'scan of all pages of the host, for each page',
      value: (scanMs * 1e6) / pages,
      unit: 'ns',
      atMost: 100,
      detail: `${scanMs.toFixed(0)} ms for ${pages.toLocaleString('en')} pages, median of ${RUNS}; the fastest ${Math.min(...times).toFixed(0)} ms`,
    },
    {
      name: `maximum memory of cmemstat explain with ${FILES.toLocaleString('en')} rows, beyond cmemstat maps`,
      value: host - maps,
      unit: 'MiB',
      atMost: 60,
      detail: `${host.toFixed(1)} MiB against ${maps.toFixed(1)} MiB, medians of ${RUNS}`,
    },
    {
      name: `names of the ${NAMED.toLocaleString('en')} largest, beyond that of the largest`,
      value: many - few,
      unit: 'ms',
      atMost: 30,
      detail: `${many.toFixed(0)} ms against ${few.toFixed(0)} ms without the scan, medians of ${RUNS} in turn`,
    },
    {
      name: 'a run with --explain end and a warm cache, without the scan, beyond one without it',
      value: explained - without,
      unit: 'ms',
      atMost: 100,
      detail: `${explained.toFixed(0)} ms against ${without.toFixed(0)} ms, medians of ${RUNS} in turn`,
    },
    {
      name: 'longest delay of a 1 kHz timer on the CPU of a scan, against without a scan',
      value: beside / alone,
      unit: 'times',
      atMost: 2,
      detail: `${beside.toFixed(1)} ms against ${alone.toFixed(1)} ms, medians of ${RUNS} in turn`,
    },
  ];
}

/** The time of `cmemstat explain` without its scan, with one name and with many. Unit: milliseconds. */
function timesOfNames(): [few: number, many: number] {
  const [few, many]: [number[], number[]] = [[], []];
  for (let round = 0; round < RUNS; round += 1) {
    few.push(timeBeyondScan(1));
    many.push(timeBeyondScan(NAMED));
  }
  return [median(few), median(many)];
}

/** The time of a run, and of one that ends with an explanation, without its scan. Unit: milliseconds. */
function timesOfRuns(): [without: number, explained: number] {
  const [without, explained]: [number[], number[]] = [[], []];
  for (let round = 0; round < RUNS; round += 1) {
    without.push(timeOfRun());
    explained.push(timeOfRun('--explain', 'end'));
  }
  return [median(without), median(explained)];
}

function timeOfRun(...options: string[]): number {
  const startMs = performance.now();
  const words = ['--json', '--quiet', '--bpf-interval', '0', ...options, '--', 'true'];
  const { stdout, status } = spawnSync(BINARY, words, { encoding: 'utf8' });
  const tookMs = performance.now() - startMs;
  if (status !== 0) throw new Error(`cmemstat ended with ${status}`);
  const records = stdout.trim().split('\n');
  const scan = records.map((line) => JSON.parse(line) as RecordLine).find(({ type }) => type === 'explain');
  return tookMs - ((scan as ExplainRecord | undefined)?.scanMs ?? 0);
}

function timeBeyondScan(names: number): number {
  const startMs = performance.now();
  const { scanMs = Number.NaN } = explain(names);
  return performance.now() - startMs - scanMs;
}

function explain(names = 1): Explanation {
  const { stdout, status } = spawnSync(BINARY, ['explain', '--json', '--top', String(names)], {
    encoding: 'utf8',
    maxBuffer: 64 * MIB,
  });
  if (status !== 0) throw new Error(`cmemstat explain ended with ${status}`);
  return JSON.parse(stdout) as Explanation;
}

/** With that many files of one page in the page cache. */
function withCachedFiles<T>(work: () => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'cmemstat-bench-'));
  try {
    for (let file = 0; file < FILES; file += 1) {
      const directory = join(folder, String(file % 100));
      if (file < 100) mkdirSync(directory);
      writeFileSync(join(directory, String(file)), 'x');
    }
    return work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Unit: MiB. */
function peakOf(...args: string[]): number {
  const peaks = Array.from({ length: RUNS }, () => {
    const { stdout } = spawnSync(process.execPath, ['--require', PRINT_PEAK, BINARY, ...args], {
      encoding: 'utf8',
      maxBuffer: 256 * MIB,
    });
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(stdout)?.[1]) / 1024;
  });
  return median(peaks);
}

/** The longest delays of the timer alone, and beside scans on the same CPU. */
async function longestDelays(): Promise<[alone: number, beside: number]> {
  const [alone, beside]: [number[], number[]] = [[], []];
  for (let round = 0; round < RUNS; round += 1) {
    alone.push(await longestDelay(false));
    beside.push(await longestDelay(true));
  }
  return [median(alone), median(beside)];
}

async function longestDelay(scans: boolean): Promise<number> {
  const pinned = ['-c', '0', process.execPath];
  const timer = spawn('taskset', [...pinned, '-e', TIMER], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  timer.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((settle) => timer.once('close', settle));
  if (scans) {
    const command = [...pinned, BINARY, 'explain', '--json', '--top', '1'];
    const scan = spawn('taskset', command, { stdio: 'ignore' });
    await new Promise((settle) => scan.once('close', settle));
  }
  await ended;
  return Number(text);
}

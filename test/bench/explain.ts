import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExplainRecord } from '#src/model/explain/explain-record.ts';
import type { Explanation } from '#src/model/explain/explanation.ts';
import type { RecordLine } from '#src/model/recording.ts';
import { BINARY } from '../paths.ts';
import { type Finding, median } from './tools/report.ts';
import { runTimed } from './tools/run-timed.ts';

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
  const [host, [few, many]] = await withCachedFiles(
    async () =>
      [
        peakOf('explain', '--json'),
        await mediansInTurn(
          () => timeBeyondScan(1),
          () => timeBeyondScan(NAMED),
        ),
      ] as const,
  );
  const [without, explained] = await mediansInTurn(
    () => timeOfRun(),
    () => timeOfRun('--explain', 'end'),
  );
  const maps = peakOf('maps', '--total');
  const [alone, beside] = await mediansInTurn(
    () => longestDelay(false),
    () => longestDelay(true),
  );
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

/** The medians of two figures that are measured in turn. */
async function mediansInTurn(
  first: () => number | Promise<number>,
  second: () => number | Promise<number>,
): Promise<[number, number]> {
  const [firsts, seconds]: [number[], number[]] = [[], []];
  for (let round = 0; round < RUNS; round += 1) {
    firsts.push(await first());
    seconds.push(await second());
  }
  return [median(firsts), median(seconds)];
}

/** The time of a run without that of the scan at its end. Unit: milliseconds. */
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

/** The time of `cmemstat explain` without that of its scan. Unit: milliseconds. */
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
async function withCachedFiles<T>(work: () => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cmemstat-bench-'));
  try {
    for (let file = 0; file < FILES; file += 1) {
      const directory = join(folder, String(file % 100));
      if (file < 100) mkdirSync(directory);
      writeFileSync(join(directory, String(file)), 'x');
    }
    return await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Unit: MiB. */
function peakOf(...args: string[]): number {
  return median(Array.from({ length: RUNS }, () => runTimed(...args).peakBytes / MIB));
}

/** The longest delay of the timer, alone or beside a scan on the same CPU. Unit: milliseconds. */
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

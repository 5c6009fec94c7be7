/** A long run at the shortest interval, in the view, whose target starts processes all the time. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { checkEnd, checkLeft } from './check-run.ts';
import type { FuzzHost } from './fuzz-host.ts';
import { tryKill } from './fuzz-host.ts';
import { awaitEnd, startRun } from './start-run.ts';

/** Short processes, and memory that comes and goes. */
const CHURN = `
while :; do
  for i in 1 2 3 4 5 6 7 8 9 10; do true & /bin/true & done
  wait
  head -c 5000000 /dev/zero | tail -c 1 >/dev/null
  echo "a line of output"
done`;

const PERIOD_MS = 10_000;

/** The most by which memory may grow per hour once the first third is over. Unit: KiB. */
const MAX_GROWTH_KIB = 16 * 1024;

interface Figures {
  minutes: number;
  rssKib: number;
  descriptors: number;
}

/** Runs it for some minutes and prints the figures; returns what is wrong. */
export async function soak(host: FuzzHost, minutes: number): Promise<string[]> {
  const options = [
    '--interval',
    '1ms',
    '--bpf-interval',
    '100ms',
    '--process-interval',
    '100ms',
    '--output',
    '/dev/null',
  ];
  const run = await startRun(host, { mode: 'view', target: ['sh', '-c', CHURN], options });
  const figures: Figures[] = [];
  const start = performance.now();
  let isRunning = true;
  void run.ended.then(() => {
    isRunning = false;
  });
  while (isRunning && performance.now() - start < minutes * 60_000) {
    await wait(Math.min(PERIOD_MS, minutes * 6_000));
    const now = isRunning ? read(run.pid, (performance.now() - start) / 60_000) : undefined;
    if (now === undefined) break;
    figures.push(now);
    if (figures.length % 6 === 1) print(now);
  }
  const faults = isRunning ? [] : ['it ended by itself'];
  tryKill(run.pid, 'SIGTERM');
  const end = await awaitEnd(run);
  faults.push(
    ...(end === undefined ? ['SIGTERM did not end it'] : checkEnd(end)),
    ...(await checkLeft(host, run)),
  );
  return [...faults, ...checkGrowth(figures)];
}

function read(pid: number, minutes: number): Figures | undefined {
  try {
    const [, rss = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return { minutes, rssKib: Number(rss), descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

function print({ minutes, rssKib, descriptors }: Figures): void {
  console.log(`  ${minutes.toFixed(1)} min: ${(rssKib / 1024).toFixed(1)} MiB, ${descriptors} descriptors`);
}

/** Compares the second third with the last one, by their medians: the first third warms up. */
function checkGrowth(figures: readonly Figures[]): string[] {
  const third = Math.floor(figures.length / 3);
  const [middle, last] = [figures.slice(third, 2 * third), figures.slice(2 * third)];
  if (third < 3) return ['too short for figures'];
  const hours = ((figures.at(-1)?.minutes ?? 0) * 0.4) / 60;
  const growth = (medianOf(last, 'rssKib') - medianOf(middle, 'rssKib')) / hours;
  const [before, after] = [medianOf(middle, 'descriptors'), medianOf(last, 'descriptors')];
  const most = Math.max(...figures.map(({ descriptors }) => descriptors));
  console.log(
    `  growth ${(growth / 1024).toFixed(1)} MiB/h, descriptors ${before} to ${after} (at most ${most}), peak ${(Math.max(...figures.map(({ rssKib }) => rssKib)) / 1024).toFixed(1)} MiB`,
  );
  return [
    ...(growth > MAX_GROWTH_KIB ? [`memory grows by ${(growth / 1024).toFixed(1)} MiB/h`] : []),
    ...(after > before * 1.5 + 10 ? [`descriptors grow from ${before} to ${after}`] : []),
  ];
}

function medianOf(figures: readonly Figures[], key: 'rssKib' | 'descriptors'): number {
  const sorted = figures.map((each) => each[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

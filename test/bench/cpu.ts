import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { BINARY } from '../paths.ts';
import { cpuNanoseconds, residentBytes } from './tools/process-costs.ts';
import { type Finding, median } from './tools/report.ts';

const RUNS = 3;
/**
 * Start-up is measured elsewhere, and 8 s after it a V8 garbage collection takes 25 ms. Unit: milliseconds.
 */
const SETTLE_MS = 12_000;
const WINDOW_MS = 15_000;
const MIB = 1024 * 1024;

/** The CPU time and the maximum memory of cmemstat while the target sleeps. */
export async function measureCpu(): Promise<Finding[]> {
  const findings: Finding[] = [];
  const peaks: number[] = [];
  for (const [interval, atMost] of [
    ['10ms', 5],
    ['500ms', 0.3],
  ] as const) {
    const shares: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const { share, peakBytes } = await observe(interval);
      shares.push(share);
      peaks.push(peakBytes);
    }
    findings.push({
      name: `CPU time at --interval ${interval}`,
      value: median(shares),
      unit: '% of a core',
      atMost,
      detail: `${shares.map((share) => share.toFixed(2)).join(', ')} over ${WINDOW_MS / 1000} s each`,
    });
  }
  return [
    ...findings,
    {
      name: 'resident memory',
      value: Math.max(...peaks) / MIB,
      unit: 'MiB',
      atMost: 80,
      detail: `VmHWM, the largest of ${peaks.length} runs`,
    },
  ];
}

async function observe(interval: string): Promise<{ share: number; peakBytes: number }> {
  const seconds = String((SETTLE_MS + WINDOW_MS) / 1000 + 5);
  const child = spawn(process.execPath, [BINARY, '--quiet', '--interval', interval, '--', 'sleep', seconds], {
    stdio: 'ignore',
  });
  const ended = new Promise((settle) => child.once('exit', settle));
  await sleep(SETTLE_MS);
  const pid = child.pid ?? 0;
  const before = cpuNanoseconds(pid);
  const from = performance.now();
  await sleep(WINDOW_MS);
  const share = ((cpuNanoseconds(pid) - before) / 1e6 / (performance.now() - from)) * 100;
  const peakBytes = residentBytes(pid, 'VmHWM');
  child.kill('SIGTERM');
  await ended;
  return { share, peakBytes };
}

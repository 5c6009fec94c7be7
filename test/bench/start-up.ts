import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type Finding, median } from './report.ts';

const BINARY = resolve(import.meta.dirname, '../../bin/cmemstat.js');
const RUNS = 41;

/** How long the shortest run takes, beside the shortest program of Node.js itself. */
export async function measureStartUp(): Promise<Finding[]> {
  const commands = {
    'node -e 0': ['-e', '0'],
    'cmemstat --quiet -- true': [BINARY, '--quiet', '--', 'true'],
    'cmemstat --bpf-interval 0 --quiet -- true': [BINARY, '--bpf-interval', '0', '--quiet', '--', 'true'],
  };
  const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
  for (let run = 0; run < RUNS; run += 1) {
    for (const [name, args] of Object.entries(commands)) times.get(name)?.push(timeOf(args));
  }
  const [base = Number.NaN, ...others] = [...times.values()].map(median);
  return others.map((value, index) => ({
    name: `${[...times.keys()][index + 1]}, against node -e 0`,
    value: value / base,
    unit: 'times',
    atMost: 1.5,
    detail: `${value.toFixed(1)} ms against ${base.toFixed(1)} ms, medians of ${RUNS} in turn`,
  }));
}

/** Unit: milliseconds. */
function timeOf(args: readonly string[]): number {
  const before = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return performance.now() - before;
}

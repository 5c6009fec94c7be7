import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Finding } from './report.ts';

/** Memory that comes and goes with the garbage collector. Unit: MiB. */
const NOISE_MIB = 8;
const SAMPLES = [10_000, 1_000_000] as const;

/** What is still held after many samples: fed to the pipeline at once, in a process of its own each time. */
export async function measurePipelineMemory(): Promise<Finding[]> {
  const [few = Number.NaN, many = Number.NaN] = SAMPLES.map(residentAfter);
  return [
    {
      name: 'resident memory after 1,000,000 samples, beyond 10,000',
      value: many - few,
      unit: 'MiB',
      atMost: NOISE_MIB,
      detail: `${few.toFixed(1)} MiB after 10,000, ${many.toFixed(1)} MiB after 1,000,000`,
    },
    {
      name: 'resident memory after 1,000,000 samples',
      value: many,
      unit: 'MiB',
      atMost: 80,
      detail: 'after a garbage collection, aggregate and both sinks at work',
    },
  ];
}

/** Unit: MiB. */
function residentAfter(samples: number): number {
  const feeder = resolve(import.meta.dirname, 'feed-pipeline.ts');
  const bundle = `/tmp/cmemstat-bench-feed-${process.pid}.cjs`;
  const esbuild = resolve(import.meta.dirname, '../../node_modules/.bin/esbuild');
  spawnSync(esbuild, [
    feeder,
    '--bundle',
    '--platform=node',
    '--format=cjs',
    `--outfile=${bundle}`,
    '--log-level=error',
  ]);
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', bundle, String(samples)], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return Number(stdout) / 1024 / 1024;
}

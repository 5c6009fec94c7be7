import { findNodes, type Node } from './tools/nodes.ts';
import type { Finding } from './tools/report.ts';
import { runBundled } from './tools/run-bundled.ts';

/** Memory that is allocated and collected repeatedly. Unit: MiB. */
const NOISE_MIB = 8;
const SAMPLES = [10_000, 1_000_000] as const;

/** The memory still in use after many samples, fed to the pipeline at once in separate processes. */
export async function measurePipelineMemory(): Promise<Finding[]> {
  return findNodes().flatMap(measureUnder);
}

function measureUnder(node: Node): Finding[] {
  const [few = Number.NaN, many = Number.NaN] = SAMPLES.map((samples) => residentAfter(samples, node));
  return [
    {
      name: `resident memory after 1,000,000 samples, beyond 10,000, Node.js ${node.major}`,
      value: many - few,
      unit: 'MiB',
      atMost: NOISE_MIB,
      detail: `${few.toFixed(1)} MiB after 10,000, ${many.toFixed(1)} MiB after 1,000,000`,
    },
    {
      name: `resident memory after 1,000,000 samples, Node.js ${node.major}`,
      value: many,
      unit: 'MiB',
      atMost: 80,
      detail: 'after a garbage collection, aggregate and both sinks at work',
    },
  ];
}

/** Unit: MiB. */
function residentAfter(samples: number, { path }: Node): number {
  return Number(runBundled('feed-pipeline.ts', [String(samples)], ['--expose-gc'], path)) / 1024 / 1024;
}

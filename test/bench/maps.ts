import { openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { BINARY } from '../paths.ts';
import { timeInTurn } from './tools/in-turn.ts';
import { withMaps } from './tools/many-maps.ts';
import { findNodes } from './tools/nodes.ts';
import type { Finding } from './tools/report.ts';

const RUNS = 15;

/** The duration of `cmemstat maps` by number of maps, compared with bpftool, which prints less per map. */
export async function measureMaps(): Promise<Finding[]> {
  const bpf = await openBpf();
  return [
    ...(await withMaps(bpf, 1_000, () => measureListing(1_000, 4))),
    ...(await withMaps(bpf, 10_000, () => measureListing(10_000, 1))),
  ];
}

function measureListing(count: number, atMost: number): Finding[] {
  return findNodes().flatMap(({ major, path }) => {
    const { bpftool, ...ours } = timeInTurn(
      {
        bpftool: ['bpftool', 'map', '-j'],
        'maps --json': [path, BINARY, 'maps', '--json'],
        'maps --format bpftool': [path, BINARY, 'maps', '--format', 'bpftool'],
        maps: [path, BINARY, 'maps'],
      },
      RUNS,
    );
    return Object.entries(ours).map(([command, ms]) => ({
      name: `cmemstat ${command}, ${count.toLocaleString('en')} maps, against bpftool map -j, Node.js ${major}`,
      value: ms / bpftool,
      unit: 'times',
      atMost: command === 'maps --json' ? atMost : undefined,
      detail: `${ms.toFixed(0)} ms against ${bpftool.toFixed(0)} ms, medians of ${RUNS} in turn`,
    }));
  });
}

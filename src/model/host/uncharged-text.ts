/** Memory that no cgroup is charged for, as a row and in words. */
import {
  type FiguresOfCgroup,
  UNCHARGED_PARTS,
  type UnchargedMemory,
  type UnchargedPart,
} from './host-cgroups.ts';

/** The name of its row. */
export const UNCHARGED_NAME = '(charged to no cgroup)';

/** The figures of its row. */
export function unchargedFigures({ bytes, parts: { slab, bpf } }: UnchargedMemory): FiguresOfCgroup {
  return {
    current: bytes,
    ...(slab === undefined ? {} : { slab }),
    ...(bpf === undefined ? {} : { bpf }),
  };
}

const PART_TEXTS: Readonly<Record<UnchargedPart, string>> = {
  hugetlb: 'huge pages (hugetlb)',
  slab: 'slab',
  kernel_stack: 'kernel stacks',
  pagetables: 'page tables',
  bpf: 'per-CPU memory of BPF maps',
  percpu: 'other per-CPU memory',
  kernel: 'slab, kernel stacks, page tables and other per-CPU memory',
  other: 'buffers of drivers and perf, kernel pages and the like',
};

/** One line; parts of 0 bytes are left out. */
export function unchargedText({ bytes, parts }: UnchargedMemory, size: (bytes: number) => string): string {
  const known = UNCHARGED_PARTS.flatMap((part) => {
    const value = parts[part];
    return value === undefined || value === 0 ? [] : [`${PART_TEXTS[part]} ${size(value)}`];
  });
  return `charged to no cgroup: ${size(bytes)}${known.length === 0 ? '' : ` (${known.join(', ')})`}`;
}

/** Memory that no cgroup is charged for, in words. */
import { UNCHARGED_PARTS, type UnchargedMemory, type UnchargedPart } from './host-cgroups.ts';

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

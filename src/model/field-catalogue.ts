/**
 * Catalogue of the figures: unit, kind and source. Shared by the summary, the docs and the views.
 */
import type { Mode } from './sample.ts';

/** One figure. */
export interface Field {
  id: string;
  unit: 'bytes' | 'count' | 'percent' | 'microseconds';
  /** A gauge may rise and fall; a counter only increases. */
  kind: 'gauge' | 'counter';
  /** A one-line description. */
  meaning: string;
  /** The file or computation that it comes from, by mode; modes without it are left out. */
  source: Partial<Record<Mode, string>>;
  /** The first Linux release that provides it on cgroup v2; absent if all do. */
  since?: string;
}

const stat = (v1?: string): Field['source'] =>
  v1 === undefined ? { cgroup2: 'memory.stat' } : { cgroup2: 'memory.stat', cgroup1: `memory.stat ${v1}` };

const bytes = (id: string, meaning: string, source: Field['source'], since?: string): Field => ({
  id,
  unit: 'bytes',
  kind: 'gauge',
  meaning,
  source,
  ...(since === undefined ? {} : { since }),
});

/** The fields that our own views name. Other keys of memory.stat keep the kernel's names. */
export const FIELDS: readonly Field[] = [
  bytes('current', 'all memory charged to the cgroup', {
    cgroup2: 'memory.current',
    cgroup1: 'memory.usage_in_bytes',
  }),
  bytes(
    'peak',
    'the highest memory.current ever',
    { cgroup2: 'memory.peak', cgroup1: 'memory.max_usage_in_bytes', 'process-tree': 'sampled' },
    '5.19',
  ),
  bytes('workingset', 'current without the page cache that can be dropped', {
    cgroup2: 'memory.current - inactive_file',
    cgroup1: 'memory.usage_in_bytes - total_inactive_file',
  }),
  bytes('anon', 'heap, stacks and other private memory', stat('total_rss')),
  bytes('file', 'page cache, shared memory and tmpfs included', stat('total_cache')),
  bytes(
    'kernel',
    'kernel memory, BPF maps and programs included',
    { cgroup2: 'memory.stat', cgroup1: 'memory.kmem.usage_in_bytes' },
    '5.18',
  ),
  bytes('shmem', 'shared memory and tmpfs, part of file', stat('total_shmem')),
  bytes('inactive_file', 'page cache that is dropped first, part of file', stat('total_inactive_file')),
  bytes('slab', 'kernel objects, part of kernel', stat()),
  bytes('kernel_stack', 'stacks of threads in the kernel, part of kernel', stat()),
  bytes('pagetables', 'page tables, part of kernel', stat(), '5.11'),
  bytes('percpu', 'per-CPU memory, part of kernel', stat(), '5.9'),
  bytes('vmalloc', 'virtually mapped kernel memory, part of kernel', stat(), '5.17'),
  bytes('sock', 'network buffers', stat()),
  bytes('swap', 'swapped out', { cgroup2: 'memory.swap.current', cgroup1: 'memory.stat total_swap' }),
  bytes('rss', 'sum of resident set sizes, shared pages counted once for each process', {
    'process-tree': '/proc/<pid>/stat (pidusage)',
  }),
  bytes('pss', 'sum of proportional set sizes', { 'process-tree': '/proc/<pid>/smaps_rollup' }),
];

const BY_ID = new Map(FIELDS.map((field) => [field.id, field]));

/** The source of a field in one mode; undefined if the mode does not have it. */
export function sourceOf(id: string, mode: Mode): string | undefined {
  return BY_ID.get(id)?.source[mode];
}

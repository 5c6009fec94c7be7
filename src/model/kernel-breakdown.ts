/** The composition of a leaf's kernel memory. */
import type { BpfTotals } from './bpf-totals.ts';
import type { Sample } from './sample.ts';

/** One part of the kernel memory. */
export interface KernelTerm {
  id: string;
  /**
   * Negative for `unexplained` if the sum of the parts, some of which are computed, exceeds the total. Unit:
   * bytes.
   */
  bytes: number;
  /** The source of the figure. */
  source: string;
  /** Whether the kernel takes more than it says: the rest is in the terms below. */
  atLeast?: true;
}

/** The parts and their sum: `kernel` is exactly the sum of `terms`. */
export interface KernelBreakdown {
  kernel: number;
  terms: KernelTerm[];
  /** What could not be attributed. */
  notes: string[];
}

const AT_LEAST_NOTE =
  'bpf maps are at least this: the kernel understates some types (LPM tries, per-CPU hashes without preallocation, arenas, local storage); the rest is in the other lines';

/** A sample with a reading of BPF memory. */
export type BpfMoment = Pick<Sample, 'elapsedMs' | 'kernel' | 'stat'> & { bpf: BpfTotals };

/**
 * Kernel memory of a sample and of a BPF reading may differ by this much, or this share of the BPF memory.
 */
const SAME_KERNEL_BYTES = 256 * 1024;
const SAME_KERNEL_SHARE = 0.05;

/**
 * The BPF memory of a sample: its own reading, or, if that does not say what was charged, one of another time
 * if kernel memory was the same then. Undefined if neither is known: maps may have been created or removed
 * between the two times.
 */
export function bpfOf(sample: Sample, reading: BpfMoment | undefined): BpfTotals | undefined {
  if (sample.bpf?.charged !== undefined || reading === undefined) return sample.bpf;
  const [now, then] = [memoryWithBpf(sample), memoryWithBpf(reading)];
  if (now === undefined || then === undefined) return sample.bpf;
  const { charged } = reading.bpf;
  const bytes = (charged?.maps.bytes ?? 0) + (charged?.programs.bytes ?? 0);
  const isSame = Math.abs(now - then) <= Math.max(SAME_KERNEL_BYTES, bytes * SAME_KERNEL_SHARE);
  return isSame ? reading.bpf : sample.bpf;
}

/** Kernel memory without the counters that include no BPF memory. */
function memoryWithBpf({ kernel, stat }: Pick<Sample, 'kernel' | 'stat'>): number | undefined {
  if (kernel === undefined) return undefined;
  return APART.reduce((bytes, id) => bytes - (stat?.[id] ?? 0), kernel);
}

/** Counters of memory.stat that do not include BPF memory. */
const APART = ['kernel_stack', 'pagetables', 'sec_pagetables', 'zswap'] as const;

/** Counters of memory.stat that also include BPF memory. */
const SHARED = ['vmalloc', 'percpu', 'slab'] as const;

/**
 * Breaks `kernel` down into BPF maps and programs, the counters of memory.stat without them, and the rest. No
 * byte is counted twice. Undefined without a total of kernel memory.
 * @param withoutBpf the note if the BPF memory that was charged is unknown.
 */
export function breakKernelDown(
  sample: Sample,
  bpf: BpfTotals | undefined,
  withoutBpf = 'BPF memory could not be attributed',
): KernelBreakdown | undefined {
  const { kernel, stat } = sample;
  if (kernel === undefined) return undefined;
  const terms: KernelTerm[] = [];
  const notes: string[] = [];
  const charged = bpf?.charged;
  if (charged !== undefined) {
    const { bytes, atLeast } = charged.maps;
    const source = 'BPF map iterator; memlock or a formula';
    terms.push({ id: 'bpf maps', bytes, source, ...(atLeast === undefined ? {} : { atLeast }) });
    if (atLeast !== undefined) notes.push(AT_LEAST_NOTE);
    terms.push({ id: 'bpf programs', bytes: charged.programs.bytes, source: 'BPF program iterator, pages' });
  } else notes.push(withoutBpf);
  for (const id of APART) {
    const bytes = stat?.[id];
    if (bytes !== undefined) terms.push({ id, bytes, source: 'memory.stat' });
  }
  for (const id of SHARED) {
    const bytes = stat?.[id];
    if (bytes === undefined) continue;
    const ofBpf = charged?.places[id] ?? 0;
    const rest = Math.max(0, bytes - ofBpf);
    terms.push(
      ofBpf === 0
        ? { id, bytes, source: 'memory.stat' }
        : {
            id: `${id} (rest)`,
            bytes: rest,
            source: `memory.stat less the BPF memory in it, estimated by the maps' sizes`,
          },
    );
  }
  const explained = terms.reduce((sum, { bytes }) => sum + bytes, 0);
  terms.push({ id: 'unexplained', bytes: kernel - explained, source: 'kernel less all of the above' });
  if (stat?.slab === undefined)
    notes.push('this cgroup has no breakdown of kernel memory: all but BPF is unexplained');
  if (stat?.sock !== undefined && stat.sock > 0)
    notes.push('sock is not in kernel: the kernel counts it beside it');
  return { kernel, terms, notes };
}

/** What the kernel memory of a leaf consists of. */
import type { BpfTotals } from './bpf-totals.ts';
import type { Sample } from './sample.ts';

/** One part of the kernel memory. */
export interface KernelTerm {
  id: string;
  /**
   * Unit: bytes. `unexplained` is negative where the parts, some of them computed, sum up to more than the
   * total.
   */
  bytes: number;
  /** Where it comes from. */
  source: string;
}

/** The parts and their sum: `kernel` is exactly what `terms` add up to. */
export interface KernelBreakdown {
  kernel: number;
  terms: KernelTerm[];
  /** What could not be attributed. */
  notes: string[];
}

/** Counters of memory.stat that no BPF memory is in. */
const APART = ['kernel_stack', 'pagetables', 'sec_pagetables'] as const;

/** Counters of memory.stat that BPF memory is in too. */
const SHARED = ['vmalloc', 'percpu', 'slab'] as const;

/**
 * Takes `kernel` apart: BPF maps and programs, what memory.stat counts by kind without them, and the rest. No
 * byte is in two terms. Undefined where there is no total of kernel memory.
 */
export function breakKernelDown(sample: Sample, bpf: BpfTotals | undefined): KernelBreakdown | undefined {
  const { kernel, stat } = sample;
  if (kernel === undefined) return undefined;
  const terms: KernelTerm[] = [];
  const notes: string[] = [];
  const charged = bpf?.charged;
  if (charged !== undefined) {
    terms.push({
      id: 'bpf maps',
      bytes: charged.maps.bytes,
      source: "BPF map iterator; memlock or the kernel's formula",
    });
    terms.push({ id: 'bpf programs', bytes: charged.programs.bytes, source: 'BPF program iterator, pages' });
  } else notes.push('BPF memory could not be attributed');
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

import type { BpfAttribution } from './bpf-inventory.ts';

/** How many BPF objects there are and what the kernel says that they take. */
export interface BpfCount {
  count: number;
  /**
   * The sum of what the kernel says that they take. Unit: bytes.
   * Source: `memlock` in `/proc/self/fdinfo`. A guess before Linux 6.4; see docs.
   */
  memlock: number;
}

/** How many BPF objects there are and what they take. */
export interface BpfSize {
  count: number;
  /** `memlock` where that is exact, else computed by the kernel's own formula. Unit: bytes. */
  bytes: number;
}

/**
 * Which counters of memory.stat the charged memory is in, by the kind and the size of each map: areas above 8
 * pages are virtually mapped, smaller ones slab objects. An estimate. Unit: bytes.
 */
export interface BpfPlaces {
  vmalloc: number;
  slab: number;
  percpu: number;
  /** Pages that are in `kernel` and in no other counter: ring buffers. */
  pages: number;
}

/** What a walk over all ids gives. */
export type HostBpfTotals = Required<Pick<BpfTotals, 'host' | 'held'>>;

/** The BPF maps and programs of one sample; in each group each object counts once. */
export interface BpfTotals {
  /** How objects found their owner: by the kernel's own record of the charge, or by who holds them. */
  attribution: BpfAttribution;
  /** Charged to the leaf: its maps without their uncharged part, and its programs. Absent unless `memcg`. */
  charged?: { maps: BpfSize; programs: BpfSize; places: BpfPlaces };
  /**
   * Maps of the leaf with memory that no cgroup is charged for (preallocated percpu): that part. Absent
   * unless `memcg`.
   */
  uncharged?: { maps: BpfSize };
  /** Maps that the leaf's processes hold and that are charged elsewhere (pinned before, made by others). */
  heldElsewhere?: { maps: BpfSize };
  /** Maps of the leaf that no process and no pin holds, only programs. */
  anonymous?: { maps: BpfSize };
  /** All of this host. Absent without CAP_SYS_ADMIN. */
  host?: { maps: BpfCount; programs: BpfCount };
  /**
   * Those that the target's processes hold open: its maps and programs, the programs of its links, and the
   * maps that those programs use. Absent without CAP_SYS_ADMIN.
   */
  held?: { maps: BpfCount; programs: BpfCount };
}

import type { BpfAttribution } from './bpf-inventory.ts';

/** Number of BPF objects and their memory as reported by the kernel. */
export interface BpfCount {
  count: number;
  /**
   * The sum of the kernel's figures. Unit: bytes.
   * Source: `memlock` in `/proc/self/fdinfo`. A guess before Linux 6.4; see docs.
   */
  memlock: number;
}

/** Number of BPF objects and their memory. */
export interface BpfSize {
  count: number;
  /** `memlock` if it is exact, otherwise computed by the kernel's own formula. Unit: bytes. */
  bytes: number;
  /** Whether the kernel understates one of them. */
  atLeast?: true;
}

/**
 * The counters of memory.stat that include the charged memory, by type and size of each map: areas above 8
 * pages are virtually mapped, smaller ones are slab objects. An estimate. Unit: bytes.
 */
export interface BpfPlaces {
  vmalloc: number;
  slab: number;
  percpu: number;
  /** Pages that are in `kernel` but in no other counter: ring buffers. */
  pages: number;
}

/** The totals that a walk over all ids provides. */
export type HostBpfTotals = Required<Pick<BpfTotals, 'host' | 'held'>>;

/** The BPF maps and programs of one sample; within a group each object counts once. */
export interface BpfTotals {
  /**
   * How objects are attributed: by the cgroup that the kernel charges, or by the processes that hold them.
   */
  attribution: BpfAttribution;
  /** Charged to the leaf: its maps without their uncharged part, and its programs. Absent unless `memcg`. */
  charged?: { maps: BpfSize; programs: BpfSize; places: BpfPlaces };
  /**
   * The uncharged memory (preallocated per-CPU) of maps of the leaf. Absent unless `memcg`.
   */
  uncharged?: { maps: BpfSize };
  /**
   * Maps that the leaf's processes hold but that are charged elsewhere (pinned earlier, or created by
   * others).
   */
  heldElsewhere?: { maps: BpfSize };
  /**
   * Maps of `charged` or `heldElsewhere` that were charged to a cgroup that was removed since, so that one
   * above it pays for them: what a restarted agent has left. Absent if there are none, and unless `memcg`.
   */
  orphaned?: { maps: BpfSize };
  /** Maps of the leaf that only programs reference, without a descriptor or pin. */
  anonymous?: { maps: BpfSize };
  /** Totals of this host. Absent without CAP_SYS_ADMIN. */
  host?: { maps: BpfCount; programs: BpfCount };
  /**
   * Objects that the target's processes hold open: maps and programs, the programs of their links, and the
   * maps that those programs use. Absent without CAP_SYS_ADMIN.
   */
  held?: { maps: BpfCount; programs: BpfCount };
}

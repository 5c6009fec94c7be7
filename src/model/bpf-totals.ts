/** How many BPF objects there are and what they take. */
export interface BpfCount {
  count: number;
  /**
   * The sum of what the kernel says that they take. Unit: bytes.
   * Source: `memlock` in `/proc/self/fdinfo`. A guess before Linux 6.4; see docs.
   */
  memlock: number;
}

/** The BPF maps and programs of one sample; each object counts once. */
export interface BpfTotals {
  /** All of this host. */
  host: { maps: BpfCount; programs: BpfCount };
  /**
   * Those that the target's processes hold open: its maps and programs, the programs of its links, and the maps that
   * those programs use.
   */
  held: { maps: BpfCount; programs: BpfCount };
}

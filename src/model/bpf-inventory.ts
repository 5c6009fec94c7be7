/** The BPF objects of a host with their owners and sizes, as of one read. */

/**
 * How objects are attributed to owners. `memcg`: maps by the memory cgroup that the kernel charges. `held`:
 * by the descriptors of processes, if the kernel does not report the charge, or not to us. `none`: nothing
 * could be read.
 */
export type BpfAttribution = 'memcg' | 'held' | 'none';

/** A process with a descriptor for an object. */
export interface ObjectHolderProcess {
  /** Process id in our pid namespace. */
  readonly pid: number;
  /** The name of its main thread, at most 15 characters. */
  readonly comm: string;
}

/**
 * The source of a map's `bytes`. `memlock`: the kernel's own figure. `formula`: computed like the kernel, if
 * `memlock` is an estimate (Linux 5.11 to 6.3) or if the formula is known to yield the same figure at lower
 * cost. `memlock-guess`: that estimate, if there is no formula.
 */
export type MapBytesSource = 'memlock' | 'formula' | 'memlock-guess';

/**
 * One map. Unit of sizes: bytes. Fields that the kernel does not report, or not with our capabilities, are
 * absent.
 */
export interface InventoryMap {
  readonly id: number;
  /** As printed by bpftool; the number for an unknown type. */
  readonly type: string;
  /** `BPF_MAP_TYPE_*`. */
  readonly map_type: number;
  /**
   * The full name if the map's BTF completes the 15 characters that the kernel stores; empty for maps without
   * a name.
   */
  readonly name: string;
  /** The name as stored by the kernel and printed by bpftool. */
  readonly kernelName: string;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly map_flags: number;
  /** Since: Linux 5.16; 0 before. */
  readonly map_extra: bigint;
  readonly frozen: boolean | undefined;
  /** Id of the BTF object that describes key and value; 0 if none. */
  readonly btf_id: number;
  /**
   * The type of programs that may use a prog_array, in the format of a program's `type`; absent for others
   * and until the first program uses it.
   */
  readonly owner_prog_type: string | undefined;
  readonly owner_jited: boolean | undefined;
  /** Reference count: descriptors, pins and programs. Only iterators report it. */
  readonly refcnt: number | undefined;
  /** The part of it from descriptors and pins. Only iterators report it. */
  readonly usercnt: number | undefined;
  /** Whether it is only referenced by programs or maps, not by user space: `usercnt` is 0. */
  readonly anonymous: boolean | undefined;
  /** Number of elements; for arrays, of non-zero elements if that was requested. */
  readonly elements: number | undefined;
  /** Unconsumed data in a ring buffer. */
  readonly backlogBytes: number | undefined;
  /** The kernel's figure in fdinfo. Absent if it was not needed, or without CAP_SYS_ADMIN. */
  readonly memlock: number | undefined;
  /** The result of the kernel's own formula with this kernel's structs. Absent for types without one. */
  readonly computedBytes: number | undefined;
  /** The memory of the map. */
  readonly bytes: number;
  readonly source: MapBytesSource;
  /** Whether the map takes more than `bytes`, because the kernel understates this type. */
  readonly atLeast: true | undefined;
  /** The part of `bytes` that is not charged to any cgroup: per-CPU memory allocated at creation. */
  readonly unchargedBytes: number;
  /**
   * The memory cgroup that it is charged to: the inode number of its directory. Absent for the root cgroup,
   * with `cgroup.memory=nobpf`, before Linux 5.11, and with `held`.
   */
  readonly cgroupId: bigint | undefined;
  /**
   * Whether the cgroup that it was charged to has been removed: its parent is charged now, before Linux 6.1
   * still the removed one. Absent where `cgroupId` is not known.
   */
  readonly orphaned: true | undefined;
  /**
   * Unchanged when the cgroup is removed and the charge moves to the parent; 0 if none. Only for comparison,
   * never print it.
   */
  readonly chargeIdentity: bigint;
  /** Empty unless holders were requested. */
  readonly holders: readonly ObjectHolderProcess[];
}

/**
 * Why a program belongs to the leaf. `held`: one of its processes has a descriptor for it or for a link of
 * it. `uses-maps`: it uses a map that is charged to the leaf.
 */
export type ProgramBelonging = 'held' | 'uses-maps';

/** One program. Sizes in bytes. */
export interface InventoryProgram {
  readonly id: number;
  /** As printed by bpftool; the number for an unknown type. */
  readonly type: string;
  /**
   * The full name if its BTF completes the 15 characters that the kernel stores; empty for programs without a
   * name.
   */
  readonly name: string;
  /** 16 hex digits. */
  readonly tag: string;
  /** The kernel's figure: the pages of its main function. */
  readonly memlock: number;
  /**
   * Includes the pages of its subprograms, which `memlock` omits; equal to it if only `memlock` is available.
   */
  readonly bytes: number;
  /** Length of the machine code, which neither includes; 0 if interpreted. */
  readonly jited_prog_len: number;
  /** The maps that it uses. */
  readonly map_ids: readonly number[];
  /** Empty unless holders were requested. */
  readonly holders: readonly ObjectHolderProcess[];
  /** Only in an inventory of one cgroup. */
  readonly belongs: ProgramBelonging | undefined;
}

/** One link. */
export interface InventoryLink {
  readonly id: number;
  /** As printed by bpftool; the number for an unknown type. */
  readonly type: string;
  /** The attached program; absent for a link without one (struct_ops). */
  readonly prog_id: number | undefined;
  /**
   * The map that it references: for struct_ops, a map element iterator or a sockmap; absent for others.
   */
  readonly map_id: number | undefined;
  /** Empty unless holders were requested. */
  readonly holders: readonly ObjectHolderProcess[];
}

/** The result of one read, each list in ascending order of ids; our own iterators are excluded. */
export interface InventorySnapshot {
  readonly maps: readonly InventoryMap[];
  readonly programs: readonly InventoryProgram[];
  readonly links: readonly InventoryLink[];
  /**
   * In an inventory of one cgroup with `memcg`: the maps that its processes hold, directly or through a
   * program or link, but that are charged elsewhere (pinned earlier, or created by another process).
   * Otherwise empty.
   */
  readonly heldElsewhere: readonly InventoryMap[];
  /**
   * In an inventory of one cgroup or of some processes: which of them have a descriptor for a map, by map id.
   */
  readonly cgroupHolders?: ReadonlyMap<number, readonly Pick<ObjectHolderProcess, 'pid'>[]>;
}

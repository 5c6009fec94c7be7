/** What BPF objects a host has, whose they are and what they take: the facts of one read. */

/**
 * How objects find their owner. `memcg`: maps by the memory cgroup that they are charged to, as the kernel
 * keeps it. `held`: by the descriptors that processes hold, since the kernel does not say more, or not to us.
 * `none`: nothing could be read.
 */
export type BpfAttribution = 'memcg' | 'held' | 'none';

/** A process with a descriptor of an object. */
export interface ObjectHolderProcess {
  /** As our own pid namespace counts. */
  readonly pid: number;
  /** The name of its main thread, at most 15 characters. */
  readonly comm: string;
}

/**
 * Where `bytes` of a map come from. `memlock`: the kernel's own figure. `formula`: computed as the kernel
 * would, where `memlock` is a guess (Linux 5.11 to 6.3) or where the formula is known to give the same figure
 * and was cheaper. `memlock-guess`: that guess, for want of a formula.
 */
export type MapBytesSource = 'memlock' | 'formula' | 'memlock-guess';

/**
 * One map. Unit of sizes: bytes. Fields that the kernel does not report, or not with these permissions, are
 * absent.
 */
export interface InventoryMap {
  readonly id: number;
  /** As bpftool prints it; the number for a type that is newer than we are. */
  readonly type: string;
  /** `BPF_MAP_TYPE_*`. */
  readonly map_type: number;
  /**
   * The full name if the BTF of the map completes the 15 characters that the kernel keeps; empty for maps
   * without a name.
   */
  readonly name: string;
  /** The name as the kernel keeps it, and as bpftool prints it. */
  readonly kernelName: string;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly map_flags: number;
  /** Since: Linux 5.16; 0 before. */
  readonly map_extra: bigint;
  readonly frozen: boolean | undefined;
  /** The BTF object that describes key and value; 0 where the map has none. */
  readonly btf_id: number;
  /**
   * The type of programs that may use a prog_array, as `type` of a program; absent for others and until the
   * first one does.
   */
  readonly owner_prog_type: string | undefined;
  readonly owner_jited: boolean | undefined;
  /** The number of references: descriptors, pins and programs. Only iterators report it. */
  readonly refcnt: number | undefined;
  /** The descriptors and pins among them. Only iterators report it. */
  readonly usercnt: number | undefined;
  /** Whether only programs (or maps) hold it and user space does not: `usercnt` is 0. */
  readonly anonymous: boolean | undefined;
  /** How many elements are in it; of arrays those that are not all zero, where that was asked for. */
  readonly elements: number | undefined;
  /** What waits in a ring buffer. */
  readonly backlogBytes: number | undefined;
  /** What the kernel says that it takes. Absent where it was not needed, or needs CAP_SYS_ADMIN. */
  readonly memlock: number | undefined;
  /** What the kernel's own formula gives, with this kernel's structs. Absent for types without one. */
  readonly computedBytes: number | undefined;
  /** What it takes. */
  readonly bytes: number;
  readonly source: MapBytesSource;
  /** The part of `bytes` that no cgroup is charged for: percpu memory that was allocated with the map. */
  readonly unchargedBytes: number;
  /**
   * The memory cgroup that it is charged to: the inode number of its directory. Absent for the root cgroup,
   * with `cgroup.memory=nobpf`, before Linux 5.11, and with `held`.
   */
  readonly cgroupId: bigint | undefined;
  /**
   * Stays the same when the cgroup is removed and the charge moves to the parent; 0 for none. To compare,
   * never to print.
   */
  readonly chargeIdentity: bigint;
  /** Empty unless holders were asked for. */
  readonly holders: readonly ObjectHolderProcess[];
}

/**
 * Why a program counts as the leaf's. `held`: one of its processes has a descriptor of it or of a link of it.
 * `uses-maps`: it uses a map that is charged to the leaf.
 */
export type ProgramBelonging = 'held' | 'uses-maps';

/** One program. Sizes in bytes. */
export interface InventoryProgram {
  readonly id: number;
  /** As bpftool prints it; the number for a type that is newer than we are. */
  readonly type: string;
  /**
   * The full name if its BTF completes the 15 characters that the kernel keeps; empty for programs without a
   * name.
   */
  readonly name: string;
  /** 16 hex digits. */
  readonly tag: string;
  /** What the kernel says: the pages of its main function. */
  readonly memlock: number;
  /**
   * With the pages of its other functions, which are in no `memlock`; equal to it where only `memlock` can be
   * read.
   */
  readonly bytes: number;
  /** Length of the machine code, which is in neither; 0 where the program is interpreted. */
  readonly jited_prog_len: number;
  /** The maps that it uses. */
  readonly map_ids: readonly number[];
  /** Empty unless holders were asked for. */
  readonly holders: readonly ObjectHolderProcess[];
  /** Only in an inventory of one cgroup. */
  readonly belongs: ProgramBelonging | undefined;
}

/** One link. */
export interface InventoryLink {
  readonly id: number;
  /** As bpftool prints it; the number for a type that is newer than we are. */
  readonly type: string;
  /** The program that it attaches; absent for a link without one (struct_ops). */
  readonly prog_id: number | undefined;
  /**
   * The map that it holds: of struct_ops, of an iterator over a map's elements, of a sockmap; absent for
   * others.
   */
  readonly map_id: number | undefined;
  /** Empty unless holders were asked for. */
  readonly holders: readonly ObjectHolderProcess[];
}

/** All of one read, each list by ascending id; our own iterators are left out. */
export interface InventorySnapshot {
  readonly maps: readonly InventoryMap[];
  readonly programs: readonly InventoryProgram[];
  readonly links: readonly InventoryLink[];
  /**
   * In an inventory of one cgroup with `memcg`: the maps that its processes hold, directly or through a
   * program or link, and that are charged elsewhere (pinned before, or made by another). Else empty.
   */
  readonly heldElsewhere: readonly InventoryMap[];
  /**
   * In an inventory of one cgroup or of some processes: who of them has a descriptor of a map, by the map's
   * id.
   */
  readonly cgroupHolders?: ReadonlyMap<number, readonly Pick<ObjectHolderProcess, 'pid'>[]>;
}

/** Sizes of the kernel structs that map memory consists of, from the kernel's BTF. */
import type { Btf } from '../btf/btf.ts';

/** Sizes by the kernel's struct name; absent if this kernel lacks the struct. Unit: bytes. */
type StructSizes = Readonly<Partial<Record<MapStruct, number>>>;

/**
 * The structs that the formulas use.
 * Source: kernel/bpf/*.c, net/core/sock_map.c, net/xdp/xskmap.c
 */
export type MapStruct = (typeof structs)[number] | 'bucket';

const structs = [
  'bpf_array',
  'bpf_bloom_filter',
  'bpf_cgroup_storage_map',
  'bpf_cpu_map',
  'bpf_dtab',
  'bpf_dtab_netdev',
  'bpf_htab',
  'bpf_insn_array',
  'bpf_insn_array_value',
  'bpf_local_storage_map',
  'bpf_local_storage_map_bucket',
  'bpf_queue_stack',
  'bpf_rhtab',
  'bpf_ringbuf',
  'bpf_ringbuf_map',
  'bpf_shtab',
  'bpf_shtab_bucket',
  'bpf_shtab_elem',
  'bpf_stab',
  'bpf_stack_map',
  'htab_elem',
  'lpm_trie_node',
  'reuseport_array',
  'rhtab_elem',
  'stack_map_bucket',
  'xsk_map',
] as const;

/**
 * Properties of a kernel, running or not, that can be read from its BTF; plain data that can be cached.
 */
export interface MapKernelFacts {
  readonly sizes: StructSizes;
  /** Unit: bytes. */
  readonly pageSize: number;
  /**
   * The meaning of `memlock` in fdinfo. `usage`: computed by the type's `map_mem_usage` callback, since Linux
   * 6.4. `guess`: estimated from entries, key and value size, 5.11 to 6.3. `pages`: charged to the user at
   * creation, until 5.10.
   */
  readonly memlockMeans: 'usage' | 'guess' | 'pages';
  /** Whether a hash of maps has one spare element per CPU, like an ordinary hash. */
  readonly spareElementsInHashOfMaps: boolean;
  /**
   * Whether the memory usage of a hash includes 8 lock counters per CPU: some kernels include them although
   * they no longer exist. `undefined` if BTF does not reveal it and no probe map was created.
   */
  readonly lockCountersInHash: boolean | undefined;
  /** Whether an instruction array includes its list of addresses. */
  readonly addressesInInsnArray: boolean;
}

/** Whether parsed JSON has the shape of the facts, and every size is one that a struct or page can have. */
export function isMapKernelFacts(value: unknown): value is MapKernelFacts {
  if (typeof value !== 'object' || value === null) return false;
  const facts = value as Partial<MapKernelFacts>;
  const isSize = (size: unknown) =>
    Number.isInteger(size) && (size as number) > 0 && (size as number) < 2 ** 20;
  const isBoolean = (fact: unknown) => typeof fact === 'boolean';
  return (
    typeof facts.sizes === 'object' &&
    facts.sizes !== null &&
    Object.entries(facts.sizes).every(([name, size]) => isMapStruct(name) && isSize(size)) &&
    isSize(facts.pageSize) &&
    ['usage', 'guess', 'pages'].includes(facts.memlockMeans ?? '') &&
    isBoolean(facts.spareElementsInHashOfMaps) &&
    isBoolean(facts.lockCountersInHash ?? false) &&
    isBoolean(facts.addressesInInsnArray)
  );
}

function isMapStruct(name: string): boolean {
  return name === 'bucket' || structs.some((struct) => struct === name);
}

/** The kernel and machine of an existing or planned map. */
export interface MapHost extends MapKernelFacts {
  /**
   * The CPUs that could ever be there, not those that are on line. Source: /sys/devices/system/cpu/possible.
   */
  readonly possibleCpus: number;
}

/**
 * Reads the properties from a kernel's BTF.
 * Source: /sys/kernel/btf/vmlinux, or that file of another kernel.
 * @throws KernelFileError if the BTF is damaged.
 */
export function readMapKernelFacts(btf: Btf): MapKernelFacts {
  const sizes: Partial<Record<MapStruct, number>> = {};
  for (const name of structs) {
    const id = btf.findStruct(name);
    if (id !== undefined) sizes[name] = btf.sizeOf(id);
  }
  // Other subsystems also define a `struct bucket` (bcache): use the one that a hash points to.
  const bucket = btf.pointeeOf('bpf_htab', 'buckets');
  if (bucket !== undefined) sizes.bucket = btf.sizeOf(bucket);
  const memlockMeans = memlockMeaning(btf);
  const locked = btf.findMember('bpf_htab', 'map_locked') !== undefined;
  return {
    sizes,
    pageSize: pageSizeOf(btf),
    memlockMeans,
    // The commit that removed the spare elements gave this function its name.
    spareElementsInHashOfMaps: btf.findFunc('htab_map_update_elem_in_place') === undefined,
    lockCountersInHash: locked || (memlockMeans === 'usage' ? undefined : false),
    addressesInInsnArray: btf.findMember('bpf_insn_array', 'ips') !== undefined,
  };
}

function memlockMeaning(btf: Btf): MapKernelFacts['memlockMeans'] {
  if (btf.findFunc('htab_map_mem_usage') !== undefined) return 'usage';
  return btf.findMember('bpf_map', 'memory') === undefined ? 'guess' : 'pages';
}

/** The consumer and producer positions of a ring buffer have a page each. */
function pageSizeOf(btf: Btf): number {
  const consumer = btf.memberOffset('bpf_ringbuf', 'consumer_pos');
  const producer = btf.memberOffset('bpf_ringbuf', 'producer_pos');
  return consumer === undefined || producer === undefined ? 4096 : producer - consumer;
}

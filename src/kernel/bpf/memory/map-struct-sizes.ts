/** The sizes of the kernel's own structs that the memory of a map is made of, from the kernel's BTF. */
import type { Btf } from '../btf/btf.ts';

/** The structs by the name that the kernel gives them; one that this kernel lacks is absent. Unit: bytes. */
type StructSizes = Readonly<Partial<Record<MapStruct, number>>>;

/**
 * The structs that the formulas need.
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
 * What can be read of a kernel, the running one or another, without asking it: plain data that can be kept in
 * a cache.
 */
export interface MapKernelFacts {
  readonly sizes: StructSizes;
  /** Unit: bytes. */
  readonly pageSize: number;
  /**
   * What `memlock` in fdinfo is. `usage`: computed by the type's own callback, `map_mem_usage`, since Linux
   * 6.4. `guess`: from entries, key and value alone, 5.11 to 6.3. `pages`: what was charged to the user when
   * the map was made, until 5.10.
   */
  readonly memlockMeans: 'usage' | 'guess' | 'pages';
  /** Whether a hash of maps has one spare element per CPU, as an ordinary hash has. */
  readonly spareElementsInHashOfMaps: boolean;
  /**
   * Whether the usage of a hash counts 8 lock counters per CPU: kernels that have none any more count them to
   * this day, until one day they don't. `undefined` if BTF does not contain it and no probe map was created.
   */
  readonly lockCountersInHash: boolean | undefined;
  /** Whether an array of instructions counts its list of addresses. */
  readonly addressesInInsnArray: boolean;
}

/** The kernel and the machine that a map is, or would be, on. */
export interface MapHost extends MapKernelFacts {
  /**
   * The CPUs that could ever be there, not those that are on line. Source: /sys/devices/system/cpu/possible.
   */
  readonly possibleCpus: number;
}

/**
 * The facts in a kernel's BTF.
 * Source: /sys/kernel/btf/vmlinux, or that file of another kernel.
 * @throws KernelFileError when the BTF is damaged.
 */
export function readMapKernelFacts(btf: Btf): MapKernelFacts {
  const sizes: Partial<Record<MapStruct, number>> = {};
  for (const name of structs) {
    const id = btf.findStruct(name);
    if (id !== undefined) sizes[name] = btf.sizeOf(id);
  }
  // Other drivers have a `struct bucket` too (bcache): only this one hangs on a hash.
  const bucket = btf.pointeeOf('bpf_htab', 'buckets');
  if (bucket !== undefined) sizes.bucket = btf.sizeOf(bucket);
  const memlockMeans = memlockMeaning(btf);
  const locked = btf.findMember('bpf_htab', 'map_locked') !== undefined;
  return {
    sizes,
    pageSize: pageSizeOf(btf),
    memlockMeans,
    // The change that took the spare elements away is the one that gave this function its name.
    spareElementsInHashOfMaps: btf.findFunc('htab_map_update_elem_in_place') === undefined,
    lockCountersInHash: locked || (memlockMeans === 'usage' ? undefined : false),
    addressesInInsnArray: btf.findMember('bpf_insn_array', 'ips') !== undefined,
  };
}

function memlockMeaning(btf: Btf): MapKernelFacts['memlockMeans'] {
  if (btf.findFunc('htab_map_mem_usage') !== undefined) return 'usage';
  return btf.findMember('bpf_map', 'memory') === undefined ? 'guess' : 'pages';
}

/** The positions of the consumer and of the producer of a ring buffer have a page each. */
function pageSizeOf(btf: Btf): number {
  const consumer = btf.memberOffset('bpf_ringbuf', 'consumer_pos');
  const producer = btf.memberOffset('bpf_ringbuf', 'producer_pos');
  return consumer === undefined || producer === undefined ? 4096 : producer - consumer;
}

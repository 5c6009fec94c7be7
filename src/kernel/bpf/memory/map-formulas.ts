/**
 * One formula per map type, after the kernel's `map_mem_usage` callbacks; and the estimate that older kernels
 * report for all types.
 */
import { BPF_F_NO_PREALLOC, type MapTypeName, mapTypeName, mapTypeNumber } from '../sys/bpf-enums.ts';
import type { MapHost, MapStruct } from './map-struct-sizes.ts';

/** The definition of a map, with the field names of bpf(2): a `MapInfo` or a `MapSpec`. */
export interface MapShape {
  readonly map_type: number;
  /** Unit: bytes. */
  readonly key_size: number;
  /** Unit: bytes. */
  readonly value_size: number;
  /** Entries; for a ring buffer, bytes; for an arena, pages. */
  readonly max_entries: number;
  readonly map_flags?: number | undefined;
  /** Number of hash functions of a bloom filter. */
  readonly map_extra?: bigint | undefined;
}

/** The result of a formula. Unit: bytes. */
interface MapTerms {
  readonly bytes: number;
  readonly unchargedPercpuBytes?: number;
  /** Size per live element; absent for types that allocate everything at creation. */
  readonly perElement?: number;
  readonly omits?: 'elements' | 'inner maps' | 'pages';
  /** Whether the formula has two variants and this kernel's is unknown. */
  readonly uncertain?: boolean;
}

/** Computes the memory of one map type; `undefined` if this kernel lacks a struct that the type needs. */
type MapFormula = (shape: MapShape, host: MapHost, elements: number) => MapTerms | undefined;

/** Source: include/uapi/linux/bpf.h */
const BPF_F_NO_COMMON_LRU = 1 << 1;
const BPF_F_MMAPABLE = 1 << 10;

const pointer = 8;
const listHead = 8;
const counter = 4;
/** `HASHTAB_MAP_LOCK_COUNT` */
const hashLocks = 8;

const roundUp = (value: number, step: number) => Math.ceil(value / step) * step;

function roundUpToPowerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}

/** The sizes of these structs, or `undefined` if the kernel lacks one of them. */
function sizesOf(host: MapHost, ...names: MapStruct[]): number[] | undefined {
  const sizes = names.map((name) => host.sizes[name]);
  return sizes.every((size) => size !== undefined) ? sizes : undefined;
}

/** A struct, plus `each` bytes per entry of the map. */
function structAndEntries(name: MapStruct, each: number): MapFormula {
  return ({ max_entries }, host) => {
    const size = host.sizes[name];
    return size === undefined ? undefined : { bytes: size + max_entries * each };
  };
}

/** Source: kernel/bpf/arraymap.c, `array_map_mem_usage` */
const array: MapFormula = ({ value_size, max_entries, map_flags = 0 }, { sizes, pageSize }) => {
  if (sizes.bpf_array === undefined) return undefined;
  const values = max_entries * roundUp(value_size, 8);
  if ((map_flags & BPF_F_MMAPABLE) === 0) return { bytes: sizes.bpf_array + values };
  return { bytes: roundUp(sizes.bpf_array, pageSize) + roundUp(values, pageSize) };
};

const arrayOfMaps: MapFormula = (shape, host, elements) => {
  const terms = array(shape, host, elements);
  return terms && { ...terms, omits: 'inner maps' };
};

const percpuArray: MapFormula = ({ value_size, max_entries }, { sizes, possibleCpus }) => {
  if (sizes.bpf_array === undefined) return undefined;
  const values = max_entries * roundUp(value_size, 8) * possibleCpus;
  return { bytes: sizes.bpf_array + max_entries * pointer + values, unchargedPercpuBytes: values };
};

/** Source: kernel/bpf/hashtab.c, `htab_map_mem_usage` and `htab_map_alloc` */
function hash(kind: { lru?: boolean; percpu?: boolean; ofMaps?: boolean }): MapFormula {
  const { lru = false, percpu = false, ofMaps = false } = kind;
  return ({ key_size, value_size, max_entries, map_flags = 0 }, host, elements) => {
    const sizes = sizesOf(host, 'bpf_htab', 'bucket', 'htab_elem');
    if (sizes === undefined) return undefined;
    const [table = 0, bucket = 0, head = 0] = sizes;
    const cpus = host.possibleCpus;
    const entries = (map_flags & BPF_F_NO_COMMON_LRU) === 0 ? max_entries : roundUp(max_entries, cpus);
    const value = roundUp(value_size, 8);
    const element = head + roundUp(key_size, 8) + (percpu ? pointer : value);
    // Most kernels include the lock counters, 32 bytes per CPU: the default if unknown.
    const { lockCountersInHash: counted = true } = host;
    const locks = counted ? counter * cpus * hashLocks : 0;
    const fixed = table + bucket * roundUpToPowerOfTwo(entries) + locks;
    const notes = {
      ...(ofMaps ? { omits: 'inner maps' as const } : {}),
      ...(host.lockCountersInHash === undefined ? { uncertain: true } : {}),
    };
    if ((map_flags & BPF_F_NO_PREALLOC) !== 0) {
      const perElement = element + pointer + (percpu ? 2 * pointer + value * cpus : 0);
      return { bytes: fixed + perElement * elements, perElement, ...notes };
    }
    const spare = lru || percpu || (ofMaps && !host.spareElementsInHashOfMaps) ? 0 : cpus;
    const percpuValues = percpu ? value * cpus * entries : 0;
    const sparePointers = lru || percpu ? 0 : pointer * cpus;
    const bytes = fixed + element * (entries + spare) + percpuValues + sparePointers;
    return { bytes, unchargedPercpuBytes: percpuValues + sparePointers, ...notes };
  };
}

/** Source: kernel/bpf/lpm_trie.c, `trie_mem_usage`. Not even the trie itself counts, only its nodes. */
const lpmTrie: MapFormula = ({ key_size, value_size }, { sizes }, elements) => {
  if (sizes.lpm_trie_node === undefined) return undefined;
  const prefixLength = 4;
  const perElement = sizes.lpm_trie_node + key_size - prefixLength + value_size;
  return { bytes: perElement * elements, perElement };
};

/** Source: kernel/bpf/stackmap.c, `stack_map_mem_usage` */
const stackTrace: MapFormula = ({ value_size, max_entries }, { sizes }) => {
  if (sizes.bpf_stack_map === undefined || sizes.stack_map_bucket === undefined) return undefined;
  const buckets = roundUpToPowerOfTwo(max_entries) * pointer;
  return { bytes: sizes.bpf_stack_map + buckets + max_entries * (sizes.stack_map_bucket + value_size) };
};

/**
 * Source: kernel/bpf/queue_stack_maps.c, `queue_stack_map_mem_usage`. One entry stays free, to distinguish
 * full from empty.
 */
const queueOrStack: MapFormula = ({ value_size, max_entries }, { sizes }) =>
  sizes.bpf_queue_stack === undefined
    ? undefined
    : { bytes: sizes.bpf_queue_stack + (max_entries + 1) * value_size };

/** Source: kernel/bpf/ringbuf.c, `ringbuf_map_mem_usage`. The data pages are mapped twice in a row. */
const ringBuffer: MapFormula = ({ max_entries }, { sizes, pageSize }) => {
  if (sizes.bpf_ringbuf_map === undefined || sizes.bpf_ringbuf === undefined) return undefined;
  const metaPages = Math.floor(sizes.bpf_ringbuf / pageSize);
  const dataPages = Math.floor(max_entries / pageSize);
  const pages = (metaPages + dataPages) * pageSize;
  return { bytes: sizes.bpf_ringbuf_map + pages + (metaPages + 2 * dataPages) * pointer };
};

/** Source: kernel/bpf/bloom_filter.c, `bloom_map_alloc` and `bloom_map_mem_usage` */
const bloomFilter: MapFormula = ({ max_entries, map_extra = 0n }, { sizes }) => {
  if (sizes.bpf_bloom_filter === undefined) return undefined;
  const given = Number(map_extra & 0xfn);
  const hashes = given === 0 ? 5 : given;
  // The kernel multiplies in 32 bits, and uses the largest possible bit set on overflow.
  const product = max_entries * hashes;
  const scaled = Math.floor(product / 5) * 7;
  const overflows = product > 0xffff_ffff || scaled > 0xffff_ffff || scaled > 2 ** 31;
  const bits = overflows ? 2 ** 32 : Math.max(64, roundUpToPowerOfTwo(scaled));
  return { bytes: sizes.bpf_bloom_filter + bits / 8 };
};

/** Source: kernel/bpf/devmap.c, `dev_map_mem_usage` */
function devmap(hashed: boolean): MapFormula {
  return ({ max_entries }, { sizes }, elements) => {
    const { bpf_dtab: table, bpf_dtab_netdev: perElement } = sizes;
    if (table === undefined || perElement === undefined) return undefined;
    const slots = hashed ? listHead * roundUpToPowerOfTwo(max_entries) : pointer * max_entries;
    return { bytes: table + slots + perElement * elements, perElement };
  };
}

/** Source: net/core/sock_map.c, `sock_hash_mem_usage` */
const sockhash: MapFormula = ({ key_size, max_entries }, host, elements) => {
  const sizes = sizesOf(host, 'bpf_shtab', 'bpf_shtab_bucket', 'bpf_shtab_elem');
  if (sizes === undefined) return undefined;
  const [table = 0, bucket = 0, head = 0] = sizes;
  const perElement = head + roundUp(key_size, 8);
  return { bytes: table + bucket * roundUpToPowerOfTwo(max_entries) + perElement * elements, perElement };
};

/** Source: kernel/bpf/bpf_local_storage.c, `bpf_local_storage_map_mem_usage` */
const localStorage: MapFormula = (_, { sizes, possibleCpus }) => {
  const { bpf_local_storage_map: map, bpf_local_storage_map_bucket: bucket } = sizes;
  if (map === undefined || bucket === undefined) return undefined;
  const buckets = Math.max(2, roundUpToPowerOfTwo(possibleCpus));
  return { bytes: map + bucket * buckets, omits: 'elements' };
};

/** Source: kernel/bpf/local_storage.c, `cgroup_storage_map_usage` */
const cgroupStorage: MapFormula = (_, { sizes }) =>
  sizes.bpf_cgroup_storage_map === undefined
    ? undefined
    : { bytes: sizes.bpf_cgroup_storage_map, omits: 'elements' };

/** Source: kernel/bpf/cpumap.c, `cpu_map_mem_usage` */
const cpumap: MapFormula = (shape, host, elements) => {
  const terms = structAndEntries('bpf_cpu_map', pointer)(shape, host, elements);
  return terms && { ...terms, omits: 'elements' };
};

/** Source: kernel/bpf/bpf_insn_array.c, `insn_array_mem_usage` */
const insnArray: MapFormula = ({ max_entries }, { sizes, addressesInInsnArray }) => {
  const { bpf_insn_array: head, bpf_insn_array_value: value } = sizes;
  if (head === undefined || value === undefined) return undefined;
  return { bytes: head + max_entries * (value + (addressesInInsnArray ? pointer : 0)) };
};

/** A hash that grows. Source: kernel/bpf/hashtab.c, `rhtab_map_mem_usage`. Since: Linux 7.x. */
const resizableHash: MapFormula = ({ key_size, value_size }, { sizes }, elements) => {
  const { bpf_rhtab: table, rhtab_elem: head } = sizes;
  if (table === undefined || head === undefined) return undefined;
  const perElement = head + roundUp(key_size, 8) + roundUp(value_size, 8);
  return { bytes: table + perElement * elements, perElement };
};

/** Source: kernel/bpf/arena.c, `arena_map_mem_usage`, which answers 0. */
const arena: MapFormula = () => ({ bytes: 0, omits: 'pages' });

const byName: Readonly<Partial<Record<MapTypeName, MapFormula>>> = {
  hash: hash({}),
  array,
  prog_array: array,
  perf_event_array: array,
  percpu_hash: hash({ percpu: true }),
  percpu_array: percpuArray,
  stack_trace: stackTrace,
  cgroup_array: array,
  lru_hash: hash({ lru: true }),
  lru_percpu_hash: hash({ lru: true, percpu: true }),
  lpm_trie: lpmTrie,
  array_of_maps: arrayOfMaps,
  hash_of_maps: hash({ ofMaps: true }),
  devmap: devmap(false),
  sockmap: structAndEntries('bpf_stab', pointer),
  cpumap,
  xskmap: structAndEntries('xsk_map', pointer),
  sockhash,
  cgroup_storage: cgroupStorage,
  reuseport_sockarray: structAndEntries('reuseport_array', pointer),
  percpu_cgroup_storage: cgroupStorage,
  queue: queueOrStack,
  stack: queueOrStack,
  sk_storage: localStorage,
  devmap_hash: devmap(true),
  ringbuf: ringBuffer,
  inode_storage: localStorage,
  task_storage: localStorage,
  bloom_filter: bloomFilter,
  user_ringbuf: ringBuffer,
  cgrp_storage: localStorage,
  arena,
  insn_array: insnArray,
  rhash: resizableHash,
};

/** The formula for a map type, `BPF_MAP_TYPE_*`; `undefined` for unknown types. */
export function formulaOf(mapType: number): MapFormula | undefined {
  const name = mapTypeName(mapType);
  return name === undefined ? undefined : byName[name];
}

const percpuTypes: ReadonlySet<number> = new Set(
  (['percpu_hash', 'percpu_array', 'lru_percpu_hash', 'percpu_cgroup_storage'] as const).map(mapTypeNumber),
);

/**
 * The `memlock` of kernels 5.11 to 6.3: entries times key and value size, for all types. It is 0 for a ring
 * buffer, and about half of the memory of a hash. Unit: bytes.
 * Source: kernel/bpf/syscall.c, `bpf_map_memory_footprint` of those kernels
 */
export function guessMapFootprint(shape: MapShape, host: Pick<MapHost, 'possibleCpus' | 'pageSize'>): number {
  const { map_type, key_size, value_size, max_entries } = shape;
  const value = percpuTypes.has(map_type) ? roundUp(value_size, 8) * host.possibleCpus : value_size;
  return roundUp(max_entries * roundUp(key_size + value, 8), host.pageSize);
}

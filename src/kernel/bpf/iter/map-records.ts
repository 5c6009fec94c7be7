/** Decodes the records of the map iterator program: one of fixed size per map. */
import { mapTypeNumber } from '../sys/bpf-enums.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { RecordReader } from './record-reader.ts';

/**
 * A map as the kernel represents it internally. Sizes in bytes. Since: Linux 5.8.
 * Source: `struct bpf_map` in include/linux/bpf.h.
 */
export interface KernelMap {
  id: number;
  /** `BPF_MAP_TYPE_*`. */
  type: number;
  key_size: number;
  value_size: number;
  max_entries: number;
  map_flags: number;
  map_extra: bigint;
  /** At most 15 characters; empty if the map has no name. */
  name: string;
  /** Id of the BTF object that describes key and value; 0 if none. */
  btf_id: number;
  btf_key_type_id: number;
  btf_value_type_id: number;
  btf_vmlinux_value_type_id: number;
  frozen: boolean;
  /** Reference count: descriptors, pins, programs. Excludes the iterator's own reference. */
  refcnt: number;
  /** The part of it from descriptors and pins; if 0, only programs hold the map. */
  usercnt: number;
  /**
   * Number of elements. Absent if the kernel does not count them: arrays of all kinds (every element always
   * exists), local storage, stack traces, bloom filters, sockmaps, cpumaps, xskmaps, arenas; and preallocated
   * hashes before Linux 6.6. For queues and stacks: elements pushed but not popped.
   */
  elements: number | undefined;
  /** Unconsumed data in a ring buffer, including headers; absent for other types. */
  backlogBytes: number | undefined;
  /**
   * The memory cgroup that it is charged to: the inode number of its directory. Absent for the root cgroup,
   * for `nobpf`, and if the kernel does not charge maps to a cgroup (before Linux 5.11).
   */
  cgroupId: bigint | undefined;
  /**
   * Whether the cgroup that it was charged to has been removed: its parent is charged now, before Linux 6.1
   * still the removed one.
   */
  isOrphaned: boolean;
  /**
   * Identifies the objcg, even after its cgroup is removed and the charge has moved to the parent; 0 if none.
   * A kernel address: only for comparison, never print it.
   */
  chargeIdentity: bigint;
}

/**
 * `struct map_record` of map-iterator.bpf.c: offsets of 32-bit numbers. Unit: bytes from the start of the
 * record.
 */
const NUMBERS = {
  id: 0,
  type: 4,
  key_size: 8,
  value_size: 12,
  max_entries: 16,
  map_flags: 20,
  /** Flags: {@link FROZEN}, {@link ORPHANED}. */
  state: 24,
  btf_id: 28,
  btf_key_type_id: 32,
  btf_value_type_id: 36,
  btf_vmlinux_value_type_id: 40,
  /** 1 if the counters are valid. */
  counted: 44,
} as const;
const FROZEN = 1;
const ORPHANED = 2;

/** 16 bytes of text. */
const NAME = 48;
/** 64 bits, as all below. */
const REFCNT = 64;
/** As in {@link KernelMap}. */
const USERCNT = 72;
/** As in {@link KernelMap}. */
const MAP_EXTRA = 80;
/** 0 if none. */
const CGROUP_ID = 88;
/** As in {@link KernelMap}. */
const CHARGE_IDENTITY = 96;
/** Their meaning depends on the map type. */
const COUNTERS = [104, 112] as const;

/** Size of the record of one map. Unit: bytes. */
export const MAP_RECORD_SIZE = 120;

const RING_BUFFERS: ReadonlySet<number> = new Set([mapTypeNumber('ringbuf'), mapTypeNumber('user_ringbuf')]);
const QUEUES: ReadonlySet<number> = new Set([mapTypeNumber('queue'), mapTypeNumber('stack')]);

/** Decodes the output of the iterator program. */
export function decodeMapRecords(bytes: Buffer, order: ByteOrder = HOST_BYTE_ORDER): KernelMap[] {
  const records = new RecordReader(bytes, order);
  return Array.from({ length: Math.floor(bytes.length / MAP_RECORD_SIZE) }, (_, index) =>
    decodeRecord(records, index * MAP_RECORD_SIZE),
  );
}

/** `before` is the previous state of the same map: its name does not change. */
function decodeRecord(records: RecordReader, base: number, before?: KernelMap): KernelMap {
  const id = records.u32(base + NUMBERS.id);
  const name = before?.id === id ? before.name : records.text(base + NAME, 16);
  const type = records.u32(base + NUMBERS.type);
  const max_entries = records.u32(base + NUMBERS.max_entries);
  const counted = records.u32(base + NUMBERS.counted);
  const cgroupId = records.identity(base + CGROUP_ID);
  const isRingBuffer = RING_BUFFERS.has(type);
  const state = records.u32(base + NUMBERS.state);
  return {
    id,
    type,
    key_size: records.u32(base + NUMBERS.key_size),
    value_size: records.u32(base + NUMBERS.value_size),
    max_entries,
    map_flags: records.u32(base + NUMBERS.map_flags),
    map_extra: records.identity(base + MAP_EXTRA),
    name,
    btf_id: records.u32(base + NUMBERS.btf_id),
    btf_key_type_id: records.u32(base + NUMBERS.btf_key_type_id),
    btf_value_type_id: records.u32(base + NUMBERS.btf_value_type_id),
    btf_vmlinux_value_type_id: records.u32(base + NUMBERS.btf_vmlinux_value_type_id),
    frozen: (state & FROZEN) !== 0,
    // Exclude the reference that the iterator itself holds.
    refcnt: records.s64(base + REFCNT) - 1,
    usercnt: records.s64(base + USERCNT),
    elements: counted === 0 || isRingBuffer ? undefined : decodeElements(records, base, type, max_entries),
    backlogBytes:
      counted === 0 || !isRingBuffer ? undefined : records.difference(base + COUNTERS[1], base + COUNTERS[0]),
    cgroupId: cgroupId === 0n ? undefined : cgroupId,
    isOrphaned: (state & ORPHANED) !== 0,
    chargeIdentity: records.identity(base + CHARGE_IDENTITY),
  };
}

function decodeElements(records: RecordReader, base: number, type: number, max_entries: number): number {
  const first = records.s64(base + COUNTERS[0]);
  // The kernel sums per-CPU counters while they change: a removal may be counted before its insertion.
  if (!QUEUES.has(type)) return Math.max(0, first);
  // One more slot than elements distinguishes full from empty: head and tail wrap at max_entries + 1.
  const inside = first - records.s64(base + COUNTERS[1]);
  return inside < 0 ? inside + max_entries + 1 : inside;
}

const RECORD_WORDS = MAP_RECORD_SIZE / 4;
const ID_WORD = NUMBERS.id / 4;

/**
 * Decodes successive reads. Few of thousands of maps change between reads: unchanged records are not decoded
 * again.
 */
export class MapRecords {
  readonly #order: ByteOrder;
  /** The records of the previous read, and their maps. */
  #bytes: Buffer = Buffer.alloc(0);
  #words = new Int32Array(0);
  #maps: readonly KernelMap[] = [];

  constructor(order: ByteOrder = HOST_BYTE_ORDER) {
    this.#order = order;
  }

  /**
   * Decodes the output of the iterator program, in ascending order of ids. Returns the same array if nothing
   * changed. `bytes` must be aligned to 4 bytes.
   */
  decode(bytes: Buffer): readonly KernelMap[] {
    if (bytes.equals(this.#bytes)) return this.#maps;
    const records = new RecordReader(bytes, this.#order);
    const count = Math.floor(bytes.length / MAP_RECORD_SIZE);
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, count * RECORD_WORDS);
    const maps: KernelMap[] = new Array(count);
    let before = 0;
    for (let index = 0; index < count; index++) {
      const id = words[index * RECORD_WORDS + ID_WORD] ?? 0;
      // Both reads are in ascending order of ids: skipped maps no longer exist.
      while (this.#isBehind(before, id)) before++;
      const known = this.#maps[before];
      maps[index] =
        known !== undefined && areEqual(words, index * RECORD_WORDS, this.#words, before * RECORD_WORDS)
          ? known
          : decodeRecord(records, index * MAP_RECORD_SIZE, known);
    }
    this.#keep(bytes);
    this.#maps = maps;
    return maps;
  }

  /** Reuses the existing buffer: allocating a megabyte per poll would keep the garbage collector busy. */
  #keep(bytes: Buffer): void {
    const room =
      this.#words.byteLength >= bytes.length ? this.#words : new Int32Array(Math.ceil(bytes.length / 2));
    this.#words = room;
    this.#bytes = Buffer.from(room.buffer, 0, bytes.length);
    bytes.copy(this.#bytes);
  }

  /**
   * If the byte order differs from the host's, the ids are not in order: fewer records are reused, which is
   * only slower.
   */
  #isBehind(index: number, id: number): boolean {
    return index < this.#maps.length && (this.#words[index * RECORD_WORDS + ID_WORD] ?? 0) < id;
  }
}

function areEqual(left: Int32Array, leftAt: number, right: Int32Array, rightAt: number): boolean {
  for (let word = 0; word < RECORD_WORDS; word++) {
    if (left[leftAt + word] !== right[rightAt + word]) return false;
  }
  return true;
}

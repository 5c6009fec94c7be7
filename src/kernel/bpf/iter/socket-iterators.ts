/** Sockets with the memory behind them. */
import { isIPv6 } from 'node:net';
import type { PreparedObject } from '../load/prepared-object.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import { RecordReader } from './record-reader.ts';

/** A socket, or a descriptor of one. Unit of sizes: bytes. */
export interface SocketRecord {
  /** Recognises the socket while it exists. An address of the kernel: never print or record it. */
  identity: bigint;
  /** As in `socket:[INODE]`; 0 without a descriptor anywhere: an orphan, or not yet accepted. */
  inode: bigint;
  /**
   * The memory cgroup that the kernel charges it to: the inode number of its directory. 0 on cgroup v1, and
   * for unix and other sockets, whose buffers are charged to who sends.
   */
  cgroupId: bigint;
  /** Of a unix socket: the identity of the other end; 0 if there is none. Never print it. */
  peerIdentity: bigint;
  /**
   * A process that has it open, in our pid namespace; 0 for one outside, and in listings without processes.
   */
  pid: number;
  fd: number;
  /** The inode number of its network namespace. */
  netNamespace: number;
  /** `AF_*`. */
  family: number;
  /** `SOCK_*`. */
  type: number;
  /** `IPPROTO_*`. */
  protocol: number;
  /** `TCP_*`, also of other protocols. */
  state: number;
  /** Received and not yet read. */
  rmemAlloc: number;
  /** To be sent or acknowledged; TCP only. */
  wmemQueued: number;
  /** In buffers that it has sent and that still exist: of a unix socket, what the other end has not read. */
  wmemAlloc: number;
  /** Reserved for the next buffers. */
  forwardAlloc: number;
  /** Received while a process was using the socket. */
  backlog: number;
  /** Number of buffers in the receive queue; of unix sockets only, as the next two. */
  queueLength: number;
  /** All memory of those buffers, extrapolated from the first ones of a long queue. */
  queueBytes: number;
  /** Part of `queueBytes` in pages of their own, the rest comes from slabs. */
  queuePageBytes: number;
  /** An IP address, with `localPort`; absent for other families. */
  localAddress?: string;
  localPort?: number;
  remoteAddress?: string;
  remotePort?: number;
  /** The name that a unix socket is bound to, as bytes; an abstract one begins with a NUL. */
  name?: string;
}

/** `struct socket_record` of socket-iterators.bpf.c. Unit: byte offset from the start of the record. */
const FIELDS = {
  identity: 0,
  inode: 8,
  cgroup: 16,
  peer: 24,
  pid: 32,
  fd: 36,
  netNamespace: 40,
  nameLength: 44,
  family: 48,
  type: 50,
  protocol: 52,
  state: 54,
  rmemAlloc: 56,
  wmemQueued: 60,
  wmemAlloc: 64,
  forwardAlloc: 68,
  backlog: 72,
  queueLength: 76,
  queueCounted: 80,
  queueBytes: 84,
  queuePageBytes: 88,
  localPort: 92,
  remotePort: 94,
  localAddress: 96,
  remoteAddress: 112,
  name: 128,
} as const;

/** Size of the record of one socket. Unit: bytes. */
export const SOCKET_RECORD_SIZE = 240;

const MAX_NAME_LENGTH = 108;

/** Source: `include/linux/socket.h`. */
export const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** The iterators of sockets: of all processes' descriptors, or of the sockets of our network namespace. */
export type SocketListing = 'descriptors' | 'tcp' | 'udp' | 'unix';

const PROGRAMS: Readonly<Record<SocketListing, { name: string; since: string }>> = {
  descriptors: { name: 'cmemstat_socks', since: '5.8' },
  tcp: { name: 'cmemstat_tcp', since: '5.9' },
  udp: { name: 'cmemstat_udp', since: '5.9' },
  unix: { name: 'cmemstat_unix', since: '5.15' },
};

/**
 * An iterator over sockets. `descriptors` lists a socket once for each descriptor, in all network namespaces;
 * the others also sockets without a descriptor, in the network namespace of this process.
 *
 * Source: the iterators `task_file`, `tcp`, `udp`, `unix`. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openSocketIterator(
  bpf: Bpf,
  object: PreparedObject,
  listing: SocketListing,
): ObjectIterator<SocketRecord> {
  const iterator = openIterator(bpf, { object, ...PROGRAMS[listing] });
  return readObjects(iterator, (bytes) => decodeSocketRecords(bytes));
}

/** Decodes the output of the iterator programs. */
export function decodeSocketRecords(bytes: Buffer, order: ByteOrder = HOST_BYTE_ORDER): SocketRecord[] {
  const records = new RecordReader(bytes, order);
  const sockets: SocketRecord[] = [];
  for (let base = 0; base + SOCKET_RECORD_SIZE <= bytes.length; base += SOCKET_RECORD_SIZE) {
    sockets.push(decodeRecord(records, base));
  }
  return sockets;
}

function decodeRecord(records: RecordReader, base: number): SocketRecord {
  const u32 = (field: keyof typeof FIELDS) => records.u32(base + FIELDS[field]);
  const family = records.u16(base + FIELDS.family);
  const queueLength = u32('queueLength');
  const scale = Math.max(1, queueLength / Math.max(1, u32('queueCounted')));
  return {
    identity: records.identity(base + FIELDS.identity),
    inode: records.identity(base + FIELDS.inode),
    cgroupId: records.identity(base + FIELDS.cgroup),
    peerIdentity: records.identity(base + FIELDS.peer),
    pid: u32('pid'),
    fd: u32('fd'),
    netNamespace: u32('netNamespace'),
    family,
    type: records.u16(base + FIELDS.type),
    protocol: records.u16(base + FIELDS.protocol),
    state: records.u8(base + FIELDS.state),
    rmemAlloc: positive(records.s32(base + FIELDS.rmemAlloc)),
    wmemQueued: positive(records.s32(base + FIELDS.wmemQueued)),
    // A socket that exists counts as one byte.
    wmemAlloc: positive(records.s32(base + FIELDS.wmemAlloc) - 1),
    forwardAlloc: positive(records.s32(base + FIELDS.forwardAlloc)),
    backlog: positive(records.s32(base + FIELDS.backlog)),
    queueLength,
    queueBytes: Math.round(u32('queueBytes') * scale),
    queuePageBytes: Math.round(u32('queuePageBytes') * scale),
    ...decodeName(records, base, family),
  };
}

function decodeName(
  records: RecordReader,
  base: number,
  family: number,
): Pick<SocketRecord, 'name' | 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'> {
  if (family === AF_UNIX) {
    const length = Math.min(records.u32(base + FIELDS.nameLength), MAX_NAME_LENGTH);
    if (length === 0) return {};
    const name = records.bytes(base + FIELDS.name, length);
    // A path ends in a NUL, which is part of its length.
    return { name: name.startsWith('\0') ? name : name.replace(/\0.*$/s, '') };
  }
  if (family !== AF_INET && family !== AF_INET6) return {};
  return {
    localAddress: decodeAddress(records, base + FIELDS.localAddress, family),
    localPort: records.u16(base + FIELDS.localPort),
    remoteAddress: decodeAddress(records, base + FIELDS.remoteAddress, family),
    remotePort: records.networkU16(base + FIELDS.remotePort),
  };
}

/** Counters that are changed meanwhile may be below zero. */
function positive(value: number): number {
  return Math.max(0, value);
}

/** An address as `ss` prints it. */
function decodeAddress(records: RecordReader, offset: number, family: number): string {
  if (family === AF_INET) return [0, 1, 2, 3].map((at) => records.u8(offset + at)).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => records.networkU16(offset + 2 * at));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${[12, 13, 14, 15].map((at) => records.u8(offset + at)).join('.')}`;
  }
  const address = groups.map((group) => group.toString(16)).join(':');
  // The longest run of zeros is left out.
  const runs = [...address.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  if (longest === undefined) return address;
  const end = longest.index + longest[0].length;
  const short = `${address.slice(0, longest.index)}::${address.slice(end).replace(/^:/, '')}`;
  return isIPv6(short) ? short : address;
}

/** The sockets of a cgroup with the memory behind them. */
import { ToolError } from '../../errors.ts';
import {
  openSocketIterator,
  type SocketListing,
  type SocketRecord,
} from '../../kernel/bpf/iter/socket-iterators.ts';
import type { PreparedObject } from '../../kernel/bpf/load/prepared-object.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import type { ByteString } from '../../target/byte-string.ts';
import { type Missing, missingBecause } from './missing.ts';
import { describeSocket, protocolOf, type SocketProtocol, stateOf } from './socket-name.ts';

/**
 * What a socket's memory is part of: `sock` of memory.stat, which no page belongs to; pages and slabs of the
 * kernel that are charged to who sends (unix sockets); nothing that a memory cgroup pays for.
 */
export type SocketCharge = 'sock' | 'kernel' | 'none';

/** A socket. Unit of sizes: bytes. */
export interface SocketMemory {
  protocol: SocketProtocol;
  /** Its addresses: `127.0.0.1:80 <- 127.0.0.1:40312`, a path, `@abstract`. A byte string; any bytes. */
  name: ByteString;
  /** As `ss` prints it in lower case: `established`, `listen`. */
  state: string;
  /** As in `socket:[INODE]`; 0 for one without a descriptor. */
  inode: bigint;
  /** The processes of the cgroup that have it open, 8 at most. */
  pids: number[];
  /** Open in processes outside the cgroup. */
  isSharedOutside: boolean;
  charge: SocketCharge;
  /** The memory that `charge` is about. */
  bytes: number;
  /** Part of `bytes` in pages of their own, if `charge` is `kernel`: the rest is in slabs. */
  pageBytes: number;
  /** Received and not read by the process. */
  unreadBytes: number;
  /** Sent and not yet acknowledged, or not read by the other end. */
  unsentBytes: number;
  /** What is worth knowing, as a short phrase. */
  note?: string;
}

/** The sockets of a cgroup. */
export interface SocketMemories {
  /** Those with memory, largest first. */
  sockets: SocketMemory[];
  /** All of them, also those without memory. */
  count: number;
  missing: Missing[];
}

/** Whose sockets are wanted. */
export interface SocketOwner {
  /** The processes of the cgroup. */
  pids: readonly number[];
  /** The inode numbers of the directories of the cgroup and its descendants. */
  cgroupIds: ReadonlySet<bigint>;
  /** On v1 the kernel does not charge TCP and UDP buffers together with other memory. */
  version: 1 | 2;
}

const MAX_PIDS = 8;

/**
 * Reads the sockets of a cgroup: those that its processes have open, in any network namespace, and those that
 * are charged to it in that of this process.
 *
 * Source: BPF iterators over descriptors (Linux 5.8), tcp and udp (5.9) and unix (5.15). Needs CAP_BPF and
 * CAP_PERFMON.
 * @throws only errors other than ToolError: those are in `missing`.
 */
export function readSockets(bpf: Bpf, object: PreparedObject, owner: SocketOwner): SocketMemories {
  const missing: Missing[] = [];
  const read = (listing: SocketListing, what: string) => {
    try {
      const iterator = openSocketIterator(bpf, object, listing);
      try {
        return iterator.read();
      } finally {
        iterator.close();
      }
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      missing.push(missingBecause(what, error));
      return [];
    }
  };
  const open = read('descriptors', 'sockets of processes');
  // Those that no process has open: orphans, not yet accepted, or on their way to another process.
  const all = [...read('unix', 'unix sockets without a process')];
  // Only v2 says whose they are.
  if (owner.version === 2) {
    all.push(
      ...read('tcp', 'TCP sockets without a process'),
      ...read('udp', 'UDP sockets without a process'),
    );
  }
  return { ...assignSockets(open, all, owner), missing };
}

/**
 * Decides which sockets belong to a cgroup, and what their memory is.
 * @param open a record for each descriptor.
 * @param all further sockets, with or without a descriptor.
 */
export function assignSockets(
  open: readonly SocketRecord[],
  all: readonly SocketRecord[],
  { pids, cgroupIds, version }: SocketOwner,
): Pick<SocketMemories, 'sockets' | 'count'> {
  const wanted = new Set(pids);
  const known = new Map<bigint, { record: SocketRecord; pids: number[]; isSharedOutside: boolean }>();
  for (const record of [...open, ...all]) {
    let socket = known.get(record.identity);
    if (socket === undefined) {
      socket = { record, pids: [], isSharedOutside: false };
      known.set(record.identity, socket);
    }
    if (record.pid === 0) continue;
    if (!wanted.has(record.pid)) socket.isSharedOutside = true;
    else if (socket.pids.length < MAX_PIDS && !socket.pids.includes(record.pid)) {
      socket.pids.push(record.pid);
    }
  }
  const find = (identity: bigint) => known.get(identity)?.record;
  const own = [...known.values()].filter(({ record, pids: holders }) =>
    record.cgroupId === 0n ? holders.length > 0 : cgroupIds.has(record.cgroupId),
  );
  const sockets = own
    .map(({ record, ...holders }) => ({ ...measure(record, find, version), ...holders }))
    .filter(({ bytes, unreadBytes }) => bytes > 0 || unreadBytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
  return { sockets, count: own.length };
}

type Measured = Omit<SocketMemory, 'pids' | 'isSharedOutside'>;

function measure(
  record: SocketRecord,
  find: (identity: bigint) => SocketRecord | undefined,
  version: 1 | 2,
): Measured {
  const protocol = protocolOf(record);
  const peer = record.peerIdentity === 0n ? undefined : find(record.peerIdentity);
  const described = {
    protocol,
    name: describeSocket(record, peer),
    state: stateOf(record),
    inode: record.inode,
  };
  if (protocol === 'unix') return { ...described, ...measureUnix(record, peer) };
  const unreadBytes = record.rmemAlloc + record.backlog;
  const unsentBytes = protocol === 'tcp' ? record.wmemQueued : record.wmemAlloc;
  // UDP charges what it receives.
  const queued = protocol === 'tcp' ? record.rmemAlloc + record.wmemQueued : record.rmemAlloc;
  const isCharged = version === 2 && (protocol === 'tcp' || protocol === 'udp') && record.cgroupId !== 0n;
  return {
    ...described,
    charge: isCharged ? 'sock' : 'none',
    bytes: queued + record.forwardAlloc,
    pageBytes: 0,
    unreadBytes,
    unsentBytes,
  };
}

/**
 * A buffer belongs to the socket that sent it until it is read. When that one is closed, what it sent is left
 * in the queue of the other end.
 */
function measureUnix(
  record: SocketRecord,
  peer: SocketRecord | undefined,
): Pick<SocketMemory, 'charge' | 'bytes' | 'pageBytes' | 'unreadBytes' | 'unsentBytes' | 'note'> {
  const sent = record.wmemAlloc;
  const isOrphaned = record.peerIdentity !== 0n && peer === undefined;
  const inherited = isOrphaned ? record.queueBytes : 0;
  return {
    charge: 'kernel',
    bytes: sent + inherited,
    pageBytes: Math.round(sent * pageShare(peer ?? record)) + (isOrphaned ? record.queuePageBytes : 0),
    unreadBytes: record.queueBytes,
    unsentBytes: sent,
    ...(inherited > 0 ? { note: 'unread bytes of a sender that is closed' } : {}),
  };
}

/** How much of the buffers in a queue is in pages of their own. */
function pageShare({ queueBytes, queuePageBytes }: SocketRecord): number {
  return queueBytes === 0 ? 0 : queuePageBytes / queueBytes;
}

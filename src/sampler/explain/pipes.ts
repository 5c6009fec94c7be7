/** The pipes of a cgroup with the data that waits in them. */
import { ToolError } from '../../errors.ts';
import { openPipeIterator, type PipeRecord } from '../../kernel/bpf/iter/pipe-iterator.ts';
import type { PreparedObject } from '../../kernel/bpf/load/prepared-object.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { readPageSize } from '../../kernel/procfs/auxv.ts';
import { type Missing, missingBecause } from './missing.ts';

/** A pipe. Unit of sizes: bytes. */
export interface PipeMemory {
  /** As in `pipe:[INODE]`. */
  inode: bigint;
  /** The processes of the cgroup that have it open, 8 at most. */
  pids: number[];
  /** Open in processes outside the cgroup: their data may be charged elsewhere. */
  isSharedOutside: boolean;
  readers: number;
  writers: number;
  /** Data that has not been read. */
  dataBytes: number;
  /** Pages of the pipe: with data, and kept for the next write. */
  bytes: number;
}

/** The pipes of a cgroup. */
export interface PipeMemories {
  /** Those with pages, largest first. */
  pipes: PipeMemory[];
  /** All of them, also empty ones. */
  count: number;
  missing: Missing[];
}

const MAX_PIDS = 8;

/**
 * Reads the pipes that the processes of a cgroup have open.
 *
 * Source: a BPF iterator over descriptors. Since: Linux 5.8. Needs CAP_BPF and CAP_PERFMON.
 * @throws only errors other than ToolError: those are in `missing`.
 */
export function readPipes(bpf: Bpf, object: PreparedObject, pids: readonly number[]): PipeMemories {
  try {
    const iterator = openPipeIterator(bpf, object);
    try {
      return { ...assignPipes(iterator.read(), pids, readPageSize()), missing: [] };
    } finally {
      iterator.close();
    }
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return { pipes: [], count: 0, missing: [missingBecause('pipes', error)] };
  }
}

/** Each pipe once, with those of the processes that have it open. */
export function assignPipes(
  records: readonly PipeRecord[],
  pids: readonly number[],
  pageSize: number,
): Pick<PipeMemories, 'pipes' | 'count'> {
  const wanted = new Set(pids);
  const known = new Map<bigint, PipeMemory>();
  for (const record of records) {
    const { identity, inode, readers, writers, dataBytes, ownPages, sparePages } = record;
    let pipe = known.get(identity);
    if (pipe === undefined) {
      const bytes = (ownPages + sparePages) * pageSize;
      pipe = { inode, pids: [], isSharedOutside: false, readers, writers, dataBytes, bytes };
      known.set(identity, pipe);
    }
    if (!wanted.has(record.pid)) pipe.isSharedOutside = true;
    else if (pipe.pids.length < MAX_PIDS && !pipe.pids.includes(record.pid)) pipe.pids.push(record.pid);
  }
  const own = [...known.values()].filter((pipe) => pipe.pids.length > 0);
  const pipes = own.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  return { pipes, count: own.length };
}

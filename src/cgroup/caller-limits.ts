/** The limits that bind the caller of cmemstat: a run stays inside them, wherever its leaf is. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '../format/units.ts';
import { parseLimitV1 } from '../kernel/cgroup1/memory-limit.ts';
import { parseMemoryStatV1 } from '../kernel/cgroup1/memory-stat.ts';
import { type Limit, parseLimit } from '../kernel/limit.ts';
import { readPseudoFile, writePseudoFile } from '../kernel/pseudo-file.ts';
import { readIfThere, upwards } from './binding-limits.ts';
import type { MemoryHierarchy } from './hierarchy.ts';

/** One limit of a cgroup that the caller is in. */
export interface CallerLimit {
  /** The name of its file, which the leaf has too. */
  file: string;
  /** Unit: bytes; `pids.max`: tasks. */
  value: number;
  /**
   * The cgroup that has it; on v1 the caller's own, as the kernel only reports the smallest of its ancestors.
   */
  directory: string;
}

const FILES_2 = ['memory.max', 'memory.high', 'memory.swap.max', 'pids.max'];

/** By v1's file, the key of memory.stat with the smallest limit of a cgroup and its ancestors. */
const KEYS_1 = {
  'memory.limit_in_bytes': 'hierarchical_memory_limit',
  'memory.memsw.limit_in_bytes': 'hierarchical_memsw_limit',
} as const;

/**
 * The limits of our own cgroup and its visible ancestors; empty if there are none. The top of the hierarchy
 * is left out: its limits bind every leaf.
 * @throws KernelFileError.
 */
export function readCallerLimits({ version, mountPoint, ownDirectory }: MemoryHierarchy): CallerLimit[] {
  if (ownDirectory === undefined || ownDirectory === mountPoint) return [];
  if (version === 1) return readLimits1(ownDirectory);
  return upwards(ownDirectory, mountPoint)
    .filter((directory) => directory !== mountPoint)
    .flatMap((directory) =>
      FILES_2.flatMap((file) => {
        const path = join(directory, file);
        const text = readIfThere(path);
        const value = text === undefined ? 'max' : parseLimit(text, path);
        return value === 'max' ? [] : [{ file, value, directory }];
      }),
    );
}

/** Whether one of them limits memory. */
export function limitsMemory(limits: readonly CallerLimit[]): boolean {
  return limits.some(({ file }) => file.startsWith('memory.'));
}

/** The smallest of each kind that would not bind a leaf below `parent`. @throws KernelFileError. */
export function escapedLimits(limits: readonly CallerLimit[], parent: string, version: 1 | 2): CallerLimit[] {
  const smallest = new Map<string, CallerLimit>();
  const present =
    version === 1 ? new Map(readLimits1(parent).map((each) => [each.file, each.value])) : undefined;
  for (const limit of limits) {
    const { file, value, directory } = limit;
    const binds =
      present === undefined
        ? `${parent}/`.startsWith(`${directory}/`)
        : (present.get(file) ?? Number.POSITIVE_INFINITY) <= value;
    if (!binds && value < (smallest.get(file)?.value ?? Number.POSITIVE_INFINITY)) smallest.set(file, limit);
  }
  return [...smallest.values()];
}

/**
 * Copies limits onto a leaf that has a larger one or none; returns those that the leaf cannot have, because
 * its controller is not enabled there.
 * @throws KernelFileError if the kernel refuses one.
 */
export function copyLimits(leaf: string, limits: readonly CallerLimit[]): CallerLimit[] {
  const left: CallerLimit[] = [];
  for (const limit of limits) {
    const path = join(leaf, limit.file);
    if (!existsSync(path)) left.push(limit);
    else if (isAbove(readLimit(path), limit.value)) writePseudoFile(path, String(limit.value));
  }
  return left;
}

/** A limit as text: `memory.max 120 MiB of /sys/fs/cgroup/job`. */
export function describeLimit({ file, value, directory }: CallerLimit): string {
  return `${file} ${file === 'pids.max' ? value : formatBytes(value)} of ${directory}`;
}

function readLimits1(directory: string): CallerLimit[] {
  const path = join(directory, 'memory.stat');
  const text = readIfThere(path);
  if (text === undefined) return [];
  const { stat } = parseMemoryStatV1(text, path, () => {});
  return Object.entries(KEYS_1).flatMap(([file, key]) => {
    const value = stat[key];
    return value === undefined ? [] : [{ file, value, directory }];
  });
}

function readLimit(path: string): Limit {
  const text = readPseudoFile(path);
  return path.endsWith('_in_bytes') ? parseLimitV1(text, path) : parseLimit(text, path);
}

function isAbove(present: Limit, value: number): boolean {
  return present === 'max' || present > value;
}

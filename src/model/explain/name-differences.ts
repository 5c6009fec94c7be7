/** What grew by name between two explanations of memory. */

import type { ExplainMethod, MemoryKind } from './explanation.ts';
import type { NamedMemory, NameList } from './name-list.ts';

/** One name in both. Unit of sizes: bytes. */
export interface NameDifference {
  kind: MemoryKind;
  /** The path of a file; the command of a process. */
  name: string;
  /** 0 if it is not listed there. */
  base: number;
  now: number;
  /** `now - base`. */
  difference: number;
  /** The side does not list it, but lists only the largest: what it may have had there. */
  baseAtMost?: number;
  nowAtMost?: number;
}

/** The sizes of two trees. */
export interface NamesComparison {
  /** The moment of the runs that is compared; absent for documents of `cmemstat explain`. */
  moment?: 'end' | 'peak' | 'exceeded';
  /** Of the whole trees. Unit: bytes. */
  base: number;
  now: number;
  /** If the sides were read by different methods: names of one may be unknown to the other. */
  methods?: { base: ExplainMethod; now: ExplainMethod };
  /** The largest differences first. */
  names: NameDifference[];
}

/** More differences are not listed. */
const MAX_NAMES = 100;

/** Compares two lists by name; names of processes are compared as a whole, whatever group they are in. */
export function compareNames(
  base: NameList,
  now: NameList,
  isOf = (_: NamedMemory) => true,
): NamesComparison {
  const before = sumByName(base.names.filter(isOf));
  const after = sumByName(now.names.filter(isOf));
  const names: NameDifference[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const difference = compareName(before.get(key), after.get(key), base, now);
    if (difference !== undefined) names.push(difference);
  }
  names.sort((a, b) => certainBytes(b) - certainBytes(a));
  return {
    base: base.bytes,
    now: now.bytes,
    ...(base.method === now.method ? {} : { methods: { base: base.method, now: now.method } }),
    names: names.slice(0, MAX_NAMES),
  };
}

/** By how much it differs at least. Unit: bytes. */
export function certainBytes({ difference, baseAtMost = 0, nowAtMost = 0 }: NameDifference): number {
  return Math.abs(difference) - baseAtMost - nowAtMost;
}

interface Sum {
  kind: MemoryKind;
  name: string;
  bytes: number;
  groups: string[];
}

function compareName(
  old: Sum | undefined,
  current: Sum | undefined,
  base: NameList,
  now: NameList,
): NameDifference | undefined {
  const known = current ?? old;
  if (known === undefined) return undefined;
  const { kind, name } = known;
  const [oldBytes, newBytes] = [old?.bytes ?? 0, current?.bytes ?? 0];
  const difference: NameDifference = {
    kind,
    name,
    base: oldBytes,
    now: newBytes,
    difference: newBytes - oldBytes,
  };
  const baseAtMost = old === undefined ? atMost(base, known) : 0;
  const nowAtMost = current === undefined ? atMost(now, known) : 0;
  if (baseAtMost > 0) difference.baseAtMost = baseAtMost;
  if (nowAtMost > 0) difference.nowAtMost = nowAtMost;
  return certainBytes(difference) > 0 ? difference : undefined;
}

/** What a name may have that a list does not contain. */
function atMost({ unlisted = {} }: NameList, { groups }: Sum): number {
  // The names of groups in a file may be anything.
  const most = new Map(Object.entries(unlisted));
  return groups.reduce((sum, group) => sum + (most.get(group) ?? 0), 0);
}

function sumByName(names: readonly NamedMemory[]): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const { group, kind, name, bytes } of names) {
    const key = `${kind} ${name}`;
    const known = sums.get(key);
    if (known === undefined) sums.set(key, { kind, name, bytes, groups: [group] });
    else {
      known.bytes += bytes;
      known.groups.push(group);
    }
  }
  return sums;
}

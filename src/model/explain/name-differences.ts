/** What grew by name between two explanations of memory. */
import type { MemoryKind, MemoryNode } from './explanation.ts';
import { namedNodes } from './memory-tree.ts';

/** One name in both. Unit of sizes: bytes. */
export interface NameDifference {
  kind: MemoryKind;
  /** The path of a file; the command of a process. */
  name: string;
  /** 0 if it had none. */
  base: number;
  now: number;
  /** `now - base`. */
  difference: number;
}

/** The sizes of two trees. */
export interface NamesComparison {
  /** The moment of the runs that is compared; absent for documents of `cmemstat explain`. */
  moment?: 'end' | 'peak' | 'exceeded';
  /** Of the whole trees. Unit: bytes. */
  base: number;
  now: number;
  /** The largest differences first. */
  names: NameDifference[];
}

/** More differences are not listed. */
const MAX_NAMES = 100;

/** Compares two trees by name; equal names are summed, and what has no name is left out. */
export function compareTrees(base: MemoryNode, now: MemoryNode): NamesComparison {
  const before = sumByName(base);
  const after = sumByName(now);
  const names: NameDifference[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, current] = [before.get(key), after.get(key)];
    const known = current ?? old;
    if (known === undefined) continue;
    const [oldBytes, newBytes] = [old?.bytes ?? 0, current?.bytes ?? 0];
    if (oldBytes === newBytes) continue;
    const { kind, name } = known;
    names.push({ kind, name, base: oldBytes, now: newBytes, difference: newBytes - oldBytes });
  }
  names.sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference));
  return { base: base.bytes, now: now.bytes, names: names.slice(0, MAX_NAMES) };
}

function sumByName(tree: MemoryNode): Map<string, { kind: MemoryKind; name: string; bytes: number }> {
  const sums = new Map<string, { kind: MemoryKind; name: string; bytes: number }>();
  for (const { kind, name, path, bytes } of namedNodes(tree)) {
    const shown = path ?? name;
    const key = `${kind} ${shown}`;
    const known = sums.get(key);
    if (known === undefined) sums.set(key, { kind, name: shown, bytes });
    else known.bytes += bytes;
  }
  return sums;
}

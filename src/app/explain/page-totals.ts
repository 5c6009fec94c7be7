/** Adds up the rows of a page scan for one cgroup, and names the largest files and slab caches. */
import { formatBytes } from '../../format/units.ts';
import { ObjectSums, type ObjectTotals } from '../../kernel/bpf/scan/object-sums.ts';
import type { ScanName } from '../../kernel/bpf/scan/scan-names.ts';
import type { PageScan } from '../../kernel/bpf/scan/scan-result.ts';
import type { ScanKind, ScanRow } from '../../kernel/scan-row.ts';
import type { ChargedMemory, MissingTerm } from '../../model/explain/explanation.ts';
import type { PageSums } from './tree/parts.ts';

/** The kinds whose rows have objects. */
export type ObjectKind = Extract<ScanKind, 'file' | 'shmem' | 'slab'>;

const SUM_OF: Readonly<Record<Exclude<ScanKind, 'reserved'>, keyof PageSums>> = {
  anon: 'anon',
  ksm: 'ksm',
  file: 'file',
  shmem: 'shmem',
  slab: 'slab',
  'page-tables': 'pageTables',
  kernel: 'kernelPages',
  'swap-cache': 'swapCache',
  hugetlb: 'hugetlb',
  other: 'other',
};

/** No pages. */
export function noPages(): PageSums {
  return {
    anon: 0,
    ksm: 0,
    file: 0,
    shmem: 0,
    slab: 0,
    pageTables: 0,
    kernelPages: 0,
    swapCache: 0,
    hugetlb: 0,
    other: 0,
  };
}

/** Pages that the kernel has counted before and after, and that were not found. Unit: bytes. */
export function movedBytes(before: ChargedMemory, after: ChargedMemory, found: PageSums): number {
  const stats = [before.stat, after.stat];
  const least = (bytesOf: (stat: ChargedMemory['stat']) => number | undefined) =>
    Math.min(...stats.map((stat) => bytesOf(stat) ?? 0));
  const file = ({ file: all, shmem = 0 }: ChargedMemory['stat']) => (all === undefined ? 0 : all - shmem);
  return (
    Math.max(0, least(({ anon }) => anon) - found.anon - found.ksm) +
    Math.max(0, least(file) - found.file) +
    Math.max(0, least(({ shmem }) => shmem) - found.shmem)
  );
}

/** Undefined unless both are known. */
export function sumOfKnown(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

/** Sums by kind, and by file and slab cache. */
export class PageTotals {
  readonly sums = noPages();
  /** Of files and caches without a row of their own. */
  restBytes = 0;
  readonly #objects: Readonly<Record<ObjectKind, ObjectSums>> = {
    file: new ObjectSums(),
    shmem: new ObjectSums(),
    slab: new ObjectSums(),
  };

  add(row: ScanRow): void {
    const { kind, object } = row;
    if (kind === 'reserved') return;
    const bytes = Math.round(row.bytes);
    this.sums[SUM_OF[kind]] += bytes;
    if (row.isRest) this.restBytes += bytes;
    if (object === undefined || (kind !== 'file' && kind !== 'shmem' && kind !== 'slab')) return;
    this.#objects[kind].add(object, row);
  }

  /** How many files or slab caches have a row. */
  countOf(kind: ObjectKind): number {
    return this.#objects[kind].size;
  }

  /** The largest objects of a kind, in descending order. */
  largest(kind: ObjectKind, count: number): ObjectTotals[] {
    const objects = this.#objects[kind];
    return objects.largest(count).map((index) => objects.at(index));
  }

  /** Some objects besides the largest, one in equal parts of their memory. */
  sampleBeyond(kind: ObjectKind, largest: readonly ObjectTotals[], count: number): ObjectTotals[] {
    const objects = this.#objects[kind];
    if (objects.size <= largest.length) return [];
    const excluded = new Set(largest.map(({ object }) => object));
    const others: number[] = [];
    let bytes = 0;
    for (let index = 0; index < objects.size; index++) {
      if (!excluded.has(objects.objectAt(index))) bytes += objects.bytesAt(index);
    }
    if (bytes < MIN_SAMPLED) return [];
    let seen = 0;
    for (let index = 0; index < objects.size; index++) {
      if (excluded.has(objects.objectAt(index))) continue;
      const part = Math.floor((seen / bytes) * count);
      seen += objects.bytesAt(index);
      if (Math.floor((seen / bytes) * count) > part) others.push(index);
    }
    return others.map((index) => objects.at(index));
  }
}

/** Adds up the rows of a scan. */
export function sumPages(scan: PageScan): PageTotals {
  const totals = new PageTotals();
  for (const row of scan.rows()) totals.add(row);
  return totals;
}

/** What has no name because there are more files and caches than a scan counts apart. */
export function restTerms(restBytes: number, { droppedRows }: Pick<PageScan, 'droppedRows'>): MissingTerm[] {
  if (restBytes === 0) return [];
  const count = droppedRows === 0 ? '' : ` in up to ${droppedRows} of the smallest`;
  const reason = `there are more files and caches than a scan counts apart: ${formatBytes(restBytes)}${count} are only in the sums`;
  return [{ term: 'names of some files', reason }];
}

/** How many objects of a kind are named. */
export type MaxNamed = Readonly<Record<ObjectKind, number>>;

/**
 * A scan takes some 10 µs for each name, and a host has thousands of cgroups. Sums of files need more of
 * them.
 */
const MAX_NAMED: Readonly<Record<'cgroup' | 'host', Readonly<Record<'names' | 'sums', MaxNamed>>>> = {
  cgroup: {
    names: { file: 5000, shmem: 2000, slab: 1000 },
    sums: { file: 50_000, shmem: 20_000, slab: 1000 },
  },
  host: {
    names: { file: 200, shmem: 100, slab: 60 },
    sums: { file: 5000, shmem: 2000, slab: 60 },
  },
};

/** How many are named of a cgroup, or of each cgroup of the host. */
export function maxNamed(scope: 'cgroup' | 'host', sumsFiles: boolean | undefined): MaxNamed {
  return MAX_NAMED[scope][sumsFiles === true ? 'sums' : 'names'];
}

/** The pages of a file or slab cache. */
export interface NamedObject {
  object: ObjectTotals;
  /** Undefined if it is gone. */
  name: ScanName;
}

/** The largest files and slab caches of a cgroup, in descending order. */
export interface NamedObjects extends Readonly<Record<ObjectKind, readonly NamedObject[]>> {
  /** The names of some of the other files; none if those have little memory. */
  samples: Readonly<Record<'file' | 'shmem', readonly ScanName[]>>;
}

/** Where the other files are is worth some names from this size on. Unit: bytes. */
const MIN_SAMPLED = 1024 * 1024;
const SAMPLE_SIZE = 100;

/** Reads the names of the largest files and slab caches. @throws SyscallError. */
export function readNames(scan: PageScan, totals: PageTotals, max: MaxNamed): NamedObjects {
  const largest: Readonly<Record<ObjectKind, ObjectTotals[]>> = {
    file: totals.largest('file', max.file),
    shmem: totals.largest('shmem', max.shmem),
    slab: totals.largest('slab', max.slab),
  };
  const named = (kind: ObjectKind): NamedObject[] => {
    const names = scan.names(largest[kind].map(({ object }) => object));
    return largest[kind].map((object, index) => ({ object, name: names[index] }));
  };
  const sample = (kind: 'file' | 'shmem'): ScanName[] => {
    const others = totals.sampleBeyond(kind, largest[kind], SAMPLE_SIZE);
    return scan.names(others.map(({ object }) => object));
  };
  return {
    file: named('file'),
    shmem: named('shmem'),
    slab: named('slab'),
    samples: { file: sample('file'), shmem: sample('shmem') },
  };
}

/** Adds up the rows of a page scan for one cgroup, and names the largest files and slab caches. */
import { formatBytes } from '../../format/units.ts';
import type { PageScan } from '../../kernel/bpf/scan/page-scan.ts';
import type { ScanName } from '../../kernel/bpf/scan/scan-names.ts';
import type { ScanKind, ScanRow } from '../../kernel/scan-row.ts';
import type { ChargedMemory, MissingTerm } from '../../model/explain/explanation.ts';
import type { PageSums } from './tree/parts.ts';

/** The pages of one file or slab cache. Sizes in bytes. */
export interface ObjectTotals {
  /** As in the rows of the scan. */
  object: number;
  bytes: number;
  /** Slab objects, else folios. */
  count: number;
  dirtyBytes: number;
  /** Undefined where the kernel keeps no active list. */
  activeBytes: number | undefined;
  mappedBytes: number;
  /** Of directory entries: those whose file does not exist; undefined if not all could be looked at. */
  negativeCount: number | undefined;
}

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
  /** Hundreds of thousands are sorted once, when all rows were added. */
  readonly #descending = new Map<ObjectKind, readonly ObjectTotals[]>();
  /** Of files and caches without a row of their own. */
  restBytes = 0;
  readonly #objects: Readonly<Record<ObjectKind, Map<number, ObjectTotals>>> = {
    file: new Map(),
    shmem: new Map(),
    slab: new Map(),
  };

  add(row: ScanRow): void {
    const { kind, object } = row;
    // An estimate from some of the pages has fractions.
    const [bytes, count, dirtyBytes, mappedBytes] = [
      row.bytes,
      row.count,
      row.dirtyBytes,
      row.mappedBytes,
    ].map(Math.round) as [number, number, number, number];
    const activeBytes = row.activeBytes === undefined ? undefined : Math.round(row.activeBytes);
    const isInspected = row.inspectedCount !== undefined && row.inspectedCount >= row.count;
    const negativeCount = isInspected ? Math.round(row.negativeCount ?? 0) : undefined;
    if (kind === 'reserved') return;
    this.sums[SUM_OF[kind]] += bytes;
    if (row.isRest) this.restBytes += bytes;
    if (object === undefined || (kind !== 'file' && kind !== 'shmem' && kind !== 'slab')) return;
    this.#descending.delete(kind);
    const known = this.#objects[kind].get(object);
    if (known === undefined) {
      const added = { object, bytes, count, dirtyBytes, activeBytes, mappedBytes, negativeCount };
      this.#objects[kind].set(object, added);
      return;
    }
    known.bytes += bytes;
    known.count += count;
    known.dirtyBytes += dirtyBytes;
    known.activeBytes = sumOfKnown(known.activeBytes, activeBytes);
    known.mappedBytes += mappedBytes;
    known.negativeCount = sumOfKnown(known.negativeCount, negativeCount);
  }

  /** How many files or slab caches have a row. */
  countOf(kind: ObjectKind): number {
    return this.#objects[kind].size;
  }

  /** The largest objects of a kind, in descending order. */
  largest(kind: ObjectKind, count: number): ObjectTotals[] {
    return this.#sorted(kind).slice(0, count);
  }

  /** Some objects beyond the `first` largest, one in equal parts of their memory. */
  sampleBeyond(kind: ObjectKind, first: number, count: number): ObjectTotals[] {
    if (this.countOf(kind) <= first) return [];
    const others = this.#sorted(kind).slice(first);
    const bytes = others.reduce((sum, object) => sum + object.bytes, 0);
    if (bytes < MIN_SAMPLED) return [];
    let seen = 0;
    return others.filter((object) => {
      const part = Math.floor((seen / bytes) * count);
      seen += object.bytes;
      return Math.floor((seen / bytes) * count) > part;
    });
  }

  #sorted(kind: ObjectKind): readonly ObjectTotals[] {
    const known = this.#descending.get(kind);
    if (known !== undefined) return known;
    const sorted = [...this.#objects[kind].values()].sort((a, b) => b.bytes - a.bytes);
    this.#descending.set(kind, sorted);
    return sorted;
  }
}

/** Adds up the rows of a scan. */
export function sumPages(scan: PageScan): PageTotals {
  const totals = new PageTotals();
  for (const row of scan.rows()) totals.add(row);
  return totals;
}

/** What has no name because there are more files and caches than a scan counts apart. */
export function restTerms(restBytes: number): MissingTerm[] {
  if (restBytes === 0) return [];
  const reason = `there are more files and caches than a scan counts apart: ${formatBytes(restBytes)} are only in the sums`;
  return [{ term: 'names of some files', reason }];
}

/** A scan takes some 10 µs for each name. */
const MAX_NAMED: Readonly<Record<ObjectKind, number>> = { file: 5000, shmem: 2000, slab: 1000 };

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
export function readNames(
  scan: PageScan,
  totals: PageTotals,
  maxNamed: Readonly<Record<ObjectKind, number>> = MAX_NAMED,
): NamedObjects {
  const named = (kind: ObjectKind): NamedObject[] => {
    const largest = totals.largest(kind, maxNamed[kind]);
    const names = scan.names(largest.map(({ object }) => object));
    return largest.map((object, index) => ({ object, name: names[index] }));
  };
  const sample = (kind: 'file' | 'shmem'): ScanName[] => {
    const others = totals.sampleBeyond(kind, maxNamed[kind], SAMPLE_SIZE);
    return scan.names(others.map(({ object }) => object));
  };
  return {
    file: named('file'),
    shmem: named('shmem'),
    slab: named('slab'),
    samples: { file: sample('file'), shmem: sample('shmem') },
  };
}

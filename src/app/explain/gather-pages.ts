/** The pages of cgroups with the names of their files and slab caches. */
import { readFileSync } from 'node:fs';
import type { PageScan } from '../../kernel/bpf/scan/page-scan.ts';
import { fileKey } from '../../kernel/file-number.ts';
import type { ScanKind } from '../../kernel/scan-row.ts';
import { decodeName } from './decode-name.ts';
import { type NameSources, namedFile } from './name-files.ts';
import { type ObjectKind, type ObjectTotals, PageTotals } from './page-totals.ts';
import type { FilePart, SlabPart, TreeParts } from './tree/parts.ts';

/** A scan takes some 10 µs for each name. */
const MAX_NAMED: Readonly<Record<ObjectKind, number>> = { file: 5000, shmem: 2000, slab: 1000 };

/** The pages of one cgroup with its descendants. */
export type CgroupPages = Pick<TreeParts, 'pages' | 'files' | 'shmem' | 'slabs'>;

/** Adds up the rows of the owners for which `includes` is true. */
export function sumPages(scan: PageScan, includes: (owner: number) => boolean = () => true): PageTotals {
  const totals = new PageTotals();
  for (const row of scan.rows()) if (includes(row.owner)) totals.add(row);
  return totals;
}

/** Names the largest files and slab caches; the others are one part. @throws SyscallError. */
export function namePages(
  scan: PageScan,
  totals: PageTotals,
  sources: NameSources,
  maxNamed: Readonly<Record<ObjectKind, number>> = MAX_NAMED,
): CgroupPages {
  const files = (kind: 'file' | 'shmem') => {
    const named = nameLargest(scan, totals, kind, maxNamed[kind]).map(({ object, name }) =>
      namedFile(object, name, sources),
    );
    return [...mergeEqual(named), ...unnamedFiles(totals, kind, named)];
  };
  return {
    pages: totals.sums,
    files: files('file'),
    shmem: files('shmem'),
    slabs: nameSlabs(scan, totals, maxNamed.slab),
  };
}

/** How much of each file the cgroup is charged for. @throws SyscallError. */
export function chargedFiles(scan: PageScan, totals: PageTotals): ReadonlyMap<string, number> {
  const charged = new Map<string, number>();
  for (const kind of ['file', 'shmem'] as const) {
    for (const { object, name } of nameLargest(scan, totals, kind, MAX_NAMED[kind])) {
      if (name?.kind === 'file') charged.set(fileKey(name.device, name.inode), object.bytes);
    }
  }
  return charged;
}

function nameLargest(scan: PageScan, totals: PageTotals, kind: ObjectKind, count: number) {
  const largest = totals.largest(kind, count);
  const names = scan.names(largest.map(({ object }) => object));
  return largest.map((object: ObjectTotals, index) => ({ object, name: names[index] }));
}

/** Files of equal name that are gone, or that were replaced, are one line. */
function mergeEqual(files: readonly FilePart[]): FilePart[] {
  const merged = new Map<string, FilePart>();
  for (const file of files) {
    const key = `${file.kind}\0${file.path ?? file.name}\0${file.fsType}\0${file.mount ?? ''}`;
    const known = merged.get(key);
    if (known === undefined) {
      merged.set(key, file);
      continue;
    }
    merged.set(key, {
      ...known,
      bytes: known.bytes + file.bytes,
      dirtyBytes: known.dirtyBytes + file.dirtyBytes,
      activeBytes: known.activeBytes + file.activeBytes,
      mappedBytes: known.mappedBytes + file.mappedBytes,
      count: (known.count ?? 1) + 1,
      isHeld: known.isHeld === true || file.isHeld === true ? true : known.isHeld,
    });
  }
  return [...merged.values()];
}

/** What found no name: beyond the number of names, or without a row. */
function unnamedFiles(totals: PageTotals, kind: 'file' | 'shmem', named: readonly FilePart[]): FilePart[] {
  const bytes = totals.sums[kind] - named.reduce((sum, file) => sum + file.bytes, 0);
  const count = totals.countOf(kind) - named.length;
  if (bytes <= 0) return [];
  const name = count > 0 ? 'smaller files' : 'files without a row of their own';
  return [
    {
      kind: 'others',
      name,
      fsType: '',
      bytes,
      dirtyBytes: 0,
      activeBytes: 0,
      mappedBytes: 0,
      ...(count > 0 ? { count } : {}),
    },
  ];
}

function nameSlabs(scan: PageScan, totals: PageTotals, maxNamed: number): SlabPart[] {
  const byName = new Map<string, SlabPart>();
  for (const { object, name } of nameLargest(scan, totals, 'slab', maxNamed)) {
    const shown = name?.kind === 'slab' ? decodeName(name.name) : 'a cache that is gone';
    const known = byName.get(shown);
    byName.set(shown, {
      name: shown,
      bytes: object.bytes + (known?.bytes ?? 0),
      objects: object.count + (known?.objects ?? 0),
      isReclaimable: known?.isReclaimable ?? isReclaimable(shown),
    });
  }
  return [...byName.values()];
}

/** Caches that the kernel shrinks, where sysfs does not say so. */
const SHRINKABLE = /^(?:dentry|.*inode_cache|radix_tree_node|buffer_head|.*_inode|proc_inode_cache)$/;

/** Whether the kernel shrinks a cache under pressure. Source: /sys/kernel/slab/NAME/reclaim_account. */
function isReclaimable(cache: string): boolean {
  if (cache.includes('/')) return false;
  try {
    return readFileSync(`/sys/kernel/slab/${cache}/reclaim_account`, 'latin1').startsWith('1');
  } catch {
    return SHRINKABLE.test(cache);
  }
}

/** The kinds of pages that no cgroup is charged for, as titles. */
export const UNCHARGED_TITLES: Readonly<Partial<Record<ScanKind, string>>> = {
  anon: 'anonymous memory',
  ksm: 'KSM',
  file: 'page cache',
  shmem: 'shared memory and tmpfs',
  'swap-cache': 'swap cache',
  hugetlb: 'hugetlb',
  'page-tables': 'page tables',
  slab: 'slab',
  kernel: 'other pages of the kernel',
  reserved: 'reserved at boot',
};

/** The pages of cgroups with the names of their files and slab caches. */
import { readFileSync } from 'node:fs';
import { fileKey } from '../../kernel/file-number.ts';
import type { ScanKind } from '../../kernel/scan-row.ts';
import { directoryOf, mainDirectory } from '../../model/explain/main-directory.ts';
import { decodeName } from './decode-name.ts';
import { type NameSources, namedFile, pathOf } from './name-files.ts';
import { type NamedObject, type NamedObjects, type PageTotals, sumOfKnown } from './page-totals.ts';
import type { FilePart, SlabPart, TreeParts } from './tree/parts.ts';

/** The pages of one cgroup with its descendants. */
export type CgroupPages = Pick<TreeParts, 'pages' | 'files' | 'shmem' | 'slabs'>;

/** The pages under their names; those of smaller files are one part. */
export function namePages(totals: PageTotals, named: NamedObjects, sources: NameSources): CgroupPages {
  const files = (kind: 'file' | 'shmem') => {
    const parts = named[kind].map(({ object, name }) => namedFile(object, name, sources));
    const directories = named.samples[kind].map((name) => directoryOf(pathOf(name, sources)));
    const main = mainDirectory(directories.map((directory) => ({ directory, bytes: 1 })));
    return [...mergeEqual(parts), ...unnamedFiles(totals, kind, parts, main)];
  };
  return {
    pages: totals.sums,
    files: files('file'),
    shmem: files('shmem'),
    slabs: nameSlabs(named.slab),
  };
}

/** How much of each file the cgroup is charged for. */
export function chargedFiles({ file, shmem }: NamedObjects): ReadonlyMap<string, number> {
  const charged = new Map<string, number>();
  for (const { object, name } of [...file, ...shmem]) {
    if (name?.kind === 'file') charged.set(fileKey(name.device, name.inode), object.bytes);
  }
  return charged;
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
      activeBytes: sumOfKnown(known.activeBytes, file.activeBytes),
      mappedBytes: sumOfKnown(known.mappedBytes, file.mappedBytes),
      count: (known.count ?? 1) + 1,
      isHeld: known.isHeld === true || file.isHeld === true ? true : known.isHeld,
    });
  }
  return [...merged.values()];
}

/** What found no name: beyond the number of names, or without a row. */
function unnamedFiles(
  totals: PageTotals,
  kind: 'file' | 'shmem',
  named: readonly FilePart[],
  directory: string | undefined,
): FilePart[] {
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
      activeBytes: undefined,
      mappedBytes: undefined,
      ...(count > 0 ? { count } : {}),
      directory,
    },
  ];
}

function nameSlabs(named: readonly NamedObject[]): SlabPart[] {
  const byName = new Map<string, SlabPart>();
  for (const { object, name } of named) {
    const shown = name?.kind === 'slab' ? decodeName(name.name) : 'a cache that is gone';
    const known = byName.get(shown);
    const { bytes, count, negativeCount } = object;
    byName.set(shown, {
      name: shown,
      bytes: bytes + (known?.bytes ?? 0),
      objects: count + (known?.objects ?? 0),
      negativeObjects: known === undefined ? negativeCount : sumOfKnown(known.negativeObjects, negativeCount),
      isReclaimable: known?.isReclaimable ?? isReclaimable(shown),
    });
  }
  return [...byName.values()];
}

/** Caches that the kernel shrinks, where sysfs does not report it. */
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

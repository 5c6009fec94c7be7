/** What the flags of a page in `/proc/kpageflags` say of its use. */
import type { ScanKind } from '../scan-row.ts';

/** Bits of `/proc/kpageflags`, all below 32. Source: include/uapi/linux/kernel-page-flags.h. */
export const KPF = {
  dirty: 1 << 4,
  lru: 1 << 5,
  active: 1 << 6,
  slab: 1 << 7,
  writeback: 1 << 8,
  buddy: 1 << 10,
  mapped: 1 << 11,
  anon: 1 << 12,
  swapCache: 1 << 13,
  swapBacked: 1 << 14,
  compoundTail: 1 << 16,
  huge: 1 << 17,
  unevictable: 1 << 18,
  nopage: 1 << 20,
  thp: 1 << 22,
  pageTable: 1 << 26,
} as const;

/**
 * The use of a page that a cgroup is charged for.
 *
 * Merged pages (KSM) are `anon`: Linux 6.12 shows their flag for all anonymous pages.
 *
 * Source: Documentation/admin-guide/mm/pagemap.rst; fs/proc/page.c, `stable_page_flags`. PGTABLE since Linux
 * 4.18; kernels without it show page tables as `kernel`.
 */
export function kindOfFlags(flags: number): ScanKind {
  if (flags & KPF.huge) return 'hugetlb';
  if (flags & KPF.slab) return 'slab';
  if (flags & KPF.pageTable) return 'page-tables';
  if (flags & KPF.anon) return 'anon';
  if (flags & KPF.swapBacked) return flags & KPF.swapCache ? 'swap-cache' : 'shmem';
  return flags & (KPF.lru | KPF.mapped) ? 'file' : 'kernel';
}

/** What the host uses, and what of it no cgroup is charged for. */
import { parseMeminfo } from '../../kernel/procfs/memory/meminfo.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type {
  FiguresOfCgroup,
  HostTotals,
  UnchargedMemory,
  UnchargedPart,
} from '../../model/host/host-cgroups.ts';
import type { StatSizes } from '../stat-sizes.ts';

const PATH = '/proc/meminfo';

/** By the names of `/proc/meminfo`. Unit: bytes. */
export type HostMemory = Readonly<Record<string, number>>;

/** @throws KernelFileError. */
export function readHostMemory(): HostMemory {
  return parseMeminfo(readPseudoFile(PATH));
}

/** Undefined if the memory of the host was not read. */
export function totalsOf({ MemTotal, MemFree, MemAvailable }: HostMemory): HostTotals | undefined {
  if (MemTotal === undefined || MemFree === undefined) return undefined;
  return {
    total: MemTotal,
    free: MemFree,
    ...(MemAvailable === undefined ? {} : { available: MemAvailable }),
  };
}

/** Swap in use. Unit: bytes. */
export function usedSwap({ SwapTotal, SwapFree }: HostMemory): number | undefined {
  return SwapTotal === undefined || SwapFree === undefined ? undefined : SwapTotal - SwapFree;
}

/** The kernel memory of memory.stat by kind, where `kernel` is not in it (before Linux 5.18). */
const KERNEL_KINDS = ['slab', 'kernel_stack', 'pagetables', 'sec_pagetables', 'percpu'] as const;

/**
 * What all cgroups together are charged for, the root cgroup included, of which the kernel keeps no sum:
 * `anon`, `file`, kernel memory, and `sock` and `hugetlb` where the kernel counts them in `current` of a
 * cgroup.
 */
export function currentOfRoot(figures: FiguresOfCgroup, stat: StatSizes): number | undefined {
  const { anon, file, kernel, sock = 0 } = figures;
  if (anon === undefined || file === undefined) return undefined;
  const ofKernel = kernel ?? KERNEL_KINDS.reduce((sum, key) => sum + (stat.valueOf(key) ?? 0), 0);
  return anon + file + ofKernel + sock + (stat.valueOf('hugetlb') ?? 0);
}

/** The kinds of kernel memory that the host and memory.stat of the root count alike. */
const ALIKE = [
  ['slab', 'Slab'],
  ['kernel_stack', 'KernelStack'],
  ['pagetables', 'PageTables'],
  ['percpu', 'Percpu'],
] as const;

/**
 * Used memory of the host that no cgroup is charged for. The files are read one after another: parts of less
 * than 0 are left out.
 * @param current of the root.
 * @param bpf what BPF maps have allocated without charge; undefined if it is unknown.
 */
export function unchargedMemory(
  host: HostMemory,
  current: number | undefined,
  kernel: number | undefined,
  stat: StatSizes,
  bpf: number | undefined,
): UnchargedMemory | undefined {
  const { MemTotal, MemFree } = host;
  if (MemTotal === undefined || MemFree === undefined || current === undefined) return undefined;
  const bytes = Math.max(0, MemTotal - MemFree - current);
  const parts: Partial<Record<UnchargedPart, number>> = {};
  let known = 0;
  const add = (part: UnchargedPart, value: number | undefined) => {
    if (value === undefined || value < 0) return;
    parts[part] = value;
    known += value;
  };
  if (host.Hugetlb !== undefined) add('hugetlb', host.Hugetlb - (stat.valueOf('hugetlb') ?? 0));
  if (stat.valueOf('slab') !== undefined) {
    for (const [key, ofHost] of ALIKE) {
      const [all, charged] = [host[ofHost], stat.valueOf(key)];
      if (all === undefined || charged === undefined) continue;
      add(key, all - charged - (key === 'percpu' ? (bpf ?? 0) : 0));
    }
  } else if (kernel !== undefined) {
    const all = ALIKE.reduce((sum, [, ofHost]) => sum + (host[ofHost] ?? 0), 0);
    add('kernel', all - kernel - (bpf ?? 0));
  }
  add('bpf', bpf);
  add('other', bytes - known);
  return { bytes, parts };
}

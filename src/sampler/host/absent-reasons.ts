/** Why figures of a host are absent. */
import {
  type AbsentFigure,
  HOST_FIGURES,
  type HostCgroup,
  type HostFigure,
} from '../../model/host/host-cgroups.ts';

/** What it depends on. */
export interface HostFacts {
  /** Of the hierarchy with the memory controller. */
  version: 1 | 2;
  isWholeHost: boolean;
  /** Whether `processes`, `pressure` and `growth` are read. */
  withActivity: boolean;
  /** Why BPF maps were not read; undefined if they were. */
  noBpf: { reason: string; hint: string | undefined } | undefined;
}

/** Each figure that no cgroup below the root has, with the reason. */
export function absentFigures(cgroups: readonly HostCgroup[], host: HostFacts): AbsentFigure[] {
  const absent: AbsentFigure[] = [];
  const known = new Set<HostFigure>();
  for (const { figures } of cgroups.slice(0, 2)) {
    for (const figure of HOST_FIGURES) if (figure in figures) known.add(figure);
  }
  for (const figure of HOST_FIGURES) {
    if (known.has(figure) || (!host.withActivity && IS_ACTIVITY.has(figure))) continue;
    if (cgroups.some(({ figures }) => figure in figures)) continue;
    absent.push({ figure, ...whyAbsent(figure, host) });
  }
  if (!host.isWholeHost) absent.push({ figure: 'uncharged', reason: NOT_OF_HOST });
  return absent;
}

function whyAbsent(figure: HostFigure, { version, noBpf }: HostFacts): { reason: string; hint?: string } {
  if (figure === 'bpf' || figure === 'orphaned') {
    const { reason = 'BPF maps cannot be read', hint } = noBpf ?? {};
    return { reason, ...(hint === undefined ? {} : { hint }) };
  }
  if (figure === 'growth') return { reason: 'a single reading shows no growth', hint: '--interval 1s' };
  return { reason: whyNotCounted(figure, version) };
}

/** Why the kernel has no such figure of a cgroup. */
export function whyNotCounted(figure: HostFigure, version: 1 | 2): string {
  return (version === 1 ? WHY_V1 : WHY_V2)[figure] ?? 'the kernel does not have it';
}

const IS_ACTIVITY: ReadonlySet<string> = new Set(['processes', 'pressure', 'growth']);

const NOT_OF_HOST = 'the root of the visible hierarchy is not that of the host';

const WHY_V1: Partial<Record<HostFigure, string>> = {
  kernel: 'the kernel does not count kernel memory of cgroups',
  slab: 'cgroup v1 has no counter of it by cgroup',
  sock: 'cgroup v1 counts memory of TCP sockets only, and not in current',
  swap: 'the kernel does not count swap by cgroup (swapaccount=0)',
  pressure: 'cgroup v1 has no memory pressure by cgroup',
};

const WHY_V2: Partial<Record<HostFigure, string>> = {
  kernel: 'memory.stat has it since Linux 5.18',
  swap: 'the kernel does not count swap by cgroup',
  pressure: 'the kernel does not measure pressure (CONFIG_PSI, psi=1)',
};

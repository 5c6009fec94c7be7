/** A host with a service, a pod with two containers, a run, and a name that attacks terminals. */
import type { FiguresOfCgroup, HostCgroup, HostReading } from '#src/model/host/host-cgroups.ts';

const MIB = 1024 ** 2;

export const CONTAINERS = ['a', 'b'].map((digit) => digit.repeat(64));
export const POD_UID = '0d2ffb0a-2d1b-4f4a-9d6a-3a2f6c0b8e11';

const cgroups: HostCgroup[] = [];

function add(path: string, parent: string | undefined, figures: FiguresOfCgroup): void {
  const above = cgroups.find((each) => each.path === parent);
  cgroups.push({
    id: BigInt(cgroups.length + 1),
    path,
    directory: path === '/' ? '/sys/fs/cgroup' : `/sys/fs/cgroup${path}`,
    parent: above,
    depth: above === undefined ? 0 : above.depth + 1,
    figures,
  });
}

const figures = (mib: number, more: FiguresOfCgroup = {}): FiguresOfCgroup => ({
  current: mib * MIB,
  anon: (mib * MIB) / 2,
  file: (mib * MIB) / 4,
  shmem: 0,
  kernel: (mib * MIB) / 4,
  slab: (mib * MIB) / 8,
  sock: 0,
  swap: 0,
  bpf: 0,
  orphaned: 0,
  pressure: 0,
  processes: 1,
  ...more,
});

const pod = `/kubepods/burstable/pod${POD_UID}`;
add('/', undefined, figures(900, { bpf: 18 * MIB, orphaned: 4 * MIB, pressure: 0.5, processes: 120 }));
add('/system.slice', '/', figures(300, { processes: 20 }));
add('/system.slice/nginx.service', '/system.slice', figures(200, { growth: 3 * MIB, processes: 9 }));
add('/system.slice/evil\x1b[2J.service', '/system.slice', figures(20));
add('/kubepods', '/', figures(512, { bpf: 18 * MIB, orphaned: 4 * MIB, processes: 12 }));
add('/kubepods/burstable', '/kubepods', figures(512, { bpf: 18 * MIB, orphaned: 4 * MIB, processes: 12 }));
add(pod, '/kubepods/burstable', figures(512, { bpf: 18 * MIB, orphaned: 4 * MIB, processes: 12 }));
add(`${pod}/${CONTAINERS[0]}`, pod, figures(400, { bpf: 14 * MIB, pressure: 12.34, growth: -MIB }));
add(`${pod}/${CONTAINERS[1]}`, pod, figures(12, { growth: 0 }));
add('/cmemstat-77-5', '/', figures(8));

export const HOST: HostReading = {
  version: 2,
  isWholeHost: true,
  cgroups: cgroups as [HostCgroup, ...HostCgroup[]],
  uncharged: {
    bytes: 150 * MIB,
    parts: { hugetlb: 64 * MIB, slab: 40 * MIB, kernel_stack: 0, bpf: 2 * MIB, other: 44 * MIB },
  },
  absent: [],
  totals: undefined,
  removedCgroups: undefined,
  maps: undefined,
  elapsedMs: 12_000,
};

const poorCgroups: HostCgroup[] = [];
for (const cgroup of cgroups) {
  const { current, anon, file, kernel, processes } = cgroup.figures;
  const parent = poorCgroups.find(({ id }) => id === cgroup.parent?.id);
  poorCgroups.push({
    ...cgroup,
    parent,
    figures: { current, anon, file, kernel, processes } as FiguresOfCgroup,
  });
}

/** The same host seen by a user without rights, on cgroup v1. */
export const POOR_HOST: HostReading = {
  ...HOST,
  version: 1,
  isWholeHost: true,
  cgroups: poorCgroups as [HostCgroup, ...HostCgroup[]],
  uncharged: undefined,
  absent: [
    { figure: 'slab', reason: 'cgroup v1 has no counter of it by cgroup' },
    { figure: 'bpf', reason: 'CAP_BPF and CAP_PERFMON are missing', hint: 'run with sudo' },
    { figure: 'orphaned', reason: 'CAP_BPF and CAP_PERFMON are missing', hint: 'run with sudo' },
    ...(['shmem', 'sock', 'swap', 'pressure', 'growth'] as const).map((figure) => ({ figure, reason: 'no' })),
    { figure: 'uncharged', reason: 'the root of the visible hierarchy is not that of the host' },
  ],
};

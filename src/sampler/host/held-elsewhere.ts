/** The BPF maps that the processes of a cgroup hold, and that are charged to another one. */
import type { InventoryMap } from '../../model/bpf-inventory.ts';
import type { HostCgroup } from '../../model/host/host-cgroups.ts';

/**
 * The sum over the maps that processes of a cgroup, or of those below it, hold and that are charged neither
 * to it nor to one below it. Each map counts once for each cgroup. Cgroups without any are left out, and so
 * are processes whose cgroup is not known. Unit: bytes, without what no cgroup is charged for.
 * @param held the ids of the maps that each process holds.
 */
export function sumHeldElsewhere(
  held: ReadonlyMap<number, ReadonlySet<number>>,
  maps: readonly Pick<InventoryMap, 'id' | 'cgroupId' | 'bytes' | 'unchargedBytes'>[],
  cgroups: readonly HostCgroup[],
  pathOf: (pid: number) => string | undefined,
): Map<HostCgroup, number> {
  const mapById = new Map(maps.map((map) => [map.id, map]));
  const byPath = new Map(cgroups.map((cgroup) => [cgroup.path, cgroup]));
  const byId = new Map(cgroups.map((cgroup) => [cgroup.id, cgroup]));
  const counted = new Map<HostCgroup, Set<number>>();
  const sums = new Map<HostCgroup, number>();
  for (const [pid, ids] of held) {
    const path = pathOf(pid);
    const holder = path === undefined ? undefined : nearest(byPath, path);
    if (holder === undefined) continue;
    for (const id of ids) {
      const map = mapById.get(id);
      if (map === undefined) continue;
      const charged = map.cgroupId === undefined ? undefined : byId.get(map.cgroupId);
      for (let each = holder; each.parent !== undefined; each = each.parent) {
        if (charged !== undefined && isIn(charged, each)) break;
        const known = counted.get(each) ?? new Set();
        if (known.has(id)) continue;
        counted.set(each, known.add(id));
        sums.set(each, (sums.get(each) ?? 0) + Math.max(0, map.bytes - map.unchargedBytes));
      }
    }
  }
  return sums;
}

/** The cgroup at a path, or the nearest one above it: nothing is charged to some. */
function nearest(byPath: ReadonlyMap<string, HostCgroup>, path: string): HostCgroup | undefined {
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const cgroup = byPath.get(at);
    if (cgroup !== undefined) return cgroup;
  }
  return byPath.get('/');
}

function isIn(cgroup: HostCgroup, outer: HostCgroup): boolean {
  let each: HostCgroup | undefined = cgroup;
  while (each !== undefined && each.depth > outer.depth) each = each.parent;
  return each === outer;
}

/** What `cmemstat top` reads: the cgroups of this host, and their names. */
import { findRootCgroup } from '../../cgroup/find-cgroup.ts';
import { type CgroupLabel, CgroupLabels } from '../../cgroup/resolve/cgroup-labels.ts';
import type { HostCgroup, HostReading } from '../../model/host/host-cgroups.ts';
import { type HostRow, type HostSort, hostRows, largestCgroups } from '../../model/host/host-tree.ts';
import { type HostReader, openHostReader } from '../../sampler/host/host-reader.ts';

/** Which cgroups to show. */
export interface TopChoice {
  sort: HostSort;
  /** Levels below the root; undefined for all. */
  depth: number | undefined;
  /** How many cgroups; undefined for all. */
  top: number | undefined;
  /** Part of a name or of a path; undefined for all. */
  matches: ((text: string) => boolean) | undefined;
}

/** The host, and what its cgroups are called. */
export interface TopSource {
  readonly reader: Pick<HostReader, 'read' | 'close'>;
  readonly labels: CgroupLabels;
}

/**
 * Opens the host.
 * @throws UsageError if no hierarchy with the memory controller is mounted.
 */
export async function openTop(repeats: boolean): Promise<TopSource> {
  const root = findRootCgroup('top');
  return { reader: await openHostReader({ root, repeats }), labels: new CgroupLabels() };
}

/** The rows of a table or a document. */
export function chooseRows(
  { cgroups }: HostReading,
  labelOf: (cgroup: HostCgroup) => CgroupLabel,
  { sort, depth, top, matches }: TopChoice,
): HostRow[] {
  const nameOf = (cgroup: HostCgroup) => labelOf(cgroup).name;
  const isMatch = matches && ((cgroup: HostCgroup) => matches(nameOf(cgroup)) || matches(cgroup.path));
  const options = { sort, nameOf };
  const reached = depth === undefined ? cgroups : cgroups.filter((cgroup) => cgroup.depth <= depth);
  const rows = hostRows(reached, { ...options, matches: isMatch });
  if (top === undefined) return rows;
  const shown = rows.map(({ cgroup }) => cgroup);
  return hostRows(largestCgroups(shown, top, options), options);
}

/**
 * The number of cgroups of a controller's hierarchy, from `/proc/cgroups`; removed ones count as long as the
 * kernel keeps them. Undefined if the controller is not in the list.
 *
 *     #subsys_name\thierarchy\tnum_cgroups\tenabled
 *     memory\t4\t112\t1
 *
 * Source: `proc_cgroupstats_show` in kernel/cgroup/cgroup-v1.c; `nr_cgrps` of `struct cgroup_root`, which is
 * decremented when a cgroup is freed (kernel/cgroup/cgroup.c, `css_free_rwork_fn`).
 */
export function parseCgroupCount(text: string, controller: string): number | undefined {
  for (const line of text.split('\n')) {
    const [name, , count] = line.split('\t');
    if (name === controller && count !== undefined && /^\d+$/.test(count)) return Number(count);
  }
  return undefined;
}

/** The rows of a host's cgroups: in order, below each other, chosen. */
import type { HostCgroup, HostFigure } from './host-cgroups.ts';

/** By what cgroups are ordered among those with the same parent. */
export type HostSort = HostFigure | 'name';

/** One row. */
export interface HostRow {
  readonly cgroup: HostCgroup;
  readonly depth: number;
  /** Whether cgroups are below it. */
  readonly hasChildren: boolean;
  /** Whether those are rows. */
  readonly isOpen: boolean;
}

/** Which rows, in which order. */
export interface HostRowOptions {
  sort: HostSort;
  /** The smallest first; names: the last first. */
  isReversed?: boolean;
  nameOf: (cgroup: HostCgroup) => string;
  /** Cgroups of which nothing below is a row. */
  isOpen?: (cgroup: HostCgroup) => boolean;
  /** Only those that match, and the cgroups that they are in. */
  matches?: ((cgroup: HostCgroup) => boolean) | undefined;
}

/** Cgroups by the one that they are in, in the given order. */
type ChildrenOf = ReadonlyMap<HostCgroup, readonly HostCgroup[]>;

/** The rows as a tree: each cgroup is followed by those in it. */
export function hostRows(cgroups: readonly HostCgroup[], options: HostRowOptions): HostRow[] {
  const { isOpen = () => true, matches } = options;
  const shown = matches === undefined ? cgroups : withParents(cgroups.filter(matches), cgroups);
  const children = sortedChildren(shown, options);
  const [root] = cgroups;
  const rows: HostRow[] = [];
  const waiting = root !== undefined && shown.includes(root) ? [root] : [];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const below = children.get(next) ?? [];
    // What matches is shown wherever it is.
    const open = below.length > 0 && (matches !== undefined || isOpen(next));
    rows.push({ cgroup: next, depth: next.depth, hasChildren: below.length > 0, isOpen: open });
    if (open) waiting.push(...below.toReversed());
  }
  return rows;
}

function sortedChildren(cgroups: readonly HostCgroup[], options: HostRowOptions): ChildrenOf {
  const children = new Map<HostCgroup, HostCgroup[]>();
  for (const cgroup of cgroups) {
    if (cgroup.parent === undefined) continue;
    const known = children.get(cgroup.parent);
    if (known === undefined) children.set(cgroup.parent, [cgroup]);
    else known.push(cgroup);
  }
  const compare = comparator(options);
  for (const each of children.values()) if (each.length > 1) each.sort(compare);
  return children;
}

const collator = new Intl.Collator('en', { numeric: true });

/** The largest first, what is unknown last; equal ones by name. */
function comparator({ sort, isReversed, nameOf }: HostRowOptions): (a: HostCgroup, b: HostCgroup) => number {
  const sign = isReversed === true ? -1 : 1;
  const byName = (a: HostCgroup, b: HostCgroup) => collator.compare(nameOf(a), nameOf(b));
  if (sort === 'name') return (a, b) => sign * byName(a, b);
  return (a, b) => {
    const [left, right] = [a.figures[sort], b.figures[sort]];
    if (left === right) return byName(a, b);
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return sign * (right - left);
  };
}

/** In the order of `cgroups`. */
function withParents(chosen: readonly HostCgroup[], cgroups: readonly HostCgroup[]): HostCgroup[] {
  const kept = new Set<HostCgroup>();
  for (const cgroup of chosen) {
    for (
      let each: HostCgroup | undefined = cgroup;
      each !== undefined && !kept.has(each);
      each = each.parent
    ) {
      kept.add(each);
    }
  }
  return cgroups.filter((cgroup) => kept.has(cgroup));
}

/**
 * The `most` cgroups with the largest figure, in the order of `cgroups`. Each counts with those that it is
 * in, which are chosen with it.
 */
export function largestCgroups(
  cgroups: readonly HostCgroup[],
  most: number,
  options: HostRowOptions,
): HostCgroup[] {
  const kept = new Set<HostCgroup>();
  for (const cgroup of cgroups.toSorted(comparator(options))) {
    if (kept.size >= most) break;
    const path: HostCgroup[] = [];
    for (
      let each: HostCgroup | undefined = cgroup;
      each !== undefined && !kept.has(each);
      each = each.parent
    ) {
      path.push(each);
    }
    if (kept.size + path.length <= most) for (const each of path) kept.add(each);
  }
  return cgroups.filter((cgroup) => kept.has(cgroup));
}

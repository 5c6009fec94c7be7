/** The memory of a tree as a flat list of names, which baselines keep and comparisons use. */
import type { ExplainMethod, Explanation, MemoryKind, MemoryNode } from './explanation.ts';

/** Some memory under one name. */
export interface NamedMemory {
  /** What it is part of: `anon`, `file`, `shmem`, `slab`, `kernel`, or a kind such as `page-tables`. */
  group: string;
  kind: MemoryKind;
  /** The path of a file; the command of a process. */
  name: string;
  /** Unit: bytes. */
  bytes: number;
}

/** The names of one explanation. */
export interface NameList {
  method: ExplainMethod;
  /** Of the whole tree. Unit: bytes. */
  bytes: number;
  /** The largest first; those of equal name, kind and group are summed. */
  names: NamedMemory[];
  /**
   * What a name that is not listed may have, by group; 0 in groups that are not here. Absent if all names are
   * listed. Unit: bytes.
   */
  unlisted?: Record<string, number>;
}

/** The names of a moment of a run. */
export interface MomentNames<Moment extends string = string> extends NameList {
  moment: Moment;
  elapsedMs: number;
}

/** Groups of kernel memory that have their own names. */
const KERNEL_GROUPS: ReadonlySet<MemoryKind> = new Set([
  'page-tables',
  'kernel-stacks',
  'bpf-map',
  'bpf-program',
  'pipe',
  'socket',
  'percpu',
  'vmalloc',
  'zswap',
]);

/** Lists the names of a tree. What stands for several things is not listed, but limits what is unlisted. */
export function listNames({ tree, method }: Pick<Explanation, 'tree' | 'method'>): NameList {
  const names = new Map<string, NamedMemory>();
  const unlisted: Record<string, number> = {};
  visit(tree, 'other', names, unlisted);
  return withUnlisted({ method, bytes: tree.bytes, names: sorted(names.values()) }, unlisted);
}

function visit(
  node: MemoryNode,
  above: string,
  names: Map<string, NamedMemory>,
  unlisted: Record<string, number>,
): void {
  const { kind, children, path, name: ownName, bytes } = node;
  const group = kind === 'class' ? ownName : KERNEL_GROUPS.has(kind) ? kind : above;
  // The mappings of a process say little without it.
  if (children !== undefined && kind !== 'process') {
    for (const child of children) visit(child, group, names, unlisted);
    const rest = children.filter((child) => child.kind === 'others').map((child) => child.bytes);
    const listed = children.filter((child) => !isRest(child)).map((child) => child.bytes);
    if (rest.length > 0) {
      const most = Math.min(Math.max(...rest), ...listed);
      unlisted[group] = Math.max(unlisted[group] ?? 0, most);
    }
    return;
  }
  if (isRest(node)) return;
  const name = path ?? ownName;
  const key = JSON.stringify([group, kind, name]);
  const known = names.get(key);
  if (known === undefined) names.set(key, { group, kind, name, bytes });
  else known.bytes += bytes;
}

function isRest({ kind }: MemoryNode): boolean {
  return kind === 'others' || kind === 'unnamed';
}

function sorted(names: Iterable<NamedMemory>): NamedMemory[] {
  return [...names].sort((a, b) => b.bytes - a.bytes);
}

/** The list with its largest names only. */
export function cutNames<List extends NameList>(list: List, count: number): List {
  const unlisted: Record<string, number> = { ...list.unlisted };
  for (const { group, bytes } of list.names.slice(count)) {
    unlisted[group] = Math.max(unlisted[group] ?? 0, bytes);
  }
  return withUnlisted({ ...list, names: list.names.slice(0, count) }, unlisted);
}

function withUnlisted<List extends NameList>(list: List, unlisted: Record<string, number>): List {
  return Object.keys(unlisted).length === 0 ? list : { ...list, unlisted };
}

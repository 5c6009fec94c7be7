/** Reads the memory of the whole host by cgroup, removed ones included. */
import { join } from 'node:path';
import { type FoundCgroup, findRootCgroup } from '../../cgroup/find-cgroup.ts';
import type { PageScan, ScanOwner } from '../../kernel/bpf/scan/scan-result.ts';
import { parseDyingDescendants } from '../../kernel/cgroup2/cgroup-stat.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type { Explanation, MemoryNode } from '../../model/explain/explanation.ts';
import { hideNames } from '../../model/explain/hide-names.ts';
import { parentNode } from '../../model/explain/memory-tree.ts';
import { openFilePaths } from '../../sampler/explain/file-paths.ts';
import { absentAs } from '../../sampler/figure-reader.ts';
import { adviseOnTree } from './advice.ts';
import { decodeName } from './decode-name.ts';
import type { ExplainOptions } from './explain.ts';
import { ownCgroupId, ownScanParts } from './gather-kernel.ts';
import { namePages, UNCHARGED_TITLES } from './gather-pages.ts';
import type { NameSources } from './name-files.ts';
import { type MaxNamed, maxNamed, PageTotals, readNames, restTerms } from './page-totals.ts';
import { readCharged } from './read-charged.ts';
import { describeScan, openScanReaders, scanPages, untestedTerms } from './scan-readers.ts';
import { buildTree } from './tree/build-tree.ts';
import type { KernelPart } from './tree/parts.ts';

/**
 * Reads what all cgroups are charged for, and what none is. Needs a page scan: the counters of the host say
 * nothing of removed cgroups.
 * @throws ToolError if pages cannot be read.
 */
export async function explainHost(options: ExplainOptions = {}): Promise<Explanation> {
  const root = findRootCgroup('explain');
  const before = readCharged(root);
  const readers = await openScanReaders();
  const scan = await scanPages(readers, { withUncharged: true }, options);
  try {
    const after = readCharged(root);
    const sources: NameSources = {
      paths: openFilePaths([]),
      holders: { isHeld: () => undefined, reclaimOf: () => undefined, usersOf: () => [] },
    };
    const totals = totalsByOwner(scan);
    const naming = { sources, max: maxNamed('host', options.sumsFiles) };
    const tree = hostTree(scan, totals, naming, readDying(root));
    const shown = options.names === false ? hideNames(tree) : tree;
    return {
      method: 'pages',
      // The root cgroup of v1 has a sum of some kinds of pages.
      before: { stat: before.stat },
      after: { stat: after.stat },
      ...describeScan(scan, options),
      tree: shown,
      beside: [],
      missing: [
        ...untestedTerms(readers),
        ...restTerms(
          totals.reduce((sum, { restBytes }) => sum + restBytes, 0),
          scan,
        ),
      ],
      advice: adviseOnTree(shown),
    };
  } finally {
    scan.close();
  }
}

/** What files and caches are named with, and how many. */
interface Naming {
  sources: NameSources;
  max: MaxNamed;
}

/** A cgroup with those below it. */
interface Branch {
  readonly name: string;
  readonly path: string;
  readonly children: Map<string, Branch>;
  owners: number[];
}

/** How many removed cgroups the kernel still has; undefined on cgroup v1. */
function readDying({ directory }: FoundCgroup): number | undefined {
  const path = join(directory, 'cgroup.stat');
  return absentAs(undefined, () => parseDyingDescendants(readPseudoFile(path), path, () => {}));
}

function hostTree(
  scan: PageScan,
  totals: readonly PageTotals[],
  naming: Naming,
  dying: number | undefined,
): MemoryNode {
  const root: Branch = { name: '/', path: '/', children: new Map(), owners: [] };
  const removed: { owner: ScanOwner; index: number }[] = [];
  for (const [index, owner] of scan.owners.entries()) {
    if (owner.isRemoved || owner.components === undefined) removed.push({ owner, index });
    else branchOf(root, owner.components.map(decodeName)).owners.push(index);
  }
  const ownId = ownCgroupId();
  const isOurs = (index: number) => ownId !== undefined && BigInt(scan.owners[index]?.id ?? 0) === ownId;
  const nodeOf = (index: number, node: Pick<MemoryNode, 'kind' | 'name' | 'path'>): MemoryNode =>
    ownNode(scan, totals[index] ?? new PageTotals(), node, naming, ownScanParts(scan, isOurs(index)));
  const removedNodes = removed.map(({ owner, index }) => {
    const path =
      owner.components === undefined ? undefined : `/${owner.components.map(decodeName).join('/')}`;
    return nodeOf(index, {
      kind: 'removed-cgroup',
      name: path ?? 'a cgroup that is gone',
      ...(path === undefined ? {} : { path }),
    });
  });
  return parentNode({ kind: 'host', name: 'host' }, [
    branchNode(root, nodeOf),
    ...(removedNodes.length === 0
      ? []
      : [
          parentNode(
            {
              kind: 'removed-cgroup',
              name: 'removed cgroups',
              count: removedNodes.length,
              ...(dying === undefined ? {} : { note: `nr_dying_descendants: ${dying}` }),
            },
            removedNodes,
          ),
        ]),
    ...unchargedNodes(scan),
  ]);
}

function totalsByOwner(scan: PageScan): PageTotals[] {
  const totals = scan.owners.map(() => new PageTotals());
  for (const row of scan.rows()) totals[row.owner]?.add(row);
  return totals;
}

function branchOf(root: Branch, names: readonly string[]): Branch {
  let branch = root;
  for (const name of names) {
    const path = branch.path === '/' ? `/${name}` : `${branch.path}/${name}`;
    const child = branch.children.get(name) ?? { name, path, children: new Map(), owners: [] };
    branch.children.set(name, child);
    branch = child;
  }
  return branch;
}

type NodeOf = (owner: number, node: Pick<MemoryNode, 'kind' | 'name' | 'path'>) => MemoryNode;

/** The memory of a cgroup itself stands beside the cgroups below it. */
function branchNode(branch: Branch, nodeOf: NodeOf): MemoryNode {
  const { name, path, owners } = branch;
  const node = { kind: 'cgroup' as const, name, path };
  const nested = Array.from(branch.children.values(), (child) => branchNode(child, nodeOf));
  const own = owners.flatMap((owner) => nodeOf(owner, node).children ?? []);
  return parentNode(node, [...own, ...nested]);
}

function ownNode(
  scan: PageScan,
  totals: PageTotals,
  node: Pick<MemoryNode, 'kind' | 'name' | 'path'>,
  { sources, max }: Naming,
  kernelParts: readonly KernelPart[],
): MemoryNode {
  return buildTree(node, {
    ...namePages(totals, readNames(scan, totals, max), sources),
    current: undefined,
    processes: undefined,
    kernelParts,
    slabParts: [],
    percpu: undefined,
    zswap: undefined,
    sock: undefined,
    sockets: [],
  });
}

function unchargedNodes({ unchargedBytes = {} }: PageScan): MemoryNode[] {
  const nodes = (Object.keys(unchargedBytes) as (keyof typeof unchargedBytes)[]).map((kind): MemoryNode => {
    return {
      kind: 'class',
      name: UNCHARGED_TITLES[kind] ?? 'other pages',
      bytes: Math.round(unchargedBytes[kind] ?? 0),
      reclaim: kind === 'file' ? 'reclaimable' : kind === 'anon' || kind === 'shmem' ? 'process' : 'kernel',
    };
  });
  return [parentNode({ kind: 'class', name: 'charged to no cgroup' }, nodes)];
}

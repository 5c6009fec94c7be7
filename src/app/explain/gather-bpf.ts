/** The BPF objects of a cgroup. */
import { openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { collectPinned } from '../../kernel/bpf/sys/pinned.ts';
import type { BpfAdvice } from '../../model/bpf-advice.ts';
import type { InventoryMap } from '../../model/bpf-inventory.ts';
import type { MemoryNode, MissingTerm } from '../../model/explain/explanation.ts';
import { parentNode } from '../../model/explain/memory-tree.ts';
import { openBpfInventory } from '../../sampler/bpf/inventory.ts';
import { adviseOnce, type BpfParts, bpfParts, shownMap } from './bpf-parts.ts';

/** What is charged to a cgroup, and what its maps take beside that. */
export interface GatheredBpf {
  parts: BpfParts;
  beside: MemoryNode[];
  missing: MissingTerm[];
  /** On the maps. */
  advice: BpfAdvice[];
}

/**
 * The BPF maps that are charged to a cgroup (the inode number of its directory) or below it, and the programs
 * that its processes hold. With descriptors alone, charges are unknown, and all of it is missing.
 * @throws errors other than ToolError.
 */
export async function gatherBpf(cgroupId: bigint, pids: readonly number[]): Promise<GatheredBpf> {
  const inventory = await openBpfInventory({
    cgroupId,
    pids: () => pids,
    holders: false,
  });
  try {
    const { attribution, reason = 'BPF maps cannot be read', hint } = inventory;
    if (attribution !== 'memcg') {
      const missing = [missingBpf(reason, hint)];
      return { parts: { pages: [], slab: [] }, beside: [], missing, advice: [] };
    }
    const { maps, programs } = inventory.read();
    const pinned = maps.length === 0 ? undefined : collectPinned(await openBpf());
    const held = programs.filter(({ belongs }) => belongs === 'held');
    return {
      parts: bpfParts(maps, held, inventory.computeCost, (id) => pinned?.map.get(id) ?? []),
      beside: uncharged(maps),
      missing: [],
      advice: adviseOnce(maps, inventory.computeCost),
    };
  } finally {
    inventory.close();
  }
}

function missingBpf(reason: string, hint: string | undefined): MissingTerm {
  return { term: 'BPF maps', reason, ...(hint === undefined ? {} : { hint }) };
}

function uncharged(
  maps: readonly Pick<InventoryMap, 'id' | 'name' | 'type' | 'unchargedBytes'>[],
): MemoryNode[] {
  const nodes = maps
    .filter(({ unchargedBytes }) => unchargedBytes > 0)
    .map(
      ({ id, name, type, unchargedBytes }): MemoryNode => ({
        kind: 'bpf-map',
        name: shownMap({ id, name }),
        bytes: unchargedBytes,
        reclaim: 'kernel',
        note: `${type}, id ${id}`,
      }),
    );
  if (nodes.length === 0) return [];
  return [parentNode({ kind: 'percpu', name: 'per-CPU memory of BPF maps, charged to no cgroup' }, nodes)];
}

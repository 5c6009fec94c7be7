/** BPF maps that outlive the run: pinned, or held by a program or a link that does. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Leaf } from '../cgroup/leaf.ts';
import { openBpf } from '../kernel/bpf/bpf-call.ts';
import { collectPinned } from '../kernel/bpf/pinned.ts';
import type { InventoryMap } from '../model/bpf-inventory.ts';
import type { LeftoverMap } from '../model/recording.ts';
import { openBpfInventory } from '../sampler/bpf-inventory.ts';

/** The kernel lets go of programs, and so of their maps, a moment after their last descriptor. Unit: milliseconds. */
const LET_GO_MS = 500;
const POLL_MS = 50;

/**
 * What is left of the maps that were charged to the leaf, once it is removed: their charge has moved to the parent by then,
 * and they are known again by its identity.
 */
export async function findLeftovers(leaf: Leaf, charged: readonly InventoryMap[]): Promise<LeftoverMap[]> {
  if (charged.length === 0) return [];
  const known = new Map(charged.map((map) => [map.id, map.chargeIdentity]));
  await leaf.remove();
  const inventory = await openBpfInventory({ holders: true });
  try {
    const deadline = performance.now() + LET_GO_MS;
    for (;;) {
      const { maps, programs, links } = inventory.read();
      const left = maps.filter((map) => known.get(map.id) === map.chargeIdentity);
      if (left.length === 0) return [];
      if (performance.now() > deadline) {
        const pinned = collectPinned(await openBpf());
        return left.map((map) => {
          const byPrograms = programs.filter(({ map_ids }) => map_ids.includes(map.id));
          const byLinks = links.filter(
            (link) => link.map_id === map.id || byPrograms.some(({ id }) => id === link.prog_id),
          );
          return {
            id: map.id,
            type: map.type,
            name: map.name,
            bytes: map.bytes,
            unchargedBytes: map.unchargedBytes,
            pinned: [...(pinned.map.get(map.id) ?? [])],
            programs: byPrograms.map(({ id, name }) => ({ id, name })),
            links: byLinks.map(({ id, type }) => ({ id, type })),
            holders: [...map.holders],
          };
        });
      }
      await sleep(POLL_MS);
    }
  } finally {
    inventory.close();
  }
}

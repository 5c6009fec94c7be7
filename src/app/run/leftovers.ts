/** BPF maps that outlive the run: pinned, or referenced by a program or link that outlives it. */

import type { Leaf } from '../../cgroup/leaf.ts';
import { ToolError } from '../../errors.ts';
import { openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { collectPinned, type PinnedObjects } from '../../kernel/bpf/sys/pinned.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { sleep } from '../../kernel/sleep.ts';
import type { InventoryMap, InventorySnapshot } from '../../model/bpf-inventory.ts';
import type { LeftoverMap } from '../../model/recording.ts';
import { type BpfInventory, openBpfInventory } from '../../sampler/bpf/inventory.ts';

/**
 * The kernel frees programs, and their maps, shortly after the last descriptor is closed. Unit: milliseconds.
 */
const RELEASE_TIMEOUT_MS = 500;
const POLL_MS = 50;

/**
 * The remaining maps of those that were charged to the leaf, after its removal: their charge has moved to the
 * parent, so they are identified by their objcg.
 * @throws ToolError if the maps of the host cannot be read.
 */
export async function findLeftovers(leaf: Leaf, charged: readonly InventoryMap[]): Promise<LeftoverMap[]> {
  await removeIfPossible(leaf);
  const inventory = await openBpfInventory({ holders: true });
  try {
    const { left, snapshot } = await waitForRelease(inventory, charged);
    if (left.length === 0) return [];
    const pinned = collectPinned(await openBpf());
    return left.map((map) => describe(map, snapshot, pinned));
  } finally {
    inventory.close();
  }
}

async function removeIfPossible(leaf: Leaf): Promise<void> {
  try {
    await leaf.remove();
  } catch (error) {
    // A process that cannot be killed holds it; the final clean-up reports that.
    if (!(error instanceof ToolError)) throw error;
  }
}

async function waitForRelease(
  inventory: BpfInventory,
  charged: readonly InventoryMap[],
): Promise<{ left: InventoryMap[]; snapshot: InventorySnapshot }> {
  const known = new Map(charged.map((map) => [map.id, map.chargeIdentity]));
  const deadline = monotonicMs() + RELEASE_TIMEOUT_MS;
  for (;;) {
    const snapshot = inventory.read();
    const left = snapshot.maps.filter((map) => known.get(map.id) === map.chargeIdentity);
    if (left.length === 0 || monotonicMs() > deadline) return { left, snapshot };
    await sleep(POLL_MS);
  }
}

function describe(
  map: InventoryMap,
  { programs, links }: InventorySnapshot,
  pinned: PinnedObjects,
): LeftoverMap {
  const users = programs.filter(({ map_ids }) => map_ids.includes(map.id));
  const holding = links.filter(
    ({ map_id, prog_id }) => map_id === map.id || users.some(({ id }) => id === prog_id),
  );
  return {
    id: map.id,
    type: map.type,
    name: map.name,
    bytes: map.bytes,
    unchargedBytes: map.unchargedBytes,
    pinned: [...(pinned.map.get(map.id) ?? [])],
    programs: users.map(({ id, name }) => ({ id, name })),
    links: holding.map(({ id, type }) => ({ id, type })),
    holders: [...map.holders],
  };
}

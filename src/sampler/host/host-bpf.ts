/** The BPF maps of a host, by the cgroup that is charged for them. */
import type { ComputeMapCost } from '../../model/bpf-advice.ts';
import type { InventoryMap } from '../../model/bpf-inventory.ts';
import { type BpfInventory, openBpfInventory } from '../bpf/inventory.ts';

/** What maps take. Unit: bytes. */
export interface BpfOfCgroup {
  charged: number;
  /** The part of it of maps whose own cgroup was removed. */
  orphaned: number;
  /** Per-CPU memory of these maps that no cgroup is charged for. */
  uncharged: number;
}

/** One reading. */
export interface BpfByCgroup {
  maps: readonly InventoryMap[];
  /** By the id of the cgroup, without those below it; undefined is the root cgroup. */
  byCgroup: ReadonlyMap<bigint | undefined, BpfOfCgroup>;
  /** Per-CPU memory that no cgroup is charged for. Unit: bytes. */
  unchargedBytes: number;
}

/** Why it cannot be read, and what would make it readable. */
export interface NoBpf {
  reason: string;
  hint: string | undefined;
}

/** An open inventory; or why there is none. */
export class HostBpf {
  readonly #inventory: BpfInventory;
  #last: { maps: readonly InventoryMap[]; sums: BpfByCgroup } | undefined;

  private constructor(inventory: BpfInventory) {
    this.#inventory = inventory;
  }

  /** @throws only errors other than ToolError. */
  static async open(withHolders = false): Promise<HostBpf> {
    const options = withHolders
      ? ({ holders: 'on-request' } as const)
      : ({ holders: false, links: false } as const);
    return new HostBpf(await openBpfInventory(options));
  }

  /** See {@link BpfInventory}. */
  get computeCost(): ComputeMapCost {
    return this.#inventory.computeCost;
  }

  /** The maps that each process holds, by pid. Requires holders. @throws ToolError. */
  readHeldMaps(): ReadonlyMap<number, ReadonlySet<number>> {
    return this.#inventory.readHeldMaps();
  }

  /** Undefined if it can be read. */
  get absent(): NoBpf | undefined {
    const { attribution, reason = 'BPF maps cannot be read', hint } = this.#inventory;
    return attribution === 'memcg' ? undefined : { reason, hint };
  }

  /** Undefined if it cannot be read. @throws ToolError. */
  read(): BpfByCgroup | undefined {
    if (this.absent !== undefined) return undefined;
    const { maps } = this.#inventory.read();
    if (this.#last?.maps !== maps) this.#last = { maps, sums: sumByCgroup(maps) };
    return this.#last.sums;
  }

  close(): void {
    this.#inventory.close();
  }
}

/** The sums over maps by what they are charged to. */
export function sumByCgroup(maps: readonly InventoryMap[]): BpfByCgroup {
  const byCgroup = new Map<bigint | undefined, BpfOfCgroup>();
  let unchargedBytes = 0;
  for (const { cgroupId, bytes, unchargedBytes: uncharged, orphaned } of maps) {
    let sums = byCgroup.get(cgroupId);
    if (sums === undefined) {
      sums = { charged: 0, orphaned: 0, uncharged: 0 };
      byCgroup.set(cgroupId, sums);
    }
    const charged = Math.max(0, bytes - uncharged);
    sums.charged += charged;
    if (orphaned === true) sums.orphaned += charged;
    sums.uncharged += uncharged;
    unchargedBytes += uncharged;
  }
  return { maps, byCgroup, unchargedBytes };
}

/** The maximum usage of each map over all readings, for advice. */
import { monotonicMs } from '../../kernel/monotonic.ts';
import type { AdvisedMap } from '../../model/bpf-advice.ts';
import type { InventoryMap } from '../../model/bpf-inventory.ts';

/** Follows maps from one reading to the next; those that are gone are forgotten. */
export class MapPeaks {
  #elements = new Map<number, number>();
  #backlogs = new Map<number, number>();
  #reads = 0;
  readonly #startMs = monotonicMs();

  /** Takes a reading. */
  add(maps: readonly InventoryMap[]): void {
    this.#reads += 1;
    this.#elements = highest(this.#elements, maps, ({ elements }) => elements);
    this.#backlogs = highest(this.#backlogs, maps, ({ backlogBytes }) => backlogBytes);
  }

  /** The maps of the last reading with their maximum usage. */
  of(maps: readonly InventoryMap[]): AdvisedMap[] {
    const observed = { readings: this.#reads, spanMs: monotonicMs() - this.#startMs };
    return maps.map((map) => {
      const liveElements = this.#elements.get(map.id);
      // A single reading of a ring buffer does not show its maximum backlog.
      const peakBacklogBytes = this.#reads > 1 ? this.#backlogs.get(map.id) : undefined;
      return {
        ...map,
        observed,
        ...(liveElements === undefined ? {} : { liveElements }),
        ...(peakBacklogBytes === undefined ? {} : { peakBacklogBytes }),
      };
    });
  }
}

function highest(
  before: ReadonlyMap<number, number>,
  maps: readonly InventoryMap[],
  figure: (map: InventoryMap) => number | undefined,
): Map<number, number> {
  const now = new Map<number, number>();
  for (const map of maps) {
    const value = figure(map);
    if (value !== undefined) now.set(map.id, Math.max(value, before.get(map.id) ?? 0));
  }
  return now;
}

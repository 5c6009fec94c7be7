/** The maximum usage of each map over all readings, for advice. */
import { monotonicMs } from '../../kernel/monotonic.ts';
import type { AdvisedMap } from '../../model/bpf-advice.ts';
import type { InventoryMap } from '../../model/bpf-inventory.ts';

/** How many maps that are gone are kept before they are dropped. */
const MAX_STALE = 256;

/** Follows maps from one reading to the next; those that are gone are forgotten. */
export class MapPeaks {
  readonly #elements = new Map<number, number>();
  readonly #backlogs = new Map<number, number>();
  #last: readonly InventoryMap[] | undefined;
  #reads = 0;
  readonly #startMs = monotonicMs();

  /** Takes a reading. */
  add(maps: readonly InventoryMap[]): void {
    this.#reads += 1;
    // Readers return the same array while nothing changes.
    if (this.#last === maps) return;
    this.#last = maps;
    for (const { id, elements, backlogBytes } of maps) {
      if (elements !== undefined) raise(this.#elements, id, elements);
      if (backlogBytes !== undefined) raise(this.#backlogs, id, backlogBytes);
    }
    if (this.#elements.size + this.#backlogs.size <= 2 * maps.length + MAX_STALE) return;
    const alive = new Set(maps.map(({ id }) => id));
    for (const peaks of [this.#elements, this.#backlogs]) {
      for (const id of peaks.keys()) if (!alive.has(id)) peaks.delete(id);
    }
  }

  /** The maps of the last reading with their maximum usage. */
  of(maps: readonly InventoryMap[]): AdvisedMap[] {
    const observed = { readings: this.#reads, spanMs: monotonicMs() - this.#startMs };
    return maps.map((map) => {
      const { id, name, type, bytes, key_size, value_size, max_entries, map_flags, map_extra } = map;
      return {
        ...{ id, name, type, bytes, key_size, value_size, max_entries, map_flags, map_extra, observed },
        liveElements: this.#elements.get(id),
        // A single reading of a ring buffer does not show its maximum backlog.
        peakBacklogBytes: this.#reads > 1 ? this.#backlogs.get(id) : undefined,
      };
    });
  }
}

function raise(peaks: Map<number, number>, id: number, value: number): void {
  const before = peaks.get(id);
  if (before === undefined || value > before) peaks.set(id, value);
}

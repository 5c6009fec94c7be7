/** Tracks each figure over the run: current value, peak, previous value and the value a minute ago. */
import type { Track } from './view.ts';

/** A minute in slots of one second, and some more since slots may be longer. */
const SLOTS = 64;
const SLOT_MS = 1000;
const MINUTE_MS = 60_000;

/** A track with its values of the last minute; NaN if unknown. */
interface KeptTrack extends Track {
  readonly slots: Float64Array;
}

/** Tracks by name, in constant memory. */
export class Tracks {
  readonly #tracks = new Map<string, KeptTrack>();
  readonly #slotMs = new Float64Array(SLOTS).fill(Number.NaN);
  /** Number of started slots. */
  #begun = 0;

  get all(): ReadonlyMap<string, Track> {
    return this.#tracks;
  }

  /**
   * Adds a reading of a figure; does nothing if it is absent.
   * @param highest the maximum since the previous reading, if known.
   */
  set(name: string, value: number | undefined, elapsedMs: number, highest?: number): void {
    if (value === undefined) return;
    const track = this.#tracks.get(name);
    const top = highest === undefined || highest < value ? value : highest;
    if (track === undefined) {
      this.#tracks.set(name, {
        now: value,
        peak: top,
        peakMs: elapsedMs,
        before: undefined,
        first: value,
        minuteAgo: { elapsedMs, value },
        slots: new Float64Array(SLOTS).fill(Number.NaN),
      });
      return;
    }
    track.before = track.now;
    track.now = value;
    if (top > track.peak) {
      track.peak = top;
      track.peakMs = elapsedMs;
    }
  }

  /** Marks the end of the figures for one time. */
  tick(elapsedMs: number): void {
    const newestMs = this.#begun === 0 ? Number.NEGATIVE_INFINITY : this.#timeOf(this.#begun - 1);
    if (elapsedMs - newestMs < SLOT_MS) return;
    const slot = this.#begun % SLOTS;
    this.#slotMs[slot] = elapsedMs;
    this.#begun += 1;
    const ago = this.#slotBefore(elapsedMs - MINUTE_MS);
    for (const track of this.#tracks.values()) {
      track.slots[slot] = track.now;
      const value = ago === undefined ? undefined : track.slots[ago % SLOTS];
      // A newer figure keeps its first sample.
      if (ago === undefined || value === undefined || Number.isNaN(value)) continue;
      track.minuteAgo.elapsedMs = this.#timeOf(ago);
      track.minuteAgo.value = value;
    }
  }

  /** An independent copy. */
  clone(): Tracks {
    const copy = new Tracks();
    for (const [name, track] of this.#tracks) {
      copy.#tracks.set(name, {
        ...track,
        minuteAgo: { ...track.minuteAgo },
        slots: track.slots.slice(),
      });
    }
    copy.#slotMs.set(this.#slotMs);
    copy.#begun = this.#begun;
    return copy;
  }

  #timeOf(ordinal: number): number {
    return this.#slotMs[ordinal % SLOTS] ?? Number.NaN;
  }

  /** The latest slot at or before a time; undefined if there is none. */
  #slotBefore(ms: number): number | undefined {
    const oldest = Math.max(0, this.#begun - SLOTS);
    let found: number | undefined;
    for (let ordinal = oldest; ordinal < this.#begun && this.#timeOf(ordinal) <= ms; ordinal += 1)
      found = ordinal;
    return found;
  }
}

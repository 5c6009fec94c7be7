/** Tracks each figure over the run: current value, peak, growth, and the values at the highest total. */
import { GrowthReadings } from '../../statistics/trend.ts';
import type { Track } from './view.ts';

/** Stored readings of each figure, of which the estimate of its growth uses the second half. */
const READINGS = 128;

/** Tracks by name, in constant memory. */
export class Tracks {
  readonly #tracks = new Map<string, Track>();
  /** Those without a reading of the cgroup that is measured now. */
  readonly #unread = new Set<string>();

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
        first: value,
        atHighest: undefined,
        readings: new GrowthReadings(READINGS),
      });
      return;
    }
    track.now = value;
    if (this.#unread.delete(name)) track.first = value;
    if (top > track.peak) {
      track.peak = top;
      track.peakMs = elapsedMs;
    }
  }

  /** Adds the current values to the readings that growth is estimated from. */
  addToGrowth(elapsedMs: number): void {
    for (const [name, track] of this.#tracks) {
      if (!this.#unread.has(name)) track.readings.add(elapsedMs, track.now);
    }
  }

  /** What follows is of another cgroup: growth starts again. */
  cut(): void {
    for (const [name, track] of this.#tracks) {
      this.#unread.add(name);
      track.readings = new GrowthReadings(READINGS);
    }
  }

  /** The current values are those at the highest total so far. */
  markHighest(): void {
    for (const track of this.#tracks.values()) track.atHighest = track.now;
  }

  /** Forgets the figures whose names begin so, but for these. */
  keepOnly(prefix: string, names: ReadonlySet<string>): void {
    for (const name of this.#tracks.keys()) {
      if (!name.startsWith(prefix) || names.has(name)) continue;
      this.#tracks.delete(name);
      this.#unread.delete(name);
    }
  }

  /** An independent copy. */
  clone(): Tracks {
    const copy = new Tracks();
    for (const [name, track] of this.#tracks)
      copy.#tracks.set(name, { ...track, readings: track.readings.clone() });
    for (const name of this.#unread) copy.#unread.add(name);
    return copy;
  }
}

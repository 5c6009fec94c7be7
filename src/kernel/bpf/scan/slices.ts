/** The parts in which a scan goes through the page frames, and what a scan of some of them says about all. */
import type { FrameRange } from '../../procfs/zoneinfo.ts';

/**
 * How many page frames one call goes through: about 3 ms, so that on a kernel that does not preempt system
 * calls other processes do not wait longer than they do anyway. A power of two.
 */
export const SLICE_FRAMES = 2 ** 15;

/** Cuts ranges into slices that end at multiples of {@link SLICE_FRAMES}. */
export function sliceRanges(ranges: readonly FrameRange[]): FrameRange[] {
  const slices: FrameRange[] = [];
  for (const { start, end } of ranges) {
    for (let at = start; at < end; ) {
      const next = Math.min(end, (Math.floor(at / SLICE_FRAMES) + 1) * SLICE_FRAMES);
      slices.push({ start: at, end: next });
      at = next;
    }
  }
  return slices;
}

/**
 * Every n-th slice, from one of the first n on.
 * @param start which one, from 0 up to and without 1: a random number, so that no part of memory is always
 * left out.
 */
export function chooseSlices(slices: readonly FrameRange[], every: number, start: number): FrameRange[] {
  const first = Math.min(Math.floor(start * every), every - 1, Math.max(0, slices.length - 1));
  return slices.filter((_, index) => index % every === first % every);
}

/** What a scan of some slices says about all of them. */
export interface ScanEstimate {
  /** How many slices were scanned, of how many. */
  slices: number;
  ofSlices: number;
  /** What the figures of the scanned slices were multiplied by. */
  scale: number;
  /**
   * The standard error of the estimate of all wanted memory; absent if a single slice was scanned. Unit:
   * bytes.
   */
  standardErrorBytes?: number;
}

/**
 * The estimate from a sample of slices: each figure times the number of all slices over that of the scanned
 * ones. The standard error is that of a random sample without replacement.
 * @param bytes what each scanned slice held of the wanted memory.
 */
export function estimateTotal(bytes: readonly number[], ofSlices: number): ScanEstimate {
  const slices = bytes.length;
  const estimate = { slices, ofSlices, scale: slices === 0 ? 1 : ofSlices / slices };
  if (slices < 2) return estimate;
  const mean = bytes.reduce((sum, each) => sum + each, 0) / slices;
  const variance = bytes.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (slices - 1);
  const unseen = 1 - slices / ofSlices;
  return { ...estimate, standardErrorBytes: ofSlices * Math.sqrt((variance / slices) * Math.max(0, unseen)) };
}

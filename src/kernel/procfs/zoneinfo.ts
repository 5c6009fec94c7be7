import { malformed, parseCounter } from '../number.ts';
import { readPseudoFile } from '../pseudo-file.ts';

/** Page frames from `start` up to and without `end`. */
export interface FrameRange {
  start: number;
  end: number;
}

/**
 * The ranges of page frames of all zones in `/proc/zoneinfo`, merged and in ascending order. They contain
 * holes: frames without memory.
 *
 *     Node 0, zone   Normal
 *       pages free     3840
 *             spanned  4095
 *       ...
 *       start_pfn:           1
 *
 * Source: proc(5); mm/vmstat.c, `zoneinfo_show_print`. Since: Linux 2.6.13.
 * @throws KernelFileError that names the line.
 */
export function parseZoneinfo(text: string, path: string): FrameRange[] {
  const ranges: FrameRange[] = [];
  let spanned: number | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('Node ')) {
      spanned = undefined;
      continue;
    }
    const [, name, value = ''] = /^\s+(spanned|start_pfn:)\s+(\S+)$/.exec(line) ?? [];
    if (name === 'spanned') spanned = parseCounter(value, path, index + 1);
    // A zone without pages shows less, but no start.
    if (name !== 'start_pfn:') continue;
    if (spanned === undefined) throw malformed(path, index + 1, 'a start_pfn without a spanned before it');
    const start = parseCounter(value, path, index + 1);
    if (spanned > 0) ranges.push({ start, end: start + spanned });
  }
  if (ranges.length === 0) throw malformed(path, undefined, 'no zone with pages');
  return mergeRanges(ranges);
}

/** Joins what overlaps or touches; zones of several nodes may lie within each other. */
export function mergeRanges(ranges: readonly FrameRange[]): FrameRange[] {
  const merged: FrameRange[] = [];
  for (const { start, end } of ranges.toSorted((left, right) => left.start - right.start)) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/** The ranges of page frames of this host; see {@link parseZoneinfo}. @throws KernelFileError. */
export function readFrameRanges(path = '/proc/zoneinfo'): FrameRange[] {
  return parseZoneinfo(readPseudoFile(path), path);
}

/** Formats figures in the units of the view. */
import { formatBytes, formatPercent } from '../../format/units.ts';
import { shownGrowth } from '../../statistics/trend.ts';
import type { Track, UiState, View } from '../state/view.ts';
import type { Span } from '../text/line.ts';

/** Shown for an unknown figure. */
export const ABSENT = '-';

/**
 * Formats a size in the view's units: `1.5 MiB`, `1,536 KiB` or `1,572,864`; `-` if absent. Sizes below 10
 * KiB that are not whole KiB have one decimal.
 */
export function formatSize(bytes: number | undefined, units: UiState['units']): string {
  if (bytes === undefined) return ABSENT;
  if (units === 'readable') return formatBytes(bytes);
  if (units === 'bytes') return grouped(Math.round(bytes));
  const kib = bytes / 1024;
  const text =
    Number.isInteger(kib) || Math.abs(kib) >= 9.95 ? grouped(Math.round(kib)) : `${Number(kib.toFixed(1))}`;
  return `${text} KiB`;
}

/** Formats a change with its sign: `+1.5 MiB`, `-12 KiB`; `0` for no change, `-` if absent. */
export function formatChange(bytes: number | undefined, units: UiState['units']): string {
  if (bytes === undefined) return ABSENT;
  if (bytes === 0) return '0';
  return bytes > 0 ? `+${formatSize(bytes, units)}` : formatSize(bytes, units);
}

/** Formats a share: `64%`, `0.4%`; `-` if absent or if the total is 0. */
export function formatShare(part: number | undefined, whole: number | undefined): string {
  if (part === undefined || whole === undefined || whole <= 0) return ABSENT;
  return formatPercent(part / whole, 'short');
}

/** Whether figures are shown as differences. */
export function isRelative(view: View): boolean {
  return view.ui.relative !== undefined && view.base !== undefined;
}

/**
 * Formats a figure in the view's units; in relative mode, the difference from the base, or `-` if the base is
 * unknown.
 * @param name of the track that `bytes` belong to.
 */
export function formatFigure(view: View, name: string, bytes: number | undefined): string {
  const { units } = view.ui;
  if (!isRelative(view)) return formatSize(bytes, units);
  return formatChange(relativeTo(view, name, bytes), units);
}

/**
 * The difference of a figure from the base in relative mode; undefined if the base is unknown.
 */
export function relativeTo(view: View, name: string, bytes: number | undefined): number | undefined {
  if (!isRelative(view)) return bytes;
  const base = view.base?.get(name);
  return bytes === undefined || base === undefined ? undefined : bytes - base;
}

/** The title of the column of growth. */
export const GROWTH = 'growth/min';

/**
 * The growth of a figure; undefined until it can be estimated, 0 if none is certain. Unit: bytes per minute.
 */
export function growthOf(track: Track | undefined): number | undefined {
  return shownGrowth(track?.readings.growth());
}

/**
 * Formats growth: empty until it can be estimated. Certain growth is highlighted as bad, shrinking as good.
 * @param bytes per minute.
 */
export function growthSpan(bytes: number | undefined, units: UiState['units']): Span {
  if (bytes === undefined) return { text: '' };
  const style = bytes === 0 ? 'dim' : bytes > 0 ? 'warning' : 'good';
  return { text: formatChange(Math.round(bytes), units), style };
}

/** Growth in words. @param bytes per minute. */
export function growthText(bytes: number | undefined, units: UiState['units']): string {
  if (bytes === undefined) return 'not known yet';
  return bytes === 0 ? 'none that is certain' : `${formatChange(Math.round(bytes), units)} per minute`;
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

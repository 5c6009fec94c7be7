/** Figures as text, in the units that the view is set to. */
import { formatBytes } from '../../format/units.ts';
import type { Track, UiState, View } from '../state/view.ts';
import type { Span } from '../text/line.ts';

/** What is shown for a figure that is not known. */
export const ABSENT = '-';

/** Below this time a change is too short to say what it comes to in a minute. */
const MIN_RATE_MS = 5_000;

/**
 * A size in the view's units: `1.5 MiB`, `1,536 KiB` or `1,572,864`; `-` when it is absent. Sizes below 10
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

/** A change with its sign: `+1.5 MiB`, `-12 KiB`; `0` when there is none, `-` when it is absent. */
export function formatChange(bytes: number | undefined, units: UiState['units']): string {
  if (bytes === undefined) return ABSENT;
  if (bytes === 0) return '0';
  return bytes > 0 ? `+${formatSize(bytes, units)}` : formatSize(bytes, units);
}

/** A change of bytes for a list: growth stands out, shrinking is good. */
export function changeSpan(bytes: number, units: UiState['units']): Span {
  const style = bytes === 0 ? 'dim' : bytes > 0 ? 'warning' : 'good';
  return { text: formatChange(bytes, units), style };
}

/** A share: `64%`, `0.4%`; `-` when it is absent or of nothing. */
export function formatShare(part: number | undefined, whole: number | undefined): string {
  if (part === undefined || whole === undefined || whole <= 0) return ABSENT;
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 0.05) return '<0.1%';
  return Math.abs(percent) < 0.95 && percent !== 0 ? `${percent.toFixed(1)}%` : `${Math.round(percent)}%`;
}

/** Whether figures are shown as differences. */
export function isRelative(view: View): boolean {
  return view.ui.relative !== undefined && view.base !== undefined;
}

/**
 * A figure in the view's units; in relative mode its difference from what it was then, `-` when it was not
 * known then.
 * @param name of the track that `bytes` belong to.
 */
export function formatFigure(view: View, name: string, bytes: number | undefined): string {
  const { units } = view.ui;
  if (!isRelative(view)) return formatSize(bytes, units);
  return formatChange(relativeTo(view, name, bytes), units);
}

/**
 * A figure as the difference from what it was then, in relative mode; undefined when it was not known then.
 */
export function relativeTo(view: View, name: string, bytes: number | undefined): number | undefined {
  if (!isRelative(view)) return bytes;
  const base = view.base?.get(name);
  return bytes === undefined || base === undefined ? undefined : bytes - base;
}

/** By how much a figure has changed since the reading before. Unit: bytes. */
export function changeOf(track: Track | undefined): number | undefined {
  return track?.before === undefined ? undefined : track.now - track.before;
}

/**
 * By how much a figure changes in a minute, from the last minute. Unit: bytes per minute. Undefined in the
 * first seconds.
 * @param nowMs the time of `track.now`.
 */
export function perMinuteOf(track: Track | undefined, nowMs: number): number | undefined {
  if (track === undefined) return undefined;
  const { elapsedMs, value } = track.minuteAgo;
  const ms = nowMs - elapsedMs;
  return ms < MIN_RATE_MS ? undefined : Math.round(((track.now - value) / ms) * 60_000);
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

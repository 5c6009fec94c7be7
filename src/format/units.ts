/** Parses and formats sizes and durations. */
import { UsageError } from '../errors.ts';
import type { Limit } from '../kernel/limit.ts';

const PREFIXES = ['', 'k', 'm', 'g', 't', 'p'];

/**
 * Parses a size such as `512M`, `1.5GiB`, `512Mi`, `129e6` or `64kB`. Prefixes are powers of 1024, as in the
 * kernel, except in the units of the SI in their exact spelling: kB, MB, GB, TB and PB are powers of 1000.
 * Unit of the result: bytes, rounded down.
 * @throws UsageError that names the option.
 */
export function parseSize(text: string, option: string): number {
  const [, number, prefix = '', unit = ''] =
    /^((?:\d+(?:\.\d+)?|\.\d+)(?:e\d{1,2})?)\s*(?:([kmgtp])(ib?|b)?|b)?$/i.exec(text.trim()) ?? [];
  const base = /^[kMGTP]B$/.test(prefix + unit) ? 1000 : 1024;
  const bytes =
    number === undefined
      ? Number.NaN
      : Math.floor(Number(number) * base ** PREFIXES.indexOf(prefix.toLowerCase()));
  if (!Number.isSafeInteger(bytes)) {
    throw new UsageError(
      option,
      `${option} ${text}: not a size; expected for example 512M, 1.5GiB or 1048576`,
    );
  }
  return bytes;
}

/**
 * Parses a size, or `max` for no limit.
 * @throws UsageError that names the option.
 */
export function parseLimitOption(text: string, option: string): Limit {
  return text === 'max' ? 'max' : parseSize(text, option);
}

const DURATION_UNITS: Record<string, number> = {
  ms: 1,
  s: 1000,
  '': 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

/**
 * Parses a duration such as `100ms`, `1s`, `2m` or a bare number of seconds.
 * Unit of the result: milliseconds.
 * @throws UsageError that names the option.
 */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|min|m|h|)$/.exec(text.trim());
  const unit = DURATION_UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    throw new UsageError(option, `${option} ${text}: not a duration; expected for example 100ms, 1s or 0.5`);
  }
  return Number(match[1]) * unit;
}

const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/**
 * Formats a size in the largest unit with a value of at least 1, with three digits: `512 B`, `1.5 MiB`, `128
 * MiB`.
 */
export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  // 999.5 would be rounded to a fourth digit.
  while (value >= 999.5 && unit < BINARY_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${bytes < 0 ? '-' : ''}${value.toFixed(digits)} ${BINARY_UNITS[unit]}`;
}

/** What is not nothing is not shown as 0. */
const MIN_SHOWN_PERCENT = 0.05;

/**
 * Formats a share: `64.2%`, `<0.1%`.
 * @param form `short` has no decimals from 1 % on, nor in 0.
 */
export function formatPercent(share: number, form: 'one-decimal' | 'short' = 'one-decimal'): string {
  const percent = share * 100;
  if (percent > 0 && percent < MIN_SHOWN_PERCENT) return '<0.1%';
  const isWhole = form === 'short' && (percent === 0 || Math.abs(percent) >= 0.95);
  return `${isWhole ? Math.round(percent) : percent.toFixed(1)}%`;
}

/** Formats a size or `max`. */
export function formatLimit(limit: Limit): string {
  return limit === 'max' ? 'max' : formatBytes(limit);
}

/** Formats a time span: `870ms`, `2.5s`, `3m20s`, `2h05m`. */
export function formatDuration(ms: number): string {
  // The thresholds are where rounding would reach the next unit.
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h${pad(Math.floor((seconds % 3600) / 60))}m`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

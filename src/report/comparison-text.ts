/** The table of `cmemstat compare`. */
import { type Align, alignColumns } from '../format/align-columns.ts';
import { plural } from '../format/plural.ts';
import { formatShortCommand, safeText } from '../format/safe-text.ts';
import { formatBytes } from '../format/units.ts';
import {
  type ComparedSide,
  type Comparison,
  isBeyondNoise,
  type MetricDifference,
} from '../model/comparison.ts';
import type { NamesComparison } from '../model/explain/name-differences.ts';
import { MAP_PREFIX } from '../model/metrics.ts';
import { momentText } from '../output/moment-text.ts';
import { formatProbability, formatSignedPercent } from './wording.ts';

/** Formatting options of the table. */
export interface ComparisonStyle {
  /** Plain numbers of bytes instead of human-readable sizes. */
  plainBytes: boolean;
  /** All rows; otherwise the most important ones, and those that differ. */
  all: boolean;
  /** The rule that was given, if any. */
  maxRegression?: string | undefined;
}

/** Number of rows shown; more if more metrics regressed or were not measured. */
const MAX_SHOWN_ROWS = 20;

const VERDICT_WORDS: Readonly<Record<MetricDifference['verdict'], string>> = {
  regressed: 'REGRESSED',
  'not-measured': 'NOT MEASURED',
  'within-noise': 'within noise',
  improved: 'improved',
  passed: 'passed',
  'not-evaluated': '',
};

/** A column with its alignment. Omitted if it is empty in all rows. */
interface Column {
  title: string;
  align: Align;
  cell: (row: MetricDifference, size: SizeOf) => string;
}

type SizeOf = (value: number, unit: MetricDifference['unit']) => string;

const COLUMNS: readonly Column[] = [
  { title: 'metric', align: 'left', cell: ({ metric }) => nameOf(metric) },
  { title: 'base', align: 'right', cell: ({ base, unit }, size) => optional(base, unit, size) || '-' },
  { title: 'now', align: 'right', cell: ({ now, unit }, size) => optional(now, unit, size) || '-' },
  {
    title: 'difference',
    align: 'right',
    cell: ({ difference, unit }, size) => (difference === undefined ? '' : signed(difference, unit, size)),
  },
  {
    title: '',
    align: 'right',
    cell: ({ percent }) => (percent === undefined ? '' : formatSignedPercent(percent)),
  },
  { title: 'allowed', align: 'right', cell: ({ allowed, unit }, size) => optional(allowed, unit, size) },
  { title: 'noise', align: 'right', cell: ({ noise, unit }, size) => optional(noise, unit, size) },
  { title: 'p', align: 'right', cell: ({ p }) => (p === undefined ? '' : formatProbability(p)) },
  {
    title: '95 % interval',
    align: 'right',
    cell: ({ interval, unit }, size) =>
      interval === undefined
        ? ''
        : `${signed(interval[0], unit, size)} to ${signed(interval[1], unit, size)}`,
  },
  { title: 'verdict', align: 'left', cell: verdictOf },
];

/** Formats the comparison: both sides, doubts, a row per metric, and the outcome. */
export function renderComparison(comparison: Comparison, style: ComparisonStyle): string[] {
  const { base, now, doubts, metrics } = comparison;
  const rows = style.all ? metrics : metrics.filter(isShown);
  const size: SizeOf = (value, unit) => {
    if (unit === 'count') return String(Number(value.toFixed(1)));
    return style.plainBytes ? value.toFixed(0) : formatBytes(value);
  };
  const hidden = metrics.length - rows.length;
  return [
    `base  ${describeSide(base)}`,
    `now   ${describeSide(now)}`,
    ...doubts.map((doubt) => `doubtful: ${doubt}`),
    '',
    ...renderRows(rows, size),
    ...(hidden === 0 ? [] : [`${hidden} more; --all shows them`]),
    ...renderNames(comparison.names, style),
    '',
    ...renderOutcome(comparison, style),
  ].map(safeText);
}

const MAX_SHOWN_NAMES = 10;

/** What grew or shrank by name. */
export function renderNames(
  names: NamesComparison | undefined,
  { plainBytes, all }: Pick<ComparisonStyle, 'plainBytes' | 'all'>,
): string[] {
  if (names === undefined) return [];
  const size = (bytes: number) => (plainBytes ? String(bytes) : formatBytes(bytes));
  const moment = names.moment === undefined ? '' : ` ${momentText(names.moment)}`;
  const shown = all ? names.names : names.names.slice(0, MAX_SHOWN_NAMES);
  const side = (bytes: number, atMost: number | undefined) =>
    atMost === undefined ? size(bytes) : `<= ${size(atMost)}`;
  const rows = shown.map(({ name, base, now, difference, baseAtMost, nowAtMost }) => [
    `${difference > 0 ? '+' : ''}${size(difference - (baseAtMost ?? 0) + (nowAtMost ?? 0))}`,
    side(base, baseAtMost),
    side(now, nowAtMost),
    name,
  ]);
  const hidden = names.names.length - shown.length;
  return [
    '',
    `memory by name${moment}: ${size(names.base)} -> ${size(names.now)}`,
    ...(names.methods === undefined
      ? []
      : [
          `doubtful: read by different methods (${names.methods.base}, ${names.methods.now}): names of one may be unknown to the other`,
        ]),
    ...(rows.length === 0
      ? ['no name differs']
      : alignColumns([['difference', 'base', 'now', 'name'], ...rows], ['right', 'right', 'right', 'left'])),
    ...(hidden === 0 ? [] : [`${hidden} more; --all shows them`]),
  ];
}

function describeSide({ name, runs, command, mode, host }: ComparedSide): string {
  const machine =
    host === undefined ? '' : `, Linux ${host.kernel}, ${host.arch}, ${plural(host.cpus, 'CPU')}`;
  return `${name}: ${plural(runs, 'run')} of ${formatShortCommand(command)} (${mode}${machine})`;
}

function isShown(row: MetricDifference, index: number): boolean {
  if (row.verdict === 'regressed' || row.verdict === 'not-measured') return true;
  return index < MAX_SHOWN_ROWS && (row.verdict !== 'not-evaluated' || (row.difference ?? 0) !== 0);
}

function renderRows(rows: readonly MetricDifference[], size: SizeOf): string[] {
  if (rows.length === 0) return ['no metric differs'];
  const columns = COLUMNS.map((column) => ({
    ...column,
    cells: rows.map((row) => column.cell(row, size)),
  })).filter(({ cells }) => cells.some((cell) => cell !== ''));
  const titles = columns.map(({ title }) => title);
  const cells = rows.map((_, at) => columns.map((column) => column.cells[at] ?? ''));
  const sides = columns.map(({ align }) => align);
  return alignColumns([titles, ...cells], sides);
}

/** The name of a map is untrusted, and may be empty. */
function nameOf(metric: string): string {
  return metric === MAP_PREFIX ? `${MAP_PREFIX}(no name)` : safeText(metric);
}

function optional(value: number | undefined, unit: MetricDifference['unit'], size: SizeOf): string {
  return value === undefined ? '' : size(value, unit);
}

function signed(value: number, unit: MetricDifference['unit'], size: SizeOf): string {
  return `${value > 0 ? '+' : ''}${size(value, unit)}`;
}

/** Metrics that were not evaluated show the direction of a significant change. */
function verdictOf(row: MetricDifference): string {
  if (row.verdict !== 'not-evaluated') return VERDICT_WORDS[row.verdict];
  if (row.base === undefined) return 'only now';
  if (row.now === undefined) return 'only base';
  const { difference = 0 } = row;
  if (!isBeyondNoise(row)) return difference === 0 ? 'same' : 'noise';
  return difference > 0 ? 'more' : 'less';
}

function renderOutcome({ metrics }: Comparison, { maxRegression }: ComparisonStyle): string[] {
  const evaluated = metrics.filter(({ verdict }) => verdict !== 'not-evaluated');
  const hint = maxRegression === undefined ? ' (hint: --max-regression 5%)' : '';
  if (evaluated.length === 0) return [`no metric was evaluated${hint}`];
  const named = (verdict: MetricDifference['verdict']) =>
    metrics.filter((each) => each.verdict === verdict).map(({ metric }) => nameOf(metric));
  const [regressed, missing] = [named('regressed'), named('not-measured')];
  return [
    regressed.length === 0
      ? `no regression in ${plural(evaluated.length - missing.length, 'metric')}`
      : `REGRESSED: ${regressed.join(', ')}`,
    ...(missing.length === 0 ? [] : [`NOT MEASURED on at least one side: ${missing.join(', ')}`]),
  ];
}

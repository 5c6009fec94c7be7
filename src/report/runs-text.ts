/** The table after several runs, which compares them. */
import { type RunFigures, valueIn } from '../budget/comparison/run-figures.ts';
import { alignColumns } from '../format/align-columns.ts';
import { safeText } from '../format/safe-text.ts';
import { formatBytes, formatDuration } from '../format/units.ts';
import { unitOfMetric } from '../model/figures.ts';
import { MAP_PREFIX } from '../model/metrics.ts';
import type { RunTimes } from '../model/verdict.ts';
import { median, medianAbsoluteDeviation, outlierIndices } from '../statistics/statistics.ts';
import { cpuMsOf } from './wording.ts';

/** The figures to list if the runs have them. */
const ROWS = [
  'peak',
  'current',
  'workingset',
  'anon',
  'file',
  'kernel',
  'bpf',
  'bpf.uncharged',
  'rss',
  'pss',
  'processes',
] as const;

/** Maximum number of listed maps, largest first. */
const MAX_LISTED_MAPS = 8;

/** How long the runs took, by the heading of the row. Unit: milliseconds. */
const TIMES: readonly [id: string, msOf: (times: RunTimes) => number | undefined][] = [
  ['duration', ({ durationMs }) => durationMs],
  ['cpu time', cpuMsOf],
];

/** A line of title, and one for each figure: median, spread, minimum and maximum, with outlying runs. */
export function renderRuns(runs: readonly RunFigures[]): string[] {
  const times = TIMES.flatMap(([id, msOf]) => {
    const values = runs.map((run) => run.times && msOf(run.times));
    return rowOf(id, values, formatDuration);
  });
  const ids = [...ROWS, ...mapNames(runs).map((name) => MAP_PREFIX + name)];
  const rows = ids.flatMap((id) => {
    const values = runs.map((run) => valueIn(run, id));
    return rowOf(id, values, unitOfMetric(id) === 'count' ? String : formatBytes);
  });
  const head = ['figure', 'median', 'MAD', 'min', 'max', 'outliers'];
  const align = ['left', 'right', 'right', 'right', 'right', 'left'] as const;
  const lines = alignColumns([head, ...times, ...rows], align);
  return [
    `${runs.length} runs: how long they took, and the highest value of each:`,
    ...lines.map((line) => `  ${line}`),
  ];
}

function rowOf(
  id: string,
  values: readonly (number | undefined)[],
  format: (value: number) => string,
): string[][] {
  const measured = values.filter((value) => value !== undefined);
  const [middle, spread] = [median(measured), medianAbsoluteDeviation(measured)];
  // A figure without values has no row: zeros for a program without BPF maps are of no interest.
  if (middle === undefined || spread === undefined || measured.every((value) => value === 0)) return [];
  // A run that did not measure the figure is counted anyway.
  const runOf = values.flatMap((value, index) => (value === undefined ? [] : [index + 1]));
  const marked = outlierIndices(measured).map((at) => `run ${runOf[at]}: ${format(measured[at] ?? 0)}`);
  return [
    [
      safeText(id),
      format(middle),
      format(spread),
      format(Math.min(...measured)),
      format(Math.max(...measured)),
      marked.join(', '),
    ],
  ];
}

function mapNames(runs: readonly RunFigures[]): string[] {
  const largest = new Map<string, number>();
  for (const { maps } of runs) {
    for (const [name, bytes] of Object.entries(maps ?? {}))
      largest.set(name, Math.max(bytes, largest.get(name) ?? 0));
  }
  return [...largest]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MAX_LISTED_MAPS)
    .map(([name]) => name);
}

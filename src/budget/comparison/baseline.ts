/** The file of `--save-baseline`, which later runs are compared with. `schema/baseline.schema.json`. */
import { compileGlob, type NamePattern } from '../../format/glob.ts';
import { safeJson } from '../../format/safe-text.ts';
import { cutNames } from '../../model/explain/name-list.ts';
import { mapNameIn } from '../../model/metrics.ts';
import { ownValue } from '../../model/own-value.ts';
import type { Mode } from '../../model/sample.ts';
import type { BreakdownLine } from '../../model/verdict.ts';
import { median } from '../../statistics/statistics.ts';
import type { BaselineValues } from '../expression/budget.ts';
import { isInBaseline } from '../expression/metric-catalogue.ts';
import type { RunFigures, RunHost, RunNames } from './run-figures.ts';

/** The format version; incremented when a key is removed or changes its meaning. */
export const BASELINE_VERSION = 1;

/** One run of a baseline, without the fields that all runs share. */
export type BaselineRun = Pick<RunFigures, 'time' | 'status' | 'metrics' | 'maps'>;

/** The values of several runs. */
export interface Baseline {
  type: 'baseline';
  version: typeof BASELINE_VERSION;
  cmemstat: string;
  /** ISO 8601, UTC: when the first run started. */
  time: string;
  command: string[];
  mode: Mode;
  host?: RunHost;
  /** Medians of all runs, for readers: comparisons use the individual runs. */
  medians: Pick<RunFigures, 'metrics' | 'maps'>;
  /** The composition of memory at the highest sample of the run closest to the median. */
  breakdown?: Pick<BreakdownLine, 'id' | 'bytes'>[];
  /**
   * The largest names of the memory of the run closest to the median, at each moment that was explained
   * (`--explain`).
   */
  explained?: RunNames[];
  runs: BaselineRun[];
}

/** A baseline keeps the largest names only: it is reviewed by people. */
const MAX_NAMES = 50;

/**
 * Creates a baseline from runs; undefined if there are none. Command, mode and host are those of the first
 * run.
 */
export function makeBaseline(runs: readonly RunFigures[]): Baseline | undefined {
  const [first] = runs;
  if (first === undefined) return undefined;
  const { cmemstat, time, command, mode, host } = first;
  const breakdown = medianRun(runs)?.breakdown?.lines;
  const maps = runs.flatMap((run) => (run.maps === undefined ? [] : [run.maps]));
  const explained = explainedOf(runs)?.map((names) => cutNames(names, MAX_NAMES));
  return {
    type: 'baseline',
    version: BASELINE_VERSION,
    cmemstat,
    time,
    command,
    mode,
    ...(host === undefined ? {} : { host }),
    medians: {
      metrics: mediansOf(runs.map(({ metrics }) => metrics)),
      ...(maps.length === 0 ? {} : { maps: mediansOf(maps, 0) }),
    },
    ...(breakdown === undefined ? {} : { breakdown }),
    ...(explained === undefined ? {} : { explained }),
    runs: runs.map(({ time: each, status, metrics, maps: own }) => ({
      time: each,
      ...(status === undefined ? {} : { status }),
      metrics,
      ...(own === undefined ? {} : { maps: own }),
    })),
  };
}

/**
 * The run with the median memory at its highest sample; for an even number of runs, the smaller of the two in
 * the middle. Undefined without runs.
 */
export function medianRun(runs: readonly RunFigures[]): RunFigures | undefined {
  const totalOf = ({ metrics }: RunFigures) => metrics.current ?? metrics.rss ?? metrics.peak ?? 0;
  const sorted = runs.toSorted((a, b) => totalOf(a) - totalOf(b));
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** The names of the run closest to the median of those that were explained; undefined if none was. */
export function explainedOf(runs: readonly RunFigures[]): readonly RunNames[] | undefined {
  return medianRun(runs.filter(({ explained }) => explained !== undefined))?.explained;
}

/** Medians per key. `missing` is the value of runs without the key; by default they are ignored. */
function mediansOf(runs: readonly Record<string, number>[], missing?: number): Record<string, number> {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run)))];
  return Object.fromEntries(
    keys.map((key) => {
      const values = runs.flatMap((run) => ownValue(run, key) ?? missing ?? []);
      return [key, Math.round(median(values) ?? 0)];
    }),
  );
}

/** The runs of a baseline, including the fields that all runs share. */
export function runsOfBaseline(baseline: Baseline): RunFigures[] {
  const { cmemstat, command, mode, host, explained } = baseline;
  const runs = baseline.runs.map((run): RunFigures => {
    return { cmemstat, command, mode, ...(host === undefined ? {} : { host }), ...run };
  });
  const median = medianRun(runs);
  if (median !== undefined && explained !== undefined) median.explained = explained;
  return runs;
}

/**
 * The medians for budgets relative to a baseline: maxima, averages and totals of counters; `bpf.map:GLOB` is
 * the sum of the matching maps.
 */
export function valuesOfBaseline({ medians, breakdown }: Baseline): BaselineValues {
  return {
    valueOf: (metric, aggregate) => {
      if (!isInBaseline(metric, aggregate)) return undefined;
      const glob = mapNameIn(metric);
      if (glob !== undefined) return sumOfMaps(medians.maps, compileGlob(glob));
      const name = metric.replace(/^stat\./, '');
      // A counter has its maximum at the end.
      return ownValue(medians.metrics, aggregate === 'avg' ? `${name}.avg` : name);
    },
    breakdownOf: (id) => breakdown?.find((line) => line.id === id)?.bytes,
  };
}

function sumOfMaps(maps: Record<string, number> | undefined, names: NamePattern): number | undefined {
  if (maps === undefined) return undefined;
  return Object.entries(maps).reduce((sum, [name, bytes]) => sum + (names.test(name) ? bytes : 0), 0);
}

/**
 * Formats the document for review: keys in a fixed order, one median per line, the values of each run on one
 * line.
 */
export function formatBaseline(baseline: Baseline): string {
  const { medians, breakdown, explained, runs, type, version, cmemstat, time, command, mode, host } =
    baseline;
  const entries: [string, string][] = [
    ...Object.entries({ type, version, cmemstat, time, command, mode, host }).flatMap(
      ([key, value]): [string, string][] => (value === undefined ? [] : [[key, safeJson(value)]]),
    ),
    ['medians', safeJson(sortedFigures(medians), 2).replaceAll('\n', '\n  ')],
    ...(breakdown === undefined
      ? []
      : [['breakdown', lines(breakdown.map((line) => safeJson(line)))] as [string, string]]),
    ...(explained === undefined
      ? []
      : [['explained', `[\n${explained.map(formatNames).join(',\n')}\n  ]`] as [string, string]]),
    ['runs', lines(runs.map((run) => safeJson(sortedFigures(run))))],
  ];
  return `{\n${entries.map(([key, text]) => `  ${safeJson(key)}: ${text}`).join(',\n')}\n}\n`;
}

/** One name per line. */
function formatNames({ names, ...rest }: RunNames): string {
  const list = names.map((name) => `        ${safeJson(name)}`).join(',\n');
  const head = safeJson(rest).slice(0, -1);
  return `    ${head},"names":[${list === '' ? '' : `\n${list}\n      `}]}`;
}

function lines(items: readonly string[]): string {
  return `[\n${items.map((item) => `    ${item}`).join(',\n')}\n  ]`;
}

function sortedFigures<T extends Pick<RunFigures, 'maps'> & { metrics: Record<string, number> }>(run: T): T {
  const maps = run.maps === undefined ? {} : { maps: sortedKeys(run.maps) };
  return { ...run, metrics: sortedKeys(run.metrics), ...maps };
}

function sortedKeys(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

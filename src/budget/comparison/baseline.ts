/** The file of `--save-baseline`: what later runs are compared with. `schema/baseline.schema.json`. */
import { globToRegExp } from '../../format/glob.ts';
import { mapNameIn } from '../../model/metrics.ts';
import type { Mode } from '../../model/sample.ts';
import type { BreakdownLine } from '../../model/verdict.ts';
import { median } from '../../statistics/statistics.ts';
import type { BaselineValues } from '../expression/budget.ts';
import { isInBaseline } from '../expression/metric-catalogue.ts';
import type { RunFigures, RunHost } from './run-figures.ts';

/** The version of the document; it grows when a key changes its meaning or goes. */
export const BASELINE_VERSION = 1;

/** One run of a baseline; what all have in common stands above. */
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
  /** Medians of all runs, for people: what is compared are the runs. */
  medians: Pick<RunFigures, 'metrics' | 'maps'>;
  /** What memory consisted of in the run nearest to the median, at its highest sample. */
  breakdown?: BreakdownLine[];
  runs: BaselineRun[];
}

/** A baseline of these runs; undefined for none. Command, mode and host are those of the first. */
export function makeBaseline(runs: readonly RunFigures[]): Baseline | undefined {
  const [first] = runs;
  if (first === undefined) return undefined;
  const { cmemstat, time, command, mode, host } = first;
  const breakdown = medianRun(runs)?.breakdown?.lines;
  const maps = runs.flatMap((run) => (run.maps === undefined ? [] : [run.maps]));
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
    runs: runs.map(({ time: each, status, metrics, maps: own }) => ({
      time: each,
      ...(status === undefined ? {} : { status }),
      metrics,
      ...(own === undefined ? {} : { maps: own }),
    })),
  };
}

/**
 * The run whose memory at its highest is in the middle; of an even number the smaller of the two. Undefined
 * for none.
 */
export function medianRun(runs: readonly RunFigures[]): RunFigures | undefined {
  const totalOf = ({ metrics }: RunFigures) => metrics.current ?? metrics.rss ?? metrics.peak ?? 0;
  const sorted = runs.toSorted((a, b) => totalOf(a) - totalOf(b));
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** Medians key by key. `missing` is what a run without the key counts as; by default it does not count. */
function mediansOf(runs: readonly Record<string, number>[], missing?: number): Record<string, number> {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run)))];
  return Object.fromEntries(
    keys.map((key) => {
      const values = runs.flatMap((run) => ownValue(run, key) ?? missing ?? []);
      return [key, Math.round(median(values) ?? 0)];
    }),
  );
}

/** The runs of a baseline, each with what they have in common. */
export function runsOfBaseline(baseline: Baseline): RunFigures[] {
  const { cmemstat, command, mode, host } = baseline;
  return baseline.runs.map((run) => ({
    cmemstat,
    command,
    mode,
    ...(host === undefined ? {} : { host }),
    ...run,
  }));
}

/**
 * The medians as budgets against a baseline ask for them. Maxima and averages are kept, and the totals of
 * counters; `bpf.map:GLOB` is the sum of the maps that fit.
 */
export function valuesOfBaseline({ medians, breakdown }: Baseline): BaselineValues {
  return {
    valueOf: (metric, aggregate) => {
      if (!isInBaseline(metric, aggregate)) return undefined;
      const glob = mapNameIn(metric);
      if (glob !== undefined) return sumOfMaps(medians.maps, globToRegExp(glob));
      const name = metric.replace(/^stat\./, '');
      // A counter is highest at its end.
      return ownValue(medians.metrics, aggregate === 'avg' ? `${name}.avg` : name);
    },
    breakdownOf: (id) => breakdown?.find((line) => line.id === id)?.bytes,
  };
}

function sumOfMaps(maps: Record<string, number> | undefined, names: RegExp): number | undefined {
  if (maps === undefined) return undefined;
  return Object.entries(maps).reduce((sum, [name, bytes]) => sum + (names.test(name) ? bytes : 0), 0);
}

/** Names come from files: `constructor` is none of a run's metrics. */
function ownValue(values: Record<string, number>, key: string): number | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

/**
 * The document as text that is good to review: keys in a fixed order, medians one a line, a run's values on a
 * line of their own.
 */
export function formatBaseline(baseline: Baseline): string {
  const { medians, breakdown, runs, type, version, cmemstat, time, command, mode, host } = baseline;
  const compact = (value: unknown) => JSON.stringify(value);
  const entries: [string, string][] = [
    ...Object.entries({ type, version, cmemstat, time, command, mode, host }).flatMap(
      ([key, value]): [string, string][] => (value === undefined ? [] : [[key, compact(value)]]),
    ),
    ['medians', JSON.stringify(sortedFigures(medians), undefined, 2).replaceAll('\n', '\n  ')],
    ...(breakdown === undefined ? [] : [['breakdown', lines(breakdown.map(compact))] as [string, string]]),
    ['runs', lines(runs.map((run) => compact(sortedFigures(run))))],
  ];
  return `{\n${entries.map(([key, text]) => `  ${compact(key)}: ${text}`).join(',\n')}\n}\n`;
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

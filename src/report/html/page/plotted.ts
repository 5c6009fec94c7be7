/** The data of the timeline in the form that uPlot draws. */
import { shownLines } from '../data/channels.ts';
import type { RunModel } from '../data/page-model.ts';
import { highestOf } from '../data/thinner.ts';
import { type Axis, axisOf, levelsOf, pointsOf } from '../draw/points.ts';

/** A column: null interrupts the line, undefined is without a value at that time and does not. */
type Values = (number | null | undefined)[];

/** What is drawn: times in seconds, then a column for each series. */
export interface Plotted {
  data: (number[] | Values)[];
  series: { id: string; label: string; color: number; isArea: boolean }[];
  /** The values that are printed: those of a stack are not its sums. */
  values: Values[];
  maxima: (number | undefined)[];
}

/** The series of a run as lines. */
export function runSeries(run: RunModel): Plotted {
  const axis = axisOf(run.series, run.cuts);
  const drawn = shownLines(run.series).map(({ id, label, color, channel }) => ({
    series: { id, label, color, isArea: false },
    values: withGaps(axis, pointsOf(axis, channel)),
    max: highestOf(channel.max),
  }));
  return {
    data: [axis.seconds, ...drawn.map(({ values }) => values)],
    series: drawn.map(({ series }) => series),
    values: drawn.map(({ values }) => values),
    maxima: drawn.map(({ max }) => max),
  };
}

/** The parts of a stack from the bottom: they add up to `current`. */
const STACK = [
  { id: 'anon', label: 'anon', color: 2 },
  { id: 'file', label: 'file', color: 3 },
  { id: 'bpf', label: 'BPF', color: 5 },
  { id: 'kernel', label: 'kernel without BPF', color: 4 },
  { id: 'other', label: 'other', color: 1 },
] as const;

/** What a run's memory consists of, as areas on each other. Hidden parts are left out of the sums. */
export function stackedSeries(run: RunModel, hidden: ReadonlySet<string>): Plotted {
  const { channels } = run.series;
  const axis = axisOf(run.series, run.cuts);
  const level = (id: string) => {
    const channel = channels[id];
    return channel === undefined ? axis.seconds.map(() => null) : levelsOf(axis, channel);
  };
  const [current, anon, file, kernel, bpf] = ['current', 'anon', 'file', 'kernel', 'bpf'].map(level) as [
    Values,
    Values,
    Values,
    Values,
    Values,
  ];
  if (current.every((value) => value === null)) return treeStack(run);
  const parts: Record<string, Values> = {
    anon,
    file,
    bpf,
    kernel: kernel.map((value, at) =>
      value === null || value === undefined ? null : Math.max(0, value - (bpf[at] ?? 0)),
    ),
    other: current.map((value, at) =>
      value === null || value === undefined
        ? null
        : Math.max(0, value - (anon[at] ?? 0) - (file[at] ?? 0) - (kernel[at] ?? bpf[at] ?? 0)),
    ),
  };
  const shown = STACK.filter(({ id }) => parts[id]?.some((value) => (value ?? 0) > 0));
  const sums: Values[] = [];
  let below: Values = axis.seconds.map(() => 0);
  for (const { id } of shown) {
    if (!hidden.has(id)) below = below.map((sum, at) => (sum ?? 0) + (parts[id]?.[at] ?? 0));
    sums.push(below);
  }
  // The largest sum is drawn first, and the others over it.
  const order = shown.map((_, index) => shown.length - 1 - index);
  return {
    data: [axis.seconds, ...order.map((index) => withGaps(axis, sums[index] ?? []))],
    series: order.map((index) => ({ ...(shown[index] as (typeof STACK)[number]), isArea: true })),
    values: order.map((index) => parts[shown[index]?.id ?? ''] ?? []),
    maxima: order.map((index) =>
      highestOf(Float64Array.from(parts[shown[index]?.id ?? ''] ?? [], (value) => value ?? -1)),
    ),
  };
}

/** Only gaps of the axis interrupt the line. */
function withGaps({ buckets }: Axis, values: Values): Values {
  return values.map((value, at) => ((buckets[at] as number) < 0 ? null : (value ?? undefined)));
}

/** A process tree has only one figure that adds up. */
function treeStack(run: RunModel): Plotted {
  const plotted = runSeries(run);
  return { ...plotted, series: plotted.series.map((each) => ({ ...each, isArea: true })) };
}

/** One line for each run on a common axis: the union of their times. */
export function overlaySeries(runs: readonly RunModel[]): Plotted {
  const lines = runs.map((run) => {
    const channel = run.series.channels.current ?? run.series.channels.rss;
    const axis = axisOf(run.series, run.cuts);
    const values = channel === undefined ? axis.seconds.map(() => null) : pointsOf(axis, channel);
    return { seconds: axis.seconds, values: withGaps(axis, values) };
  });
  const seconds = [...new Set(lines.flatMap((line) => line.seconds))].sort((a, b) => a - b);
  const places = new Map(seconds.map((at, index) => [at, index]));
  const columns = lines.map((line) => {
    // Undefined stands for a missing reading; null would be a gap.
    const column: Values = new Array(seconds.length).fill(undefined);
    for (const [index, at] of line.seconds.entries()) column[places.get(at) ?? 0] = line.values[index];
    return column;
  });
  return {
    data: [seconds, ...columns],
    series: runs.map(({ label }, index) => ({
      id: `run ${index}`,
      label: label.slice(0, 60),
      color: index,
      isArea: false,
    })),
    values: columns,
    maxima: columns.map((column) => highestOf(Float64Array.from(column, (value) => value ?? -1))),
  };
}

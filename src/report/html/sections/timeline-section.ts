/** The timeline of each run as a static chart with its table; the script of the page draws its own. */
import { formatBytes, formatDuration } from '../../../format/units.ts';
import { LINES, shownLines } from '../data/channels.ts';
import type { LimitLine, RunModel } from '../data/page-model.ts';
import { type Channel, hasValues } from '../data/thinner.ts';
import { STROKES } from '../draw/chart-colors.ts';
import { type ChartLine, lineChart } from '../draw/line-chart.ts';
import { escapeName, escapeText, formatShare, tableMarkup } from '../draw/markup.ts';
import { type Axis, axisOf, pointsOf } from '../draw/points.ts';
import type { PageInput, PageRun } from './page-input.ts';
import { details, section } from './section.ts';

/** Rows of the table of a chart. */
const MAX_ROWS = 40;

/** The charts of all runs. */
export function timelineSection({ runs, runsOmitted = 0 }: PageInput): string {
  const shown = runs.filter(({ model }) => model.samples > 0);
  if (shown.length === 0) return '';
  const overlay = shown.length > 1 ? overlayChart(shown) : '';
  const each = shown.map(({ model }) => {
    const chart = `<figure>${legendOf(model)}${timelineChart(model)}<figcaption>${escapeName(model.label)}: ${model.samples} samples over ${formatDuration(model.durationMs)}; minima and maxima between them are drawn</figcaption></figure>`;
    const table = details('Table of the timeline', timelineTable(model));
    return shown.length === 1
      ? `${chart}${table}`
      : details(`Timeline of ${model.label}`, `${chart}${timelineTable(model)}`);
  });
  const omitted = runsOmitted === 0 ? '' : `<p>${runsOmitted} runs before the last one are not shown.</p>`;
  return section(
    'timeline',
    'Timeline',
    `<div id="timeline-view"></div><div id="timeline-static">${overlay}${each.join('')}${omitted}</div>${eventTable(shown)}`,
  );
}

function timelineChart(model: RunModel): string {
  const title = `Memory over time of ${model.label}`;
  return lineChart(
    linesOf(model),
    { limits: model.limits, events: model.events, peak: model.peak },
    { title },
  );
}

function linesOf(model: RunModel): ChartLine[] {
  const axis = axisOf(model.series, model.cuts);
  return shownLines(model.series).map(({ label, channel, color }) => ({
    label,
    ...pointsOfLine(axis, channel),
    color,
  }));
}

function pointsOfLine(axis: Axis, channel: Channel): Pick<ChartLine, 'seconds' | 'values' | 'gaps'> {
  const gaps = axis.buckets.flatMap((bucket, at) => (bucket < 0 ? [at] : []));
  return { seconds: axis.seconds, values: pointsOf(axis, channel), gaps };
}

function legendOf(model: RunModel): string {
  const items = shownLines(model.series).map(({ color, label, meaning }) =>
    legendItem(color, label, meaning),
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

function legendItem(color: number, label: string, meaning: string): string {
  const at = color % STROKES.length;
  return `<li><svg viewBox="0 0 16 8" width="16" height="8" aria-hidden="true"><line class="line s${at}" x1="0" x2="16" y1="4" y2="4" stroke="${STROKES[at]?.light ?? ''}" stroke-width="3"/></svg> ${escapeName(label)}${meaning === '' ? '' : `<span class="meaning">: ${escapeText(meaning)}</span>`}</li>`;
}

function overlayChart(runs: readonly PageRun[]): string {
  const lines = runs.flatMap(({ model }, color) => {
    const channel = model.series.channels.current ?? model.series.channels.rss;
    if (channel === undefined) return [];
    return [{ label: model.label, ...pointsOfLine(axisOf(model.series, model.cuts), channel), color }];
  });
  const legend = `<ul class="legend">${lines.map(({ label, color }) => legendItem(color, label, '')).join('')}</ul>`;
  return `<figure>${legend}${lineChart(lines, {}, { title: 'All memory charged, all recordings' })}<figcaption>All memory charged (current), one line for each recording</figcaption></figure>`;
}

function timelineTable(model: RunModel): string {
  const { fromMs, toMs } = model.series;
  const shown = shownLines(model.series);
  const step = Math.max(1, Math.ceil(toMs.length / MAX_ROWS));
  const rows: string[][] = [];
  for (let start = 0; start < toMs.length; start += step) {
    const end = Math.min(toMs.length, start + step);
    const cells = shown.map(({ channel }) => {
      const [low, high] = rangeOf(channel, start, end);
      if (high === undefined || low === undefined) return '-';
      return low === high ? formatBytes(low) : `${formatBytes(low)} to ${formatBytes(high)}`;
    });
    const [from, to] = [formatDuration(fromMs[start] as number), formatDuration(toMs[end - 1] as number)];
    rows.push([from === to ? from : `${from} to ${to}`, ...cells]);
  }
  return tableMarkup(
    `Memory over time of ${model.label}: minimum and maximum of each step`,
    [{ heading: 'Time' }, ...shown.map(({ label }) => ({ heading: label, isNumber: true }))],
    rows,
  );
}

function rangeOf(
  { min, max }: Channel,
  start: number,
  end: number,
): [number | undefined, number | undefined] {
  let [low, high]: [number | undefined, number | undefined] = [undefined, undefined];
  for (let index = start; index < end; index += 1) {
    const [lower, upper] = [min[index] as number, max[index] as number];
    if (lower < (low ?? Number.POSITIVE_INFINITY)) low = lower;
    if (upper > (high ?? Number.NEGATIVE_INFINITY)) high = upper;
  }
  return [low, high];
}

/** Rows of the table of events. */
const MAX_EVENT_ROWS = 100;

function eventTable(runs: readonly PageRun[]): string {
  const all = runs.flatMap(({ model }) => model.events.map((event) => ({ ...event, run: model.label })));
  if (all.length === 0) return '';
  const rows = all
    .slice(0, MAX_EVENT_ROWS)
    .map(({ ms, event, text, run }) => [
      formatDuration(ms),
      escapeName(event),
      escapeName(text),
      ...(runs.length > 1 ? [escapeName(run)] : []),
    ]);
  const omitted = all.length - rows.length + runs.reduce((sum, { model }) => sum + model.eventsOmitted, 0);
  const note = omitted === 0 ? '' : `<p>${omitted} more events are not listed.</p>`;
  return details(
    `Events (${all.length})`,
    `${tableMarkup('Events', [{ heading: 'Time' }, { heading: 'Event' }, { heading: 'Details' }, ...(runs.length > 1 ? [{ heading: 'Recording' }] : [])], rows)}${note}`,
  );
}

/** The time that processes waited for memory. */
export function pressureSection({ runs }: PageInput): string {
  const charts = runs.flatMap(({ model, summary }) => {
    const { toMs, channels } = model.series;
    const [some, full] = [channels['stall.some'], channels['stall.full']];
    if (some === undefined || !hasValues(some.last)) return [];
    const shares = (values: Float64Array | undefined) => stallShares(toMs, values);
    const seconds = Array.from(toMs, (ms) => ms / 1000);
    const lines = [
      { label: 'some', seconds, values: shares(some.last), color: 3 },
      ...(full === undefined ? [] : [{ label: 'full', seconds, values: shares(full.last), color: 5 }]),
    ];
    const chart = lineChart(
      lines,
      {},
      { title: `Memory pressure of ${model.label}`, height: 180, format: (value) => formatShare(value) },
    );
    const stall = summary?.stallUs;
    const total =
      stall?.some === undefined
        ? ''
        : ` In all: some ${formatDuration(stall.some / 1000)}, full ${formatDuration((stall.full ?? 0) / 1000)}.`;
    const rows = pressureRows(
      toMs,
      lines.map(({ values }) => values),
    );
    const table = tableMarkup(
      `Memory pressure of ${model.label}`,
      [{ heading: 'Up to' }, ...lines.map(({ label }) => ({ heading: label, isNumber: true }))],
      rows,
    );
    return [
      `<figure>${`<ul class="legend">${lines.map(({ label, color }) => legendItem(color, label, '')).join('')}</ul>`}${chart}<figcaption>${escapeName(model.label)}: share of time that some, or all (full), processes waited for memory, from memory.pressure.${total}</figcaption></figure>${details('Table of memory pressure', table)}`,
    ];
  });
  return section('pressure', 'Memory pressure', charts.join(''));
}

/** The share of time between two buckets; the counters are microseconds. */
function stallShares(toMs: Float64Array, totals: Float64Array | undefined): (number | null)[] {
  return Array.from(toMs, (ms, index) => {
    const before = index === 0 ? undefined : totals?.[index - 1];
    const now = totals?.[index];
    const spanMs = index === 0 ? 0 : ms - (toMs[index - 1] as number);
    if (before === undefined || now === undefined || Number.isNaN(now - before) || spanMs <= 0) return null;
    // The counter of another cgroup starts again.
    return now < before ? null : Math.min(1, (now - before) / 1000 / spanMs);
  });
}

function pressureRows(toMs: Float64Array, columns: readonly (number | null)[][]): string[][] {
  const step = Math.max(1, Math.ceil(toMs.length / MAX_ROWS));
  const rows: string[][] = [];
  for (let start = 0; start < toMs.length; start += step) {
    const end = Math.min(toMs.length, start + step);
    const cells = columns.map((values) => {
      const known = values.slice(start, end).filter((value) => value !== null);
      return known.length === 0 ? '-' : formatShare(Math.max(...known));
    });
    rows.push([formatDuration(toMs[end - 1] as number), ...cells]);
  }
  return rows;
}

/** Lines for budgets of series that are drawn. */
export function budgetLines(
  budgets: readonly {
    metric: string;
    expression: string;
    limit?: number;
    unit: string;
    status: string;
    name?: string;
  }[],
): LimitLine[] {
  return budgets.flatMap(({ metric, expression, limit, unit, status, name }) => {
    if (limit === undefined || unit !== 'bytes') return [];
    const channel = metric === 'peak' ? 'current' : metric;
    if (!LINES.some(({ id }) => id === channel)) return [];
    return [
      { label: name === undefined ? expression : `${name}: ${expression}`, bytes: limit, channel, status },
    ];
  });
}

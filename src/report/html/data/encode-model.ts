/** The compact form of a page's model: differences compress to a fraction of the values. */
import type { EntityRecord } from './entity-history.ts';
import {
  CONTAINER_WIDTH,
  type EntitiesOf,
  MAP_WIDTH,
  type NamedTree,
  type PageModel,
  PROCESS_WIDTH,
  type RunModel,
} from './page-model.ts';
import type { Channel, ThinnedSeries } from './thinner.ts';

/** Differences to the previous value; null for NaN. */
type Column = (number | null)[];

interface EncodedSeries {
  from: Column;
  to: Column;
  channels: Record<string, { min: Column; span: Column; last: Column; late: string }>;
}

/** Maps and processes with differences in place of their values. */
interface EncodedRun extends Omit<RunModel, 'series'> {
  series: EncodedSeries;
}

/** What the data of a page contain. */
export interface EncodedModel {
  threshold: number;
  trees: NamedTree[];
  runs: EncodedRun[];
}

/** The model as JSON data. */
export function encodeModel({ runs, trees, threshold }: PageModel): EncodedModel {
  return {
    threshold,
    trees,
    runs: runs.map((run) => ({ ...run, series: encodeSeries(run.series), ...entitiesOf(run, -1) })),
  };
}

/** The model of JSON data, as it was encoded. */
export function decodeModel({ runs, trees, threshold }: EncodedModel): PageModel {
  return {
    threshold,
    trees,
    runs: runs.map((run) => ({ ...run, series: decodeSeries(run.series), ...entitiesOf(run, 1) })),
  };
}

/** Microseconds: a recording has no finer times. */
const US = 1000;

function encodeSeries({ fromMs, toMs, channels }: ThinnedSeries): EncodedSeries {
  const encoded: EncodedSeries['channels'] = {};
  for (const [name, { min, max, last, late }] of Object.entries(channels)) {
    if (last.every((value) => Number.isNaN(value))) continue;
    encoded[name] = {
      min: differences(min),
      span: Array.from(max, (value, index) => orNull(value - (min[index] as number))),
      last: Array.from(last, (value, index) => orNull(value - (min[index] as number))),
      late: late.join(''),
    };
  }
  return {
    from: differences(toMicroseconds(fromMs)),
    to: differences(toMicroseconds(toMs)),
    channels: encoded,
  };
}

function toMicroseconds(times: Float64Array): Float64Array {
  return times.map((ms) => Math.round(ms * US));
}

function decodeSeries({ from, to, channels }: EncodedSeries): ThinnedSeries {
  const decoded: Record<string, Channel> = {};
  for (const [name, { min, span, last, late }] of Object.entries(channels)) {
    const lows = sums(min);
    const beyond = (column: Column) => lows.map((low, index) => low + (column[index] ?? Number.NaN));
    decoded[name] = { min: lows, max: beyond(span), last: beyond(last), late: Uint8Array.from(late, Number) };
  }
  return { fromMs: sums(from).map((us) => us / US), toMs: sums(to).map((us) => us / US), channels: decoded };
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function differences(values: Float64Array): Column {
  let before = 0;
  return Array.from(values, (value) => {
    if (Number.isNaN(value)) return null;
    const difference = value - before;
    before = value;
    return difference;
  });
}

function sums(column: Column): Float64Array {
  let sum = 0;
  return Float64Array.from(column, (difference) => {
    if (difference === null) return Number.NaN;
    sum += difference;
    return sum;
  });
}

/** Encodes the values of maps, processes and containers (-1), or decodes them (1). */
function entitiesOf(
  { maps, processes, containers }: Pick<RunModel, 'maps' | 'processes' | 'containers'>,
  sign: 1 | -1,
): Pick<RunModel, 'maps' | 'processes' | 'containers'> {
  const all = <T extends EntityRecord>(history: EntitiesOf<T>, width: number): EntitiesOf<T> => ({
    ...history,
    entities: history.entities.map((each) => withChanges(each, width + 1, sign)),
  });
  return {
    maps: all(maps, MAP_WIDTH),
    processes: all(processes, PROCESS_WIDTH),
    containers: all(containers, CONTAINER_WIDTH),
  };
}

/** Each value as the difference to the one `step` before it (-1), or back (1). */
function withChanges<T extends EntityRecord>(entity: T, step: number, sign: 1 | -1): T {
  const changes = [...entity.changes];
  if (sign === 1)
    for (let at = step; at < changes.length; at += 1)
      changes[at] = (changes[at] as number) + (changes[at - step] as number);
  else
    for (let at = changes.length - 1; at >= step; at -= 1)
      changes[at] = (changes[at] as number) - (changes[at - step] as number);
  return { ...entity, changes };
}

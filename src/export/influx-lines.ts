/**
 * InfluxDB line protocol: a line for each sample, event, and row of a map or process.
 * Source: "Line protocol" in the documentation of InfluxDB 2.
 */
import { safeText } from '../format/safe-text.ts';
import type { EventRecord, SummaryRecord } from '../model/recording.ts';
import { shiftedDecimal } from './decimal.ts';
import type { Exporter, RunRecord } from './export-format.ts';
import { MAP_FIGURES, type ObjectFigure, PROCESS_FIGURES } from './map-figures.ts';
import { type Metric, measurementName } from './metric-names.ts';
import { type ExportedRun, microsOf } from './run-context.ts';
import { SampleFigures } from './sample-figures.ts';

/** The exporter of the line protocol. */
export class InfluxLines implements Exporter {
  readonly #figures = new SampleFigures();
  readonly #keys = new Map<Metric, string>();

  convert(record: RunRecord, run: ExportedRun): string {
    switch (record.type) {
      case 'sample': {
        const fields: string[] = [];
        this.#figures.of(record, (metric, value) => {
          // The protocol has no infinity, and no limit is not a figure.
          if (value !== Number.POSITIVE_INFINITY)
            fields.push(`${this.#key(metric)}=${number(value, metric.exponent)}`);
        });
        return line('sample', {}, fields, run, record.elapsedMs);
      }
      case 'maps':
        return record.maps
          .map((map) => {
            const tags = { map_id: String(map.id), name: map.name, type: map.type };
            return line('bpf_map', tags, objectFields(MAP_FIGURES, map), run, record.elapsedMs);
          })
          .join('');
      case 'processes':
        return record.processes
          .map((row) => {
            const tags = { pid: String(row.pid), comm: row.comm };
            return line('process', tags, objectFields(PROCESS_FIGURES, row), run, record.elapsedMs);
          })
          .join('');
      case 'event':
        return line('event', { event: record.event }, eventFields(record), run, record.elapsedMs);
      case 'summary':
        return line('run', { mode: record.mode }, summaryFields(record), run, record.durationMs);
      case 'explain':
        return '';
    }
  }

  #key(metric: Metric): string {
    const known = this.#keys.get(metric);
    if (known !== undefined) return known;
    const key = escapeKey(metric.field);
    this.#keys.set(metric, key);
    return key;
  }
}

/** A line with its newline; empty without fields, which the protocol requires. */
function line(
  kind: string,
  tags: Readonly<Record<string, string>>,
  fields: readonly string[],
  run: ExportedRun,
  elapsedMs: number,
): string {
  if (fields.length === 0) return '';
  const all = Object.entries({ run: run.id, ...tags })
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `,${key}=${escapeKey(value)}`);
  // Nanoseconds: beyond 2^53.
  return `${measurementName(kind)}${all.join('')} ${fields.join(',')} ${microsOf(run, elapsedMs)}000\n`;
}

/** An integer has a mark; both readers and the database distinguish it from a float. */
function number(value: number, exponent: number): string {
  return exponent === 0 && Number.isInteger(value) ? `${value}i` : shiftedDecimal(value, exponent);
}

function objectFields<T>(figures: readonly ObjectFigure<T>[], row: T): string[] {
  return figures.flatMap(({ name, exponent, value }) => {
    const figure = value(row);
    if (figure === undefined) return [];
    return [`${name}=${number(figure, exponent)}`];
  });
}

function eventFields({ count, increase, localIncrease, message, hint, pid, cgroup }: EventRecord): string[] {
  const numbers = { count: count ?? undefined, increase, local_increase: localIncrease, pid };
  const texts = { message, hint, cgroup };
  const fields = [
    ...Object.entries(numbers).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}=${number(value, 0)}`],
    ),
    ...Object.entries(texts).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}=${quoted(value)}`],
    ),
  ];
  return fields.length === 0 ? ['noticed=true'] : fields;
}

function summaryFields({ durationMs, exit, peak }: SummaryRecord): string[] {
  return [
    `duration_seconds=${shiftedDecimal(durationMs, -3)}`,
    `exit_status=${number(exit.status, 0)}`,
    ...(peak === undefined ? [] : [`peak_bytes=${number(peak.bytes, 0)}`]),
  ];
}

/**
 * A tag, its value, or the name of a field. A backslash before what is escaped, or at the end, would escape
 * it or be escaped, depending on the database.
 */
function escapeKey(text: string): string {
  return safeText(text)
    .replaceAll(/\\(?=[,= ]|$)/g, '\\x5c')
    .replaceAll(/[,= ]/g, (character) => `\\${character}`);
}

function quoted(text: string): string {
  return `"${safeText(text).replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
}

/**
 * OpenMetrics text with times. A document lists the points of one series after the other, in contrast to a
 * recording. Source: the OpenMetrics 1.0 specification.
 */
import type { ProcessRow } from '../model/recorded-processes.ts';
import type { LiveMap } from '../model/recording.ts';
import { shiftedDecimal } from './decimal.ts';
import type { Exporter, RunRecord, Scratch } from './export-format.ts';
import { MAP_FIGURES, type ObjectFigure, PROCESS_FIGURES } from './map-figures.ts';
import { formatLabels } from './metric-labels.ts';
import { FAMILIES, type Labels, type Metric, type MetricFamily, openMetricsName } from './metric-names.ts';
import { PointStore } from './point-store.ts';
import { type ExportedRun, microsOf } from './run-context.ts';
import { SampleFigures } from './sample-figures.ts';

/**
 * Prometheus takes a series without a point in the last five minutes for ended; maps and processes are only
 * recorded when they change. Unit: milliseconds.
 */
const REPEAT_AFTER_MS = 60_000;

interface Series {
  readonly family: MetricFamily;
  readonly labels: string;
  readonly exponent: number;
}

/** A map or a process that is there, and when its figures were written last. */
interface LiveRow<T> {
  row: T;
  writtenMs: number;
}

/** The exporter of OpenMetrics. */
export class OpenMetricsText implements Exporter {
  readonly #points: PointStore;
  readonly #figures = new SampleFigures();
  readonly #series: Series[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #bySample = new Map<Metric, number>();
  readonly #runs: string[] = [];
  readonly #eventCounts = new Map<string, number>();
  readonly #maps = new LiveRows<LiveMap>();
  readonly #processes = new LiveRows<ProcessRow>();
  #skipped = 0;

  constructor(scratch: Scratch, segmentPoints?: number) {
    this.#points = new PointStore(scratch, segmentPoints);
  }

  begin(run: ExportedRun): string {
    this.#bySample.clear();
    this.#eventCounts.clear();
    this.#maps.clear();
    this.#processes.clear();
    const seconds = shiftedDecimal(run.startMicros, -6);
    this.#runs.push(`cmemstat_run_info{${formatLabels(runLabels(run))}} 1 ${seconds}\n`);
    return '';
  }

  convert(record: RunRecord, run: ExportedRun): string {
    switch (record.type) {
      case 'sample': {
        const micros = microsOf(run, record.elapsedMs);
        this.#figures.of(record, (metric, value) => {
          let series = this.#bySample.get(metric);
          if (series === undefined) {
            series = this.#find(metric.family, { run: run.id, ...metric.labels }, metric.exponent);
            this.#bySample.set(metric, series);
          }
          this.#points.add(series, micros, value);
        });
        for (const { row, atMs } of this.#processes.endReading(record.elapsedMs)) {
          this.#addProcess(row, run, atMs);
        }
        if (record.bpf !== undefined) {
          const due = this.#maps.endReading(record.elapsedMs);
          for (const { row, atMs } of due) this.#addMap(row, run, atMs);
        }
        break;
      }
      case 'maps':
        for (const id of record.gone ?? []) this.#maps.delete(id);
        for (const map of record.maps) {
          this.#maps.set(map.id, map, record.elapsedMs);
          this.#addMap(map, run, record.elapsedMs);
        }
        break;
      case 'processes': {
        for (const pid of record.gone ?? []) this.#processes.delete(pid);
        for (const row of record.processes) {
          this.#processes.set(row.pid, row, record.elapsedMs);
          this.#addProcess(row, run, record.elapsedMs);
        }
        break;
      }
      case 'event': {
        const count = (this.#eventCounts.get(record.event) ?? 0) + 1;
        this.#eventCounts.set(record.event, count);
        const labels = { run: run.id, event: record.event };
        const series = this.#find(FAMILIES.recordedEvents, labels, 0);
        this.#points.add(series, microsOf(run, record.elapsedMs), count);
        break;
      }
      case 'summary': {
        const micros = microsOf(run, record.durationMs);
        const labels = { run: run.id };
        this.#points.add(this.#find(FAMILIES.runDuration, labels, -3), micros, record.durationMs);
        this.#points.add(this.#find(FAMILIES.runExitStatus, labels, 0), micros, record.exit.status);
        if (record.peak !== undefined)
          this.#points.add(this.#find(FAMILIES.runPeak, labels, 0), micros, record.peak.bytes);
        break;
      }
      case 'explain':
    }
    return '';
  }

  *end(): Generator<string> {
    if (this.#runs.length > 0) {
      yield '# TYPE cmemstat_run info\n# HELP cmemstat_run What was measured.\n';
      yield* this.#runs;
    }
    const byFamily = new Map<MetricFamily, number[]>();
    for (const [index, { family }] of this.#series.entries()) {
      const members = byFamily.get(family);
      if (members === undefined) byFamily.set(family, [index]);
      else members.push(index);
    }
    for (const family of Object.values(FAMILIES)) {
      const members = byFamily.get(family);
      if (members === undefined) continue;
      yield formatFamily(family);
      for (const index of members) yield* this.#formatSeries(index);
    }
    yield '# EOF\n';
  }

  notes(): readonly string[] {
    return this.#skipped === 0
      ? []
      : [`${this.#skipped} points were left out: their times were not after those before them`];
  }

  #addMap(map: LiveMap, run: ExportedRun, elapsedMs: number): void {
    const labels = { run: run.id, map_id: String(map.id), name: map.name, type: map.type };
    this.#addObject(MAP_FIGURES, map, labels, microsOf(run, elapsedMs));
  }

  #addProcess(row: ProcessRow, run: ExportedRun, elapsedMs: number): void {
    const labels = { run: run.id, pid: String(row.pid), comm: row.comm };
    this.#addObject(PROCESS_FIGURES, row, labels, microsOf(run, elapsedMs));
  }

  #addObject<T>(figures: readonly ObjectFigure<T>[], row: T, labels: Labels, micros: number): void {
    for (const { family, exponent, value } of figures) {
      const figure = value(row);
      if (figure !== undefined) this.#points.add(this.#find(family, labels, exponent), micros, figure);
    }
  }

  #find(family: MetricFamily, labels: Labels, exponent: number): number {
    const text = `{${formatLabels(labels)}}`;
    const key = `${openMetricsName(family)}${family.type}${text}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const index = this.#series.push({ family, labels: text, exponent }) - 1;
    this.#byKey.set(key, index);
    return index;
  }

  *#formatSeries(index: number): Generator<string> {
    const series = this.#series[index];
    if (series === undefined) return;
    const { family, labels, exponent } = series;
    const name = `${openMetricsName(family)}${family.type === 'counter' ? '_total' : ''}${labels}`;
    // Prometheus stores milliseconds, and refuses two points with the same.
    let lastMs = Number.NEGATIVE_INFINITY;
    let pending = '';
    for (const { times, values } of this.#points.read(index)) {
      let text = '';
      for (const [at, micros] of times.entries()) {
        const ms = Math.floor(micros / 1000);
        if (ms <= lastMs && pending !== '') {
          this.#skipped += 1;
          // The last count is the one that must not be lost.
          if (family.type !== 'counter' || ms < lastMs) continue;
        } else text += pending;
        lastMs = ms;
        const value = values[at] ?? 0;
        const shown = value === Number.POSITIVE_INFINITY ? '+Inf' : shiftedDecimal(value, exponent);
        pending = `${name} ${shown} ${shiftedDecimal(micros, -6)}\n`;
      }
      if (text !== '') yield text;
    }
    yield pending;
  }
}

/** Rows that are only recorded when they change. */
class LiveRows<T> {
  readonly #rows = new Map<number, LiveRow<T>>();
  #readingMs: number | undefined;
  #nextMs = Number.POSITIVE_INFINITY;

  clear(): void {
    this.#rows.clear();
    this.#readingMs = undefined;
    this.#nextMs = Number.POSITIVE_INFINITY;
  }

  set(id: number, row: T, elapsedMs: number): void {
    this.#rows.set(id, { row, writtenMs: elapsedMs });
    this.#nextMs = Math.min(this.#nextMs, elapsedMs + REPEAT_AFTER_MS);
  }

  delete(id: number): void {
    this.#rows.delete(id);
  }

  /**
   * A reading begins, so that the one before it is complete: the rows that did not change in it and were not
   * written for long, with its time.
   */
  endReading(elapsedMs: number): { row: T; atMs: number }[] {
    const atMs = this.#readingMs;
    if (atMs === elapsedMs) return [];
    this.#readingMs = elapsedMs;
    if (atMs === undefined || atMs < this.#nextMs) return [];
    const due: { row: T; atMs: number }[] = [];
    this.#nextMs = Number.POSITIVE_INFINITY;
    for (const live of this.#rows.values()) {
      if (atMs - live.writtenMs >= REPEAT_AFTER_MS) {
        due.push({ row: live.row, atMs });
        live.writtenMs = atMs;
      }
      this.#nextMs = Math.min(this.#nextMs, live.writtenMs + REPEAT_AFTER_MS);
    }
    return due;
  }
}

function runLabels({ id, start }: ExportedRun): Labels {
  const { command, mode, host, cmemstat, attached } = start;
  return {
    run: id,
    command: command.join(' '),
    mode,
    kernel: host.kernel,
    arch: host.arch,
    version: cmemstat,
    ...(attached === undefined ? {} : { attached: attached.target }),
  };
}

function formatFamily(family: MetricFamily): string {
  const name = openMetricsName(family);
  const unit = family.unit === undefined ? '' : `# UNIT ${name} ${family.unit}\n`;
  return `# TYPE ${name} ${family.type}\n${unit}# HELP ${name} ${family.help}\n`;
}

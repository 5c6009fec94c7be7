/**
 * A processed profile of the Firefox Profiler with memory counters: JSON whose tables are lists by column.
 * Source: src/types/profile.ts and docs-developer/CHANGELOG-formats.md of the Firefox Profiler.
 */
import { formatShortCommand, safeText } from '../format/safe-text.ts';
import { FIELDS } from '../model/field-catalogue.ts';
import type { Exporter, RunRecord, Scratch } from './export-format.ts';
import {
  EMPTY_TABLES,
  formatThread,
  metaOf,
  type ProfileMarker,
  type ProfileThread,
  Strings,
} from './firefox-tables.ts';
import type { Metric } from './metric-names.ts';
import { PointStore } from './point-store.ts';
import { type ExportedRun, microsOf } from './run-context.ts';
import { SampleFigures } from './sample-figures.ts';

/** More events, maps or processes would make the page of the profiler unusable. */
const MAX_MARKERS = 100_000;
const MAX_OBJECTS = 50;

/** Kinds of memory that get a counter: those that the views name, not all keys of memory.stat. */
const KINDS: ReadonlySet<string> = new Set([...FIELDS.map(({ id }) => id), 'zswap']);

/** The colours of counters, in turn. */
const COLOURS = ['orange', 'blue', 'green', 'purple', 'teal', 'magenta', 'ink', 'red', 'yellow', 'grey'];

interface Counter {
  readonly series: number;
  readonly name: string;
  readonly description: string;
  /** The thread that it is shown with. */
  readonly thread: number;
  /** Unit: bytes. */
  max: number;
  /** A map or a process: only the largest are part of the document. */
  readonly object?: 'maps' | 'processes';
}

/** The state of the run that is read. */
interface CurrentRun {
  readonly thread: number;
  readonly suffix: string;
  readonly metrics: Map<Metric, Counter>;
  readonly maps: Map<number, Counter>;
  readonly processes: Map<number, { rss: Counter; pss: Counter | undefined; thread: number }>;
  lastMicros: number;
}

/** The exporter of profiles. */
export class FirefoxProfile implements Exporter {
  readonly #points: PointStore;
  readonly #figures = new SampleFigures();
  readonly #counters: Counter[] = [];
  readonly #threads: ProfileThread[] = [];
  readonly #markers = new Map<number, ProfileMarker[]>();
  #markerCount = 0;
  readonly #runs: ExportedRun[] = [];
  #current: CurrentRun | undefined;
  #omittedMarkers = 0;
  #omittedObjects = 0;

  constructor(scratch: Scratch, segmentPoints?: number) {
    this.#points = new PointStore(scratch, segmentPoints);
  }

  begin(run: ExportedRun): string {
    this.#endRun();
    const { number, start } = run;
    this.#runs.push(run);
    const thread = this.#addThread({
      name: `run ${number}: ${formatShortCommand(start.command)}`,
      pid: `run ${number}`,
      micros: run.startMicros,
    });
    this.#current = {
      thread,
      suffix: number === 1 ? '' : ` (run ${number})`,
      metrics: new Map(),
      maps: new Map(),
      processes: new Map(),
      lastMicros: run.startMicros,
    };
    return '';
  }

  convert(record: RunRecord, run: ExportedRun): string {
    const current = this.#current;
    if (current === undefined) return '';
    const micros = microsOf(run, record.type === 'summary' ? record.durationMs : record.elapsedMs);
    current.lastMicros = Math.max(current.lastMicros, micros);
    switch (record.type) {
      case 'sample':
        this.#figures.of(record, (metric, value) => {
          if (!isShown(metric)) return;
          let counter = current.metrics.get(metric);
          if (counter === undefined) {
            const name = metric.labels.kind ?? metric.field.replace(/_bytes$/, '').replaceAll('_', ' ');
            counter = this.#addCounter(name, metric.family.help, current.thread);
            current.metrics.set(metric, counter);
          }
          this.#add(counter, micros, value);
        });
        break;
      case 'maps':
        for (const id of record.gone ?? []) this.#endMap(current, id, micros);
        for (const { id, name, type, bytes } of record.maps) {
          let counter = current.maps.get(id);
          if (counter === undefined) {
            counter = this.#addCounter(
              `${name === '' ? type : name} #${id}`,
              'BPF map',
              current.thread,
              'maps',
            );
            current.maps.set(id, counter);
          }
          this.#add(counter, micros, bytes);
        }
        break;
      case 'processes':
        for (const pid of record.gone ?? []) this.#endProcess(current, pid, micros);
        for (const { pid, comm, rss, pss } of record.processes) {
          let known = current.processes.get(pid);
          if (known === undefined) {
            const thread = this.#addThread({ name: comm, pid: `${pid}${current.suffix}`, micros });
            known = {
              thread,
              rss: this.#addCounter('rss', 'Resident set size', thread, 'processes'),
              pss: undefined,
            };
            current.processes.set(pid, known);
          }
          this.#add(known.rss, micros, rss);
          if (pss === undefined) continue;
          known.pss ??= this.#addCounter('pss', 'Proportional set size', known.thread, 'processes');
          this.#add(known.pss, micros, pss);
        }
        break;
      case 'event': {
        const { type: _, elapsedMs: __, event, ...data } = record;
        this.#mark({ thread: current.thread, name: event, startMicros: micros, data });
        break;
      }
      case 'explain': {
        const data = { moment: record.moment, message: record.message, bytes: record.tree.bytes };
        this.#mark({ thread: current.thread, name: 'explained', startMicros: micros, data });
        break;
      }
      case 'summary':
        this.#markRun(run, current, { exit_status: record.exit.status, peak_bytes: record.peak?.bytes });
        this.#current = undefined;
    }
    return '';
  }

  *end(): Generator<string> {
    this.#endRun();
    const baseMicros = this.#runs.reduce(
      (least, { startMicros }) => Math.min(least, startMicros),
      Number.MAX_VALUE,
    );
    const [first] = this.#runs;
    const strings = new Strings();
    const { counters, threads } = this.#chooseObjects();
    yield `{"meta":${JSON.stringify(metaOf(first, baseMicros))},"libs":[],"threads":[`;
    for (const [index, { thread, at }] of threads.entries()) {
      const markers = this.#markers.get(at) ?? [];
      yield `${index === 0 ? '' : ','}${formatThread(thread, { index, markers, baseMicros, strings })}`;
    }
    yield '],"counters":[';
    const placeOfThread = new Map(threads.map(({ at }, index) => [at, index]));
    for (const [index, counter] of counters.entries()) {
      if (index > 0) yield ',';
      yield* this.#formatCounter(counter, {
        rank: index,
        thread: placeOfThread.get(counter.thread) ?? 0,
        baseMicros,
      });
    }
    yield `],"shared":${JSON.stringify({ ...EMPTY_TABLES, stringArray: strings.list })}}\n`;
  }

  notes(): readonly string[] {
    return [
      ...(this.#omittedMarkers === 0
        ? []
        : [`${this.#omittedMarkers} events beyond the first ${MAX_MARKERS} were left out`]),
      ...(this.#omittedObjects === 0
        ? []
        : [
            `the ${MAX_OBJECTS} largest maps and processes are part of the profile, and ${this.#omittedObjects} are not`,
          ]),
    ];
  }

  /** A run without a summary ends with its last record. */
  #endRun(): void {
    const run = this.#runs.at(-1);
    if (run !== undefined && this.#current !== undefined) this.#markRun(run, this.#current, {});
    this.#current = undefined;
  }

  #markRun(
    run: ExportedRun,
    { thread, lastMicros }: CurrentRun,
    data: Readonly<Record<string, unknown>>,
  ): void {
    this.#mark({ thread, name: 'run', startMicros: run.startMicros, endMicros: lastMicros, data });
  }

  #mark(marker: ProfileMarker): void {
    if (this.#markerCount === MAX_MARKERS) {
      this.#omittedMarkers += 1;
      return;
    }
    this.#markerCount += 1;
    const others = this.#markers.get(marker.thread);
    if (others === undefined) this.#markers.set(marker.thread, [marker]);
    else others.push(marker);
  }

  #addThread(thread: ProfileThread): number {
    return this.#threads.push(thread) - 1;
  }

  #addCounter(name: string, description: string, thread: number, object?: Counter['object']): Counter {
    const series = this.#counters.length;
    const counter = {
      series,
      name,
      description,
      thread,
      max: 0,
      ...(object === undefined ? {} : { object }),
    };
    this.#counters.push(counter);
    return counter;
  }

  #add(counter: Counter, micros: number, bytes: number): void {
    counter.max = Math.max(counter.max, bytes);
    this.#points.add(counter.series, micros, bytes);
  }

  #endMap({ maps }: CurrentRun, id: number, micros: number): void {
    const counter = maps.get(id);
    if (counter !== undefined) this.#add(counter, micros, 0);
    maps.delete(id);
  }

  #endProcess({ processes }: CurrentRun, pid: number, micros: number): void {
    const known = processes.get(pid);
    if (known === undefined) return;
    this.#add(known.rss, micros, 0);
    if (known.pss !== undefined) this.#add(known.pss, micros, 0);
    processes.delete(pid);
  }

  /** Without all but the largest maps and processes, and the threads of these. */
  #chooseObjects(): { counters: Counter[]; threads: { thread: ProfileThread; at: number }[] } {
    const largest = (object: Counter['object'], keyOf: (counter: Counter) => number) => {
      const sizes = new Map<number, number>();
      for (const counter of this.#counters) {
        if (counter.object !== object) continue;
        sizes.set(keyOf(counter), Math.max(sizes.get(keyOf(counter)) ?? 0, counter.max));
      }
      this.#omittedObjects += Math.max(0, sizes.size - MAX_OBJECTS);
      const sorted = [...sizes].sort(([, a], [, b]) => b - a);
      return new Set(sorted.slice(0, MAX_OBJECTS).map(([key]) => key));
    };
    const maps = largest('maps', ({ series }) => series);
    const processes = largest('processes', ({ thread }) => thread);
    const counters = this.#counters.filter(
      ({ object, series, thread }) =>
        object === undefined || (object === 'maps' ? maps.has(series) : processes.has(thread)),
    );
    const shown = new Set(counters.map(({ thread }) => thread));
    const threads = [...this.#threads.entries()]
      .map(([at, thread]) => ({ at, thread }))
      .filter(({ at, thread }) => shown.has(at) || thread.pid.startsWith('run'));
    return { counters, threads };
  }

  /** Counts are differences to the point before; the first is 0, so that the graph starts there. */
  *#formatCounter(
    { series, name, description, thread: at }: Counter,
    { rank, thread, baseMicros }: { rank: number; thread: number; baseMicros: number },
  ): Generator<string> {
    const display = {
      graphType: 'line-accumulated',
      unit: 'bytes',
      color: COLOURS[rank % COLOURS.length],
      markerSchemaLocation: null,
      sortWeight: 100 + rank,
      label: safeText(name),
      tooltipRows: [
        { type: 'value', source: 'accumulated', format: { unit: 'bytes' }, label: 'at this time' },
        { type: 'value', source: 'count-range', format: { unit: 'bytes' }, label: 'range in the graph' },
      ],
    };
    const pid = safeText(this.#threads[at]?.pid ?? '');
    const fields = {
      name: safeText(name),
      category: 'Memory',
      description,
      pid,
      mainThreadIndex: thread,
      display,
    };
    yield `${JSON.stringify(fields).slice(0, -1)},"samples":{"time":[`;
    let length = 0;
    for (const { times } of this.#points.read(series)) {
      const list = Array.from(times, (micros) => (micros - baseMicros) / 1000);
      if (length === 0) list.unshift(list[0] ?? 0);
      yield `${length === 0 ? '' : ','}${list.join(',')}`;
      length += list.length;
    }
    yield '],"count":[0';
    let last = 0;
    for (const { values } of this.#points.read(series)) {
      let text = '';
      for (const value of values) {
        text += `,${value - last}`;
        last = value;
      }
      yield text;
    }
    yield `],"length":${length}}}`;
  }
}

/** Sizes of memory that add to the picture. */
function isShown({ family, labels }: Metric): boolean {
  if (family.name === 'memory') return KINDS.has(labels.kind ?? '');
  return family.name === 'bpf' && ['charged', 'uncharged', 'held_elsewhere'].includes(labels.scope ?? '');
}

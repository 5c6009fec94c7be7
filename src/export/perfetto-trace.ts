/**
 * A trace for ui.perfetto.dev: counters, instant events and processes as TrackEvents.
 * Source: protos/perfetto/trace/trace_packet.proto, clock_snapshot.proto and track_event/*.proto of Perfetto.
 */
import { formatShortCommand, safeText } from '../format/safe-text.ts';
import type { ExplainRecord } from '../model/explain/explain-record.ts';
import { largestNames } from '../model/explain/memory-tree.ts';
import type { ProcessesRecord } from '../model/recorded-processes.ts';
import type { EventRecord, MapsRecord, SummaryRecord } from '../model/recording.ts';
import { shiftedDecimal } from './decimal.ts';
import type { Exporter, RunRecord } from './export-format.ts';
import { MAP_FIGURES, type ObjectFigure, PROCESS_FIGURES } from './map-figures.ts';
import type { FamilyUnit, Metric, MetricFamily } from './metric-names.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { type ExportedRun, microsOf } from './run-context.ts';
import { SampleFigures } from './sample-figures.ts';

/** Fields of TracePacket. */
const PACKET = {
  clockSnapshot: 6,
  timestamp: 8,
  sequence: 10,
  trackEvent: 11,
  flags: 13,
  trackDescriptor: 60,
};
/** Fields of TrackDescriptor. */
const TRACK = { uuid: 1, name: 2, process: 3, parent: 5, counter: 8, ordering: 11, rank: 12, merge: 15 };
/** Fields of CounterDescriptor. */
const COUNTER = { unit: 3, unitName: 6 };
/** Fields of ProcessDescriptor. */
const PROCESS = { pid: 1, commandLine: 2, name: 6 };
/** Fields of TrackEvent. */
const EVENT = { annotations: 4, type: 9, track: 11, name: 23, value: 30, double: 44 };
/** Fields of DebugAnnotation. */
const ANNOTATION = { int: 4, text: 6, name: 10 };
/** TrackEvent.Type. */
const TYPE = { begin: 1, end: 2, instant: 3, counter: 4 };

const CLOCK = { realtime: 1, boottime: 6 };
const ORDER_BY_RANK = 3;
const NEVER_MERGE = 2;
const SEQUENCE_CLEARED = 1;
const SEQUENCE_ID = 1;

/** CounterDescriptor.Unit, or a name. */
const UNITS: Readonly<Record<FamilyUnit | 'count', number | string>> = {
  bytes: 3,
  count: 2,
  seconds: 'seconds',
  ratio: 'ratio',
};

/** A counter, and its last value: a trace holds a value until the next. */
interface Counter {
  readonly uuid: number;
  readonly exponent: number;
  last: number | undefined;
}

/** The counters of a map or a process. Each is described when it has a value: others would be empty rows. */
interface ObjectCounters {
  readonly parent: number;
  /** Before the names of the figures; empty if the parent says whose they are. */
  readonly title: string;
  readonly counters: (Counter | undefined)[];
}

/** The tracks of one run. */
interface RunTracks {
  readonly root: number;
  readonly groups: Map<string, number>;
  readonly metrics: Map<Metric, Counter>;
  readonly maps: Map<number, ObjectCounters>;
  readonly processes: Map<number, ObjectCounters>;
  readonly commandLines: Map<number, readonly string[]>;
}

/** The names with an explanation that an event lists. */
const MAX_NAMES = 20;

/** The exporter of Perfetto traces. */
export class PerfettoTrace implements Exporter {
  readonly #writer = new ProtobufWriter();
  readonly #figures = new SampleFigures();
  #lastTrack = 0;
  #tracks: RunTracks | undefined;

  begin(run: ExportedRun): Uint8Array {
    const { start, number } = run;
    const micros = run.startMicros;
    this.#packet(micros, (writer) => {
      writer.uint(PACKET.flags, SEQUENCE_CLEARED);
      writer.message(PACKET.clockSnapshot, (snapshot) => {
        for (const clock of [CLOCK.boottime, CLOCK.realtime]) {
          snapshot.message(1, (each) => each.uint(1, clock).uintMillions(2, ...splitNanos(micros)));
        }
      });
    });
    const command = safeText(formatShortCommand(start.command));
    const root = this.#newTrack();
    this.#describe(root, `run ${number}: ${command}`, (track) => track.uint(TRACK.ordering, ORDER_BY_RANK));
    this.#tracks = {
      root,
      groups: new Map(),
      metrics: new Map(),
      maps: new Map(),
      processes: new Map(),
      commandLines: new Map(),
    };
    this.#event(micros, root, TYPE.begin, 'run', {
      command,
      mode: start.mode,
      kernel: start.host.kernel,
      arch: start.host.arch,
      cpus: start.host.cpus,
      memory_bytes: start.host.memTotalBytes,
      cmemstat: start.cmemstat,
      attached: start.attached?.target,
    });
    return this.#writer.take();
  }

  convert(record: RunRecord, run: ExportedRun): Uint8Array {
    const tracks = this.#tracks;
    if (tracks === undefined) return this.#writer.take();
    switch (record.type) {
      case 'sample': {
        const micros = microsOf(run, record.elapsedMs);
        this.#figures.of(record, (metric, value) => {
          // A counter cannot show that there is no limit.
          if (value === Number.POSITIVE_INFINITY) return;
          let counter = tracks.metrics.get(metric);
          if (counter === undefined) {
            const { group, name } = placeOf(metric);
            counter = this.#counter(this.#group(group), name, metric.family, metric.exponent);
            tracks.metrics.set(metric, counter);
          }
          this.#count(micros, counter, value);
        });
        break;
      }
      case 'maps':
        this.#maps(record, tracks, microsOf(run, record.elapsedMs));
        break;
      case 'processes':
        this.#processes(record, tracks, microsOf(run, record.elapsedMs));
        break;
      case 'event':
        this.#event(
          microsOf(run, record.elapsedMs),
          this.#group('events'),
          TYPE.instant,
          record.event,
          annotationsOf(record),
        );
        break;
      case 'explain':
        this.#event(
          microsOf(run, record.elapsedMs),
          this.#group('events'),
          TYPE.instant,
          `explained: ${record.moment}`,
          explainAnnotations(record),
        );
        break;
      case 'summary':
        this.#event(
          microsOf(run, record.durationMs),
          tracks.root,
          TYPE.end,
          undefined,
          summaryAnnotations(record),
        );
    }
    return this.#writer.take();
  }

  #maps({ maps, gone = [] }: MapsRecord, tracks: RunTracks, micros: number): void {
    for (const id of gone) this.#endObject(tracks.maps, id, micros);
    for (const map of maps) {
      let counters = tracks.maps.get(map.id);
      if (counters === undefined) {
        const title = `${map.name === '' ? map.type : map.name} #${map.id}`;
        counters = { parent: this.#group('BPF maps'), title, counters: [] };
        tracks.maps.set(map.id, counters);
      }
      this.#countObject(MAP_FIGURES, map, counters, micros);
    }
  }

  #processes(
    { processes, gone = [], programs = [] }: ProcessesRecord,
    tracks: RunTracks,
    micros: number,
  ): void {
    for (const pid of gone) {
      this.#endObject(tracks.processes, pid, micros);
      tracks.commandLines.delete(pid);
    }
    for (const { pid, command } of programs) if (command !== undefined) tracks.commandLines.set(pid, command);
    for (const row of processes) {
      let counters = tracks.processes.get(row.pid);
      if (counters === undefined) {
        const track = this.#newTrack();
        const command = tracks.commandLines.get(row.pid) ?? [];
        this.#describe(track, undefined, (descriptor) =>
          descriptor.message(TRACK.process, (process) => {
            process.int(PROCESS.pid, row.pid);
            for (const word of command) process.string(PROCESS.commandLine, safeText(word));
            process.string(PROCESS.name, safeText(row.comm));
          }),
        );
        counters = { parent: track, title: '', counters: [] };
        tracks.processes.set(row.pid, counters);
      }
      this.#countObject(PROCESS_FIGURES, row, counters, micros);
    }
  }

  #countObject<T>(
    figures: readonly ObjectFigure<T>[],
    row: T,
    { parent, title, counters }: ObjectCounters,
    micros: number,
  ): void {
    for (const [index, { family, name, exponent, value }] of figures.entries()) {
      const figure = value(row);
      if (figure === undefined) continue;
      const label = title === '' ? name : name === 'bytes' ? title : `${title} ${name}`;
      counters[index] ??= this.#counter(parent, label, family, exponent);
      this.#count(micros, counters[index], figure);
    }
  }

  /** A counter has no end: what is gone ends at 0. */
  #endObject(objects: Map<number, ObjectCounters>, id: number, micros: number): void {
    for (const counter of objects.get(id)?.counters ?? []) {
      if (counter !== undefined) this.#count(micros, counter, 0);
    }
    objects.delete(id);
  }

  #group(name: string): number {
    const { groups, root } = this.#tracks as RunTracks;
    const known = groups.get(name);
    if (known !== undefined) return known;
    const track = this.#newTrack();
    this.#describe(track, name, (descriptor) =>
      descriptor.uint(TRACK.parent, root).uint(TRACK.ordering, ORDER_BY_RANK).uint(TRACK.rank, groups.size),
    );
    groups.set(name, track);
    return track;
  }

  #counter(parent: number, name: string, { unit }: MetricFamily, exponent: number): Counter {
    const uuid = this.#newTrack();
    this.#describe(uuid, name, (descriptor) => {
      descriptor.uint(TRACK.parent, parent).uint(TRACK.rank, uuid).uint(TRACK.merge, NEVER_MERGE);
      descriptor.message(TRACK.counter, (counter) => {
        const known = UNITS[unit ?? 'count'];
        if (typeof known === 'number') counter.uint(COUNTER.unit, known);
        else counter.string(COUNTER.unitName, known);
      });
    });
    return { uuid, exponent, last: undefined };
  }

  #newTrack(): number {
    this.#lastTrack += 1;
    return this.#lastTrack;
  }

  #describe(uuid: number, name: string | undefined, more: (descriptor: ProtobufWriter) => void): void {
    this.#packet(undefined, (writer) =>
      writer.message(PACKET.trackDescriptor, (descriptor) => {
        descriptor.uint(TRACK.uuid, uuid);
        if (name !== undefined) descriptor.string(TRACK.name, safeText(name));
        more(descriptor);
      }),
    );
  }

  #count(micros: number, counter: Counter, value: number): void {
    if (counter.last === value) return;
    counter.last = value;
    this.#packet(micros, (writer) =>
      writer.message(PACKET.trackEvent, (event) => {
        event.uint(EVENT.type, TYPE.counter).uint(EVENT.track, counter.uuid);
        if (counter.exponent === 0 && Number.isInteger(value)) event.int(EVENT.value, value);
        // As a decimal number would be read: a product of floats may differ.
        else event.double(EVENT.double, Number(shiftedDecimal(value, counter.exponent)));
      }),
    );
  }

  #event(
    micros: number,
    track: number,
    type: number,
    name: string | undefined,
    annotations: Readonly<Record<string, string | number | undefined>>,
  ): void {
    this.#packet(micros, (writer) =>
      writer.message(PACKET.trackEvent, (event) => {
        event.uint(EVENT.type, type).uint(EVENT.track, track);
        if (name !== undefined) event.string(EVENT.name, safeText(name));
        for (const [key, value] of Object.entries(annotations)) {
          if (value === undefined) continue;
          event.message(EVENT.annotations, (annotation) => {
            annotation.string(ANNOTATION.name, safeText(key));
            if (typeof value === 'number') annotation.int(ANNOTATION.int, value);
            else annotation.string(ANNOTATION.text, safeText(value));
          });
        }
      }),
    );
  }

  /** A packet in the list of packets of a trace. */
  #packet(micros: number | undefined, write: (writer: ProtobufWriter) => void): void {
    this.#writer.message(1, (packet) => {
      if (micros !== undefined) packet.uintMillions(PACKET.timestamp, ...splitNanos(micros));
      packet.uint(PACKET.sequence, SEQUENCE_ID);
      write(packet);
    });
  }
}

/** Microseconds as nanoseconds, which are beyond 2^53. */
function splitNanos(micros: number): [millions: number, rest: number] {
  return [Math.floor(micros / 1000), (micros % 1000) * 1000];
}

/** The group and the name of a track: `memory`, `anon`. */
function placeOf({ family, labels, field }: Metric): { group: string; name: string } {
  const isSize = family.name === 'memory';
  const group = isSize
    ? 'memory'
    : (GROUPS.find(([pattern]) => pattern.test(family.name))?.[1] ?? 'sampling');
  return { group, name: isSize ? (labels.kind ?? field) : field };
}

const GROUPS: readonly (readonly [pattern: RegExp, group: string])[] = [
  [/^memory_(peak|interval_max|unseen)$/, 'maxima'],
  [/^memory_limit$|^processes_limit$/, 'limits'],
  [/^memory_stat$/, 'counts of memory.stat'],
  [/^memory_events/, 'memory.events'],
  [/^memory_stall$/, 'memory.pressure'],
  [/^bpf/, 'BPF'],
  [/^processes$|^nested_cgroups$|^process_tree_cpu$/, 'processes'],
];

function annotationsOf({
  count,
  increase,
  localIncrease,
  noticed,
  message,
  hint,
  pid,
  cgroup,
}: EventRecord): Readonly<Record<string, string | number | undefined>> {
  return { count, increase, local_increase: localIncrease, noticed, message, hint, pid, cgroup };
}

function explainAnnotations(record: ExplainRecord): Record<string, string | number | undefined> {
  const names = largestNames(record.tree, MAX_NAMES).map(({ name, path, pid, bytes }, index) => {
    const who = pid === undefined ? '' : ` (${pid})`;
    return [`${index + 1}. ${path ?? name}${who}`, bytes] as const;
  });
  return { message: record.message, bytes: record.tree.bytes, ...Object.fromEntries(names) };
}

function summaryAnnotations({
  exit,
  peak,
  cpuUs,
}: SummaryRecord): Record<string, string | number | undefined> {
  return {
    exit_status: exit.status,
    exit_signal: exit.signal,
    ended_by: exit.endedBy,
    peak_bytes: peak?.bytes,
    peak_source: peak?.source,
    cpu_user_us: cpuUs?.user,
    cpu_system_us: cpuUs?.system,
  };
}

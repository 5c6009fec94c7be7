/** Collects what a page shows of one run from its records; memory is bounded. */
import type { ExplainRecord } from '../../../model/explain/explain-record.ts';
import type {
  EventRecord,
  MapsRecord,
  RecordLine,
  StartRecord,
  SummaryRecord,
} from '../../../model/recording.ts';
import { isCut } from '../../../model/restarts.ts';
import type { Sample } from '../../../model/sample.ts';
import { CHANNELS, ChannelReader } from './channels.ts';
import { ContainerHistory } from './container-history.ts';
import { EntityHistory } from './entity-history.ts';
import { describeMap } from './map-info.ts';
import { treeOfRecord } from './named-tree.ts';
import {
  type LimitLine,
  MAP_WIDTH,
  type MapInfo,
  type NamedTree,
  type PageEvent,
  PROCESS_WIDTH,
  type RunModel,
} from './page-model.ts';
import { MAX_BUCKETS, Thinner } from './thinner.ts';

/** The largest are shown. */
const MAX_MAPS = 2000;
const MAX_PROCESSES = 500;
const MAX_EVENTS = 500;
const MAX_TREES = 8;
/** A command line is cut after this many characters. */
const MAX_COMMAND = 200;

interface ProcessInfo {
  pid?: number;
  name: string;
  user?: string;
  command?: string;
}

/** Receives the records of one run, from its start record on. */
export class PageRunCollector {
  readonly start: StartRecord;
  readonly #thinner: Thinner;
  readonly #reader = new ChannelReader();
  readonly #maps = new EntityHistory(MAP_WIDTH);
  readonly #mapInfos = new Map<number, MapInfo>();
  readonly #processes = new EntityHistory(PROCESS_WIDTH);
  readonly #containers = new ContainerHistory();
  readonly #processInfos = new Map<number, ProcessInfo>();
  /** Of the processes that are there: a pid is given out again. */
  readonly #processKeys = new Map<number, number>();
  #nextKey = 0;
  readonly #events: PageEvent[] = [];
  readonly #cuts: number[] = [];
  readonly #trees: NamedTree[] = [];
  #eventsOmitted = 0;
  #samples = 0;
  #highest: { bytes: number; elapsedMs: number; values: Float64Array } | undefined;
  #lastSample: Sample | undefined;
  #summary: SummaryRecord | undefined;
  #endMs = 0;

  /** @param buckets the resolution of its series. */
  constructor(start: StartRecord, buckets = MAX_BUCKETS) {
    this.start = start;
    this.#thinner = new Thinner(CHANNELS, buckets);
  }

  /** Absent while the run is in progress, and if the recording ends before it. */
  get summary(): SummaryRecord | undefined {
    return this.#summary;
  }

  /** Adds a record after the start record. */
  observe(record: RecordLine): void {
    if (record.type === 'sample') this.#addSample(record);
    else if (record.type === 'event') this.#addEvent(record);
    else if (record.type === 'maps') this.#addMaps(record);
    else if (record.type === 'processes') this.#addProcesses(record);
    else if (record.type === 'explain') this.#addTree(record);
    else if (record.type === 'summary') this.#summary = record;
  }

  /** The run so far. `label` is its name among several. */
  finish(label: string): RunModel {
    const maps = this.#maps.finish(MAX_MAPS);
    const processes = this.#processes.finish(MAX_PROCESSES);
    const peak = this.#peak();
    return {
      label,
      durationMs: Math.max(this.#summary?.durationMs ?? 0, this.#endMs),
      series: this.#thinner.finish(),
      samples: this.#samples,
      ...(peak === undefined ? {} : { peak }),
      atPeak: namedValues(this.#highest?.values),
      events: this.#events,
      eventsOmitted: this.#eventsOmitted,
      cuts: this.#cuts,
      limits: limitsOf(this.#lastSample),
      maps: {
        ...maps,
        entities: maps.entities.flatMap((entity) => {
          const info = this.#mapInfos.get(entity.id);
          return info === undefined ? [] : [{ ...info, ...entity }];
        }),
      },
      processes: {
        ...processes,
        entities: processes.entities.map((entity) => {
          const { pid = entity.id, ...info } = this.#processInfos.get(entity.id) ?? { name: '' };
          return { ...info, ...entity, id: pid };
        }),
      },
      containers: this.#containers.finish(),
      trees: this.#trees,
    };
  }

  #peak(): RunModel['peak'] {
    const highest = this.#highest;
    if (highest === undefined) return undefined;
    const recorded = this.#summary?.peak;
    // A high-water mark from before the attachment is not a peak of this time.
    const isOlder = this.start.attached?.peakSince === 'creation' && recorded?.source !== 'sampled';
    const known =
      recorded === undefined || isOlder ? { bytes: highest.bytes, source: 'highest reading' } : recorded;
    return { bytes: known.bytes, source: known.source, elapsedMs: highest.elapsedMs };
  }

  #addSample(sample: Sample): void {
    const { values, highs } = this.#reader;
    this.#reader.read(sample);
    this.#samples += 1;
    this.#lastSample = sample;
    this.#endMs = Math.max(this.#endMs, sample.elapsedMs);
    this.#thinner.add(sample.elapsedMs, values, highs);
    if (sample.containers !== undefined) this.#containers.add(sample.elapsedMs, sample.containers);
    const bytes = sample.current ?? sample.tree?.rss;
    if (bytes !== undefined && bytes > (this.#highest?.bytes ?? -1)) {
      this.#highest = { bytes, elapsedMs: sample.elapsedMs, values: values.slice() };
    }
  }

  #addEvent({ elapsedMs, event, message, increase, count }: EventRecord): void {
    this.#endMs = Math.max(this.#endMs, elapsedMs);
    if (isCut({ event })) this.#addCut(elapsedMs);
    if (this.#events.length >= MAX_EVENTS) {
      this.#eventsOmitted += 1;
      return;
    }
    const number = increase === undefined ? count : increase;
    this.#events.push({
      ms: elapsedMs,
      event,
      text: [
        ...(message === undefined ? [] : [message]),
        ...(number === undefined ? [] : [`${number}x`]),
      ].join(', '),
    });
  }

  /** More restarts would not be visible. */
  #addCut(elapsedMs: number): void {
    this.#thinner.cut();
    if (this.#cuts.length < MAX_EVENTS && elapsedMs >= (this.#cuts.at(-1) ?? 0)) this.#cuts.push(elapsedMs);
  }

  #addMaps({ elapsedMs, maps, gone = [] }: MapsRecord): void {
    this.#maps.at(elapsedMs);
    for (const id of gone) this.#maps.remove(id);
    for (const map of maps) {
      this.#mapInfos.set(map.id, describeMap(map));
      this.#maps.set(map.id, [map.bytes, map.elements ?? -1, map.backlogBytes ?? -1]);
    }
    this.#maps.trim(this.#mapInfos);
  }

  #addProcesses({
    elapsedMs,
    processes,
    gone = [],
    programs = [],
  }: Extract<RecordLine, { type: 'processes' }>): void {
    this.#processes.at(elapsedMs);
    for (const pid of gone) {
      const key = this.#processKeys.get(pid);
      if (key !== undefined) this.#processes.remove(key);
      this.#processKeys.delete(pid);
    }
    for (const { pid, comm, rss, pss } of processes) {
      const key = this.#keyOf(pid);
      this.#processInfos.set(key, { ...this.#processInfos.get(key), pid, name: comm });
      this.#processes.set(key, [rss, pss ?? -1]);
    }
    for (const { pid, user, command } of programs) {
      const key = this.#keyOf(pid);
      const known = this.#processInfos.get(key) ?? { pid, name: '' };
      const text = command?.join(' ').slice(0, MAX_COMMAND);
      this.#processInfos.set(key, {
        ...known,
        ...(user === undefined ? {} : { user }),
        ...(text === undefined ? {} : { command: text }),
      });
    }
    this.#processes.trim(this.#processInfos);
  }

  #keyOf(pid: number): number {
    const known = this.#processKeys.get(pid);
    if (known !== undefined) return known;
    const key = this.#nextKey++;
    this.#processKeys.set(pid, key);
    return key;
  }

  /** The last tree of each moment: a new peak replaces the previous one. */
  #addTree(record: ExplainRecord): void {
    const tree = treeOfRecord(record);
    const same = this.#trees.findIndex(({ label }) => label === tree.label);
    if (same >= 0) this.#trees[same] = tree;
    else if (this.#trees.length < MAX_TREES) this.#trees.push(tree);
  }
}

function limitsOf(sample: Sample | undefined): LimitLine[] {
  const { max, high } = sample?.limits ?? {};
  return [
    ...(typeof max === 'number' ? [{ label: 'memory.max', bytes: max, channel: 'current' }] : []),
    ...(typeof high === 'number' ? [{ label: 'memory.high', bytes: high, channel: 'current' }] : []),
  ];
}

function namedValues(values: Float64Array | undefined): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [index, name] of CHANNELS.entries()) {
    const value = values?.[index];
    if (value !== undefined && !Number.isNaN(value)) named[name] = value;
  }
  return named;
}

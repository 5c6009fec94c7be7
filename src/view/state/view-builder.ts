/** Builds the displayed data record by record, live or from a recording. */

import type { ExplainRecord } from '../../model/explain/explain-record.ts';
import { type BpfMoment, bpfOf, breakKernelDown } from '../../model/kernel-breakdown.ts';
import type { ProcessesRecord } from '../../model/recorded-processes.ts';
import type { EventRecord, MapsRecord, RecordLine } from '../../model/recording.ts';
import { isCut } from '../../model/restarts.ts';
import type { ContainerUsage, Sample } from '../../model/sample.ts';
import { Series } from '../../model/series.ts';
import { addStep } from '../../statistics/step-growth.ts';
import { Tracks } from './tracks.ts';
import type { MapEntry, ProcessEntry, ViewData } from './view.ts';

const CONTAINER = 'container ';

/** The track of a container of a pod. */
export function trackOfContainer({ cgroup }: Pick<ContainerUsage, 'cgroup'>): string {
  return CONTAINER + cgroup;
}

/** Number of stored recent events, excluding severe ones. */
const MAX_STORED_EVENTS = 500;

/** Number of stored times of explanations. */
const MAX_EXPLAINED = 500;

/** Events that must not be lost among many others. */
const SEVERE_EVENTS: ReadonlySet<string> = new Set([
  'oom',
  'oom_kill',
  'oom_group_kill',
  'budget_exceeded',
  'elsewhere',
  'cgroup_removed',
  'waiting',
  'followed',
  'warning',
]);

/** Number of first and of last events that are stored for each severe kind. */
const MAX_SEVERE_EVENTS = 100;

const CHANNELS = ['current', 'anon', 'file', 'kernel', 'bpf'] as const;
const TREE_CHANNELS = ['rss', 'pss'] as const;

/** The current data. */
interface State extends Writable<ViewData> {
  maps: Map<number, MapEntry>;
  processes: Map<number, ProcessEntry>;
  events: EventRecord[];
  explainedMs: number[];
  eventCounts: Map<string, { count: number; lastMs: number }>;
  /** Number of `events` of each severe kind, and of other kinds (`other`). */
  eventsKept: Map<string, number>;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Processes the records of a run in order, in memory independent of its duration. */
export class ViewBuilder {
  readonly #tracks: Tracks;
  readonly #state: State;

  constructor(tracks = new Tracks(), state?: State) {
    this.#tracks = tracks;
    this.#state = state ?? {
      start: undefined,
      latest: undefined,
      samples: 0,
      runningMs: 0,
      bpf: undefined,
      tracks: tracks.all,
      maps: new Map(),
      processes: new Map(),
      omittedProcesses: 0,
      events: [],
      eventCounts: new Map(),
      eventsKept: new Map(),
      series: new Series(CHANNELS),
      summary: undefined,
      explained: undefined,
      explainedMs: [],
    };
  }

  /** The current data; it changes with every record. */
  get data(): ViewData {
    return this.#state;
  }

  /** Processes one record. */
  apply(record: RecordLine): void {
    switch (record.type) {
      case 'start':
        this.#state.start = record;
        if (record.mode === 'process-tree' && this.#state.samples === 0)
          this.#state.series = new Series(TREE_CHANNELS);
        break;
      case 'sample':
        this.#applySample(record);
        break;
      case 'event':
        this.#applyEvent(record);
        break;
      case 'maps':
        this.#applyMaps(record);
        break;
      case 'processes':
        this.#applyProcesses(record);
        break;
      case 'explain':
        this.#applyExplanation(record);
        break;
      case 'summary':
        this.#state.summary = record;
        break;
    }
  }

  /** An independent copy of the current data. */
  snapshot(): ViewData {
    return this.clone().data;
  }

  /** An independent builder that continues from here. */
  clone(): ViewBuilder {
    const tracks = this.#tracks.clone();
    const { maps, processes, events, explainedMs, eventCounts, eventsKept, series } = this.#state;
    return new ViewBuilder(tracks, {
      ...this.#state,
      tracks: tracks.all,
      // The entries are replaced, never modified.
      maps: new Map(maps),
      processes: new Map(processes),
      events: events.slice(),
      explainedMs: explainedMs.slice(),
      eventCounts: new Map(eventCounts),
      eventsKept: new Map(eventsKept),
      series: series.clone(),
    });
  }

  #applyContainers({ containers, elapsedMs }: Sample): void {
    if (containers === undefined) return;
    const names = new Set(containers.map(trackOfContainer));
    this.#tracks.keepOnly(CONTAINER, names);
    for (const each of containers) this.#tracks.set(trackOfContainer(each), each.current, elapsedMs);
  }

  #applySample(sample: Sample): void {
    const { elapsedMs } = sample;
    this.#state.latest = sample;
    this.#state.samples += 1;
    const tracks = this.#tracks;
    for (const key in sample.stat) {
      if (!OWN_NAMES.has(key)) tracks.set(key, sample.stat[key], elapsedMs);
    }
    tracks.set('current', sample.current, elapsedMs, sample.peak);
    tracks.set('workingset', sample.workingset, elapsedMs);
    tracks.set('kernel', sample.kernel, elapsedMs);
    tracks.set('swap', sample.swap?.current, elapsedMs, sample.swap?.peak);
    tracks.set('rss', sample.tree?.rss, elapsedMs);
    tracks.set('pss', sample.tree?.pss, elapsedMs);
    this.#applyContainers(sample);
    if (sample.bpf !== undefined) this.#applyBpf({ ...sample, bpf: sample.bpf });
    this.#applyBreakdown(sample);
    if (sample.reason === 'tick') {
      this.#state.runningMs = elapsedMs;
      tracks.addToGrowth(elapsedMs);
    }
    const total = tracks.all.get('current') ?? tracks.all.get('rss');
    if (total !== undefined && total.now > (total.atHighest ?? -1)) tracks.markHighest();
    this.#state.series.add(elapsedMs, {
      current: sample.current,
      anon: sample.stat?.anon,
      file: sample.stat?.file,
      kernel: sample.kernel,
      bpf: tracks.all.get('bpf')?.now,
      rss: sample.tree?.rss,
      pss: sample.tree?.pss,
    });
  }

  /**
   * These tracks are updated at readings of BPF memory, which are less frequent than samples: `before` is the
   * previous reading.
   */
  #applyBpf(moment: BpfMoment): void {
    const { bpf: totals, elapsedMs } = moment;
    this.#state.bpf = { totals, elapsedMs, moment };
    const { charged, uncharged } = totals;
    if (charged !== undefined) {
      const { maps, programs } = charged;
      this.#tracks.set('bpf', maps.bytes + programs.bytes, elapsedMs);
      this.#tracks.set('bpf-maps', maps.bytes, elapsedMs);
      this.#tracks.set('bpf-programs', programs.bytes, elapsedMs);
    }
    this.#tracks.set('bpf-uncharged', uncharged?.maps.bytes, elapsedMs);
  }

  #applyBreakdown(sample: Sample): void {
    const moment = this.#state.bpf?.moment;
    const totals = bpfOf(sample, moment);
    // Until BPF memory is read again, the terms keep their values: the rest would contain new maps.
    if (totals === undefined && moment !== undefined) return;
    const breakdown = breakKernelDown(sample, totals);
    if (breakdown === undefined) return;
    for (const { id, bytes } of breakdown.terms) {
      this.#tracks.set(trackOfTerm(id), bytes, sample.elapsedMs);
      // Including BPF memory would change its meaning.
      if (id === 'unexplained' && totals?.charged !== undefined)
        this.#tracks.set('unexplained', bytes, sample.elapsedMs);
    }
  }

  #applyEvent(record: EventRecord): void {
    this.#keepEvent(record);
    if (isCut(record)) this.#cut(record);
    const before = this.#state.eventCounts.get(record.event)?.count ?? 0;
    const count = record.count ?? before + (record.increase ?? 1);
    this.#state.eventCounts.set(record.event, { count, lastMs: record.elapsedMs });
  }

  /** What follows is of another cgroup. */
  #cut({ elapsedMs, from, cgroup, attached }: EventRecord): void {
    this.#tracks.cut();
    this.#state.bpf = undefined;
    // The chart has a gap.
    this.#state.series.add(elapsedMs, {});
    const { start } = this.#state;
    if (start === undefined || attached === undefined) return;
    const { leaf } = start;
    this.#state.start =
      leaf !== undefined && from !== undefined && leaf.endsWith(from)
        ? { ...start, attached, leaf: `${leaf.slice(0, leaf.length - from.length)}${cgroup}` }
        : { ...start, attached };
  }

  #keepEvent(record: EventRecord): void {
    const { events, eventsKept } = this.#state;
    events.push(record);
    const kind = kindOf(record);
    const kept = (eventsKept.get(kind) ?? 0) + 1;
    eventsKept.set(kind, kept);
    if (kept <= (kind === OTHER ? MAX_STORED_EVENTS : 2 * MAX_SEVERE_EVENTS)) return;
    let toPass = kind === OTHER ? 0 : MAX_SEVERE_EVENTS;
    const at = events.findIndex((event) => kindOf(event) === kind && toPass-- === 0);
    events.splice(at, 1);
    eventsKept.set(kind, kept - 1);
  }

  #applyExplanation(record: ExplainRecord): void {
    const { explainedMs } = this.#state;
    this.#state.explained = record;
    explainedMs.push(record.elapsedMs);
    if (explainedMs.length > MAX_EXPLAINED) explainedMs.shift();
  }

  #applyMaps({ maps, gone, elapsedMs }: MapsRecord): void {
    for (const id of gone ?? []) this.#state.maps.delete(id);
    for (const row of maps) {
      const before = this.#state.maps.get(row.id);
      this.#state.maps.set(row.id, {
        row,
        firstBytes: before?.firstBytes ?? row.bytes,
        peakBytes: Math.max(before?.peakBytes ?? 0, row.bytes),
        steps: addStep(before?.steps ?? NO_STEPS, elapsedMs, row.bytes, before?.seenMs ?? elapsedMs),
        firstElements: before === undefined ? row.elements : (before.firstElements ?? row.elements),
        seenMs: before?.seenMs ?? elapsedMs,
      });
    }
  }

  #applyProcesses({ processes, gone, omitted, programs = [], elapsedMs }: ProcessesRecord): void {
    for (const pid of gone ?? []) this.#state.processes.delete(pid);
    for (const row of processes) {
      const before = this.#state.processes.get(row.pid);
      this.#state.processes.set(row.pid, {
        row,
        firstRss: before?.firstRss ?? row.rss,
        peakRss: Math.max(before?.peakRss ?? 0, row.rss),
        steps: addStep(before?.steps ?? NO_STEPS, elapsedMs, row.rss, before?.seenMs ?? elapsedMs),
        program: before?.program,
        seenMs: before?.seenMs ?? elapsedMs,
      });
    }
    for (const program of programs) {
      const entry = this.#state.processes.get(program.pid);
      if (entry !== undefined) this.#state.processes.set(program.pid, { ...entry, program });
    }
    this.#state.omittedProcesses = omitted ?? 0;
  }
}

const NO_STEPS = new Float64Array();

const OTHER = 'other';

function kindOf({ event }: EventRecord): string {
  return SEVERE_EVENTS.has(event) ? event : OTHER;
}

/** Figures that memory.stat also contains: they are set separately, once per sample. */
const OWN_NAMES = new Set(['current', 'workingset', 'kernel', 'swap', 'rss', 'pss']);

/**
 * The track of a term of the kernel breakdown. A part keeps its track when the BPF memory in it becomes
 * known.
 */
export function trackOfTerm(id: string): string {
  return `kernel:${id.replace(' (rest)', '')}`;
}

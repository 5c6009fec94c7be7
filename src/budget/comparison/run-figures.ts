/** The figures of one run, as used by comparisons and baselines. */
import { bytesByName } from '../../model/bytes-by-name.ts';
import type { ExplainMoment, ExplainRecord } from '../../model/explain/explain-record.ts';
import { listNames, type MomentNames } from '../../model/explain/name-list.ts';
import { mapNameIn } from '../../model/metrics.ts';
import { ownValue } from '../../model/own-value.ts';
import type { LiveMap, MapsRecord, RecordLine, StartRecord, SummaryRecord } from '../../model/recording.ts';
import { isCut } from '../../model/restarts.ts';
import { applyMaps } from '../../model/row-changes.ts';
import type { Mode } from '../../model/sample.ts';
import { SampleAggregate } from '../../model/summary.ts';
import type { BreakdownLine, RunTimes } from '../../model/verdict.ts';
import { breakdownOf } from './breakdown-lines.ts';

/** The properties of a host that affect figures. */
export type RunHost = Pick<
  StartRecord['host'],
  'kernel' | 'arch' | 'cpus' | 'possibleCpus' | 'pageSizeBytes'
>;

/** One run. */
export interface RunFigures {
  /** The version of cmemstat that measured it. */
  cmemstat: string;
  /** ISO 8601, UTC: when it started. */
  time: string;
  command: string[];
  mode: Mode;
  /** Absent if there is only a summary, which does not contain it. */
  host?: RunHost;
  /** The target's exit status, in shell convention. Absent in a truncated recording. */
  status?: number;
  /**
   * By name: maxima, `peak`, `oom_kill`, and averages as `<id>.avg`. Unit: see `unitOfMetric`.
   */
  metrics: Record<string, number>;
  /** BPF maps by name, with sizes of the same name summed. Absent if maps could not be read. Unit: bytes. */
  maps?: Record<string, number>;
  /** The names of maps that it held but that were charged elsewhere: they were not measured. */
  mapsElsewhere?: readonly string[];
  /**
   * Whether some of its memory was charged to other cgroups, so that its figures are not those of the run.
   */
  isPartial?: true;
  /** Absent in a truncated recording, and in a baseline. */
  times?: RunTimes;
  /** The composition of memory at the highest sample whose BPF memory is known. Absent before the first. */
  breakdown?: RunBreakdown;
  /** Its memory by name (`--explain`): the last explanation of each moment. Absent if there is none. */
  explained?: RunNames[];
}

/** The names at a moment of a run. */
export type RunNames = MomentNames<ExplainMoment>;

/** The composition of memory at one time. */
export interface RunBreakdown {
  elapsedMs: number;
  lines: BreakdownLine[];
}

/**
 * The fields of a summary that figures are derived from; for a truncated recording they come from its
 * samples.
 */
type Summed = Pick<
  SummaryRecord,
  | 'averages'
  | 'maxima'
  | 'peak'
  | 'highest'
  | 'highestWithBpf'
  | 'kernelBreakdown'
  | 'events'
  | 'eventsLocal'
  | 'bpf'
>;

/**
 * The value of a metric in a run, including `bpf.map:NAME`; undefined if it was not measured. A map that the
 * run does not have counts as 0 if its maps were measured.
 */
export function valueIn({ metrics, maps, mapsElsewhere }: RunFigures, metric: string): number | undefined {
  const map = mapNameIn(metric);
  if (map === undefined) return ownValue(metrics, metric);
  if (maps === undefined || mapsElsewhere?.includes(map)) return undefined;
  return ownValue(maps, map) ?? 0;
}

/** The figures of a run from its summary. `host` comes from its start record. */
export function figuresOfSummary(summary: SummaryRecord, host?: StartRecord['host']): RunFigures {
  const run = figuresOf(summary, summary, host);
  run.status = summary.exit.status;
  run.times = timesOf(summary);
  if (isPartial(summary)) run.isPartial = true;
  return run;
}

/** How long the run of a summary took. */
export function timesOf({ durationMs, cpuUs }: SummaryRecord): RunTimes {
  return cpuUs === undefined ? { durationMs } : { durationMs, cpuUs };
}

/** Whether a run was not measured completely: processes in other cgroups, or a removed leaf. */
export function isPartial({ elsewhere, cgroupRemovedMs }: SummaryRecord): boolean {
  return elsewhere !== undefined || cgroupRemovedMs !== undefined;
}

/** Keeps the last explanation of each moment: at a peak, that is the highest. */
export class ExplainedNames {
  readonly #moments = new Map<ExplainMoment, RunNames>();

  add(record: ExplainRecord): void {
    const { moment, elapsedMs } = record;
    this.#moments.set(moment, { moment, elapsedMs, ...listNames(record) });
  }

  /** In the order in which their moments were first explained; undefined if there are none. */
  get list(): RunNames[] | undefined {
    return this.#moments.size === 0 ? undefined : [...this.#moments.values()];
  }
}

/**
 * Processes the records of one run after the other, in memory bounded by the figures. A truncated run has no
 * summary: its figures come from its samples.
 */
export class RunCollector {
  readonly #runs: RunFigures[] = [];
  #start: StartRecord | undefined;
  #aggregate: SampleAggregate | undefined;
  #maps = new LargestMaps();
  #explained = new ExplainedNames();
  #isPartial = false;

  add(record: RecordLine): void {
    if (record.type === 'start') {
      this.#endCut();
      this.#start = record;
      this.#aggregate = new SampleAggregate(record.mode, record.attached !== undefined);
    } else if (record.type === 'sample') this.#aggregate?.add(record);
    else if (record.type === 'maps') this.#maps.add(record);
    else if (record.type === 'explain') this.#explained.add(record);
    else if (record.type === 'event') {
      this.#isPartial ||= record.event === 'elsewhere' || record.event === 'cgroup_removed';
      if (isCut(record)) this.#aggregate?.cut();
    } else if (record.type === 'summary') {
      // Recordings of versions without maxima still contain the samples.
      const maxima = record.maxima ?? this.#aggregate?.summary().maxima;
      const summary = maxima === undefined ? record : { ...record, maxima };
      this.#runs.push(this.#withNames(figuresOfSummary(summary, this.#start?.host)));
      this.#reset();
    }
  }

  /** The runs in order; a run without a summary so far is truncated. */
  finish(): RunFigures[] {
    this.#endCut();
    return this.#runs;
  }

  #endCut(): void {
    const [start, aggregate] = [this.#start, this.#aggregate];
    if (start !== undefined && aggregate !== undefined) {
      const run = figuresOf(start, aggregate.summary(), start.host);
      if (this.#maps.byName !== undefined) run.maps = this.#maps.byName;
      if (this.#isPartial) run.isPartial = true;
      this.#runs.push(this.#withNames(run));
    }
    this.#reset();
  }

  #withNames(run: RunFigures): RunFigures {
    const { list } = this.#explained;
    return list === undefined ? run : { ...run, explained: list };
  }

  #reset(): void {
    this.#start = undefined;
    this.#aggregate = undefined;
    this.#isPartial = false;
    this.#maps = new LargestMaps();
    this.#explained = new ExplainedNames();
  }
}

/** The maps at the reading with their maximum total. */
class LargestMaps {
  byName: Record<string, number> | undefined;
  #bytes = -1;
  readonly #maps = new Map<number, LiveMap>();

  add(record: MapsRecord): void {
    applyMaps(this.#maps, record);
    const own = [...this.#maps.values()].filter((map) => map.elsewhere !== true);
    const bytes = own.reduce((sum, map) => sum + map.bytes, 0);
    if (bytes <= this.#bytes) return;
    this.#bytes = bytes;
    this.byName = bytesByName(own);
  }
}

function figuresOf(
  { cmemstat, time, command, mode }: StartRecord | SummaryRecord,
  summed: Summed,
  host: StartRecord['host'] | undefined,
): RunFigures {
  const run: RunFigures = { cmemstat, time, command, mode, metrics: metricsOf(summed) };
  if (host !== undefined) {
    const { kernel, arch, cpus, possibleCpus, pageSizeBytes } = host;
    run.host = { kernel, arch, cpus, possibleCpus, pageSizeBytes };
  }
  const { bpf, kernelBreakdown } = summed;
  const highest = summed.highestWithBpf ?? summed.highest;
  // The absence of maps is only known if maps were attributed to cgroups.
  if (bpf?.maps !== undefined || bpf?.largest?.charged !== undefined) {
    run.maps = bpf.mapBytes ?? bytesByName(bpf.maps ?? []);
  }
  const elsewhere = Object.keys(bpf?.heldElsewhere?.names ?? {});
  if (elsewhere.length > 0) run.mapsElsewhere = elsewhere;
  if (highest !== undefined) {
    run.breakdown = { elapsedMs: highest.elapsedMs, lines: breakdownOf(highest, kernelBreakdown) };
  }
  return run;
}

function metricsOf({ maxima, peak, averages, events, eventsLocal }: Summed): Record<string, number> {
  const averaged = Object.entries(averages).map(([id, value]) => [`${id}.avg`, value] as const);
  const metrics: Record<string, number> = { ...maxima, ...Object.fromEntries(averaged) };
  if (peak !== undefined) metrics.peak = peak.bytes;
  const kills = events?.oom_kill ?? eventsLocal?.oom_kill;
  if (kills !== undefined) metrics.oom_kill = kills;
  // An edited record may contain anything.
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}

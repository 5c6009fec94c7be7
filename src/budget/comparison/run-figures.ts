/** The figures of one run that comparisons and baselines consist of. */
import { bytesByName } from '../../model/bytes-by-name.ts';
import { mapNameIn } from '../../model/metrics.ts';
import type { LiveMap, MapsRecord, RecordLine, StartRecord, SummaryRecord } from '../../model/recording.ts';
import { applyMaps } from '../../model/row-changes.ts';
import type { Mode } from '../../model/sample.ts';
import { SampleAggregate } from '../../model/summary.ts';
import type { BreakdownLine } from '../../model/verdict.ts';
import { breakdownOf } from './breakdown-lines.ts';

/** The part of a host that figures depend on. */
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
  /** The target's exit status, as a shell reports it. Absent in a recording that was cut. */
  status?: number;
  /**
   * By name: the highest values, `peak`, `oom_kill`, and averages as `<id>.avg`. Unit: see `unitOfMetric`.
   */
  metrics: Record<string, number>;
  /** BPF maps by name, maps of equal name summed. Unit: bytes. Absent if maps could not be read. */
  maps?: Record<string, number>;
  /** What memory consisted of at the highest sample. Absent before the first. */
  breakdown?: RunBreakdown;
}

/** What memory consisted of at one moment. */
export interface RunBreakdown {
  elapsedMs: number;
  lines: BreakdownLine[];
}

/** The part of a summary that figures come from: a cut recording has just this, from its samples. */
type Summed = Pick<
  SummaryRecord,
  'averages' | 'maxima' | 'peak' | 'highest' | 'kernelBreakdown' | 'events' | 'eventsLocal' | 'bpf'
>;

/**
 * What a run has of a metric, `bpf.map:NAME` too; undefined where it was not measured. A map that the run
 * does not have takes nothing, if its maps were measured.
 */
export function valueIn({ metrics, maps }: RunFigures, metric: string): number | undefined {
  // Names come from files: `constructor` is none of a run's metrics.
  const map = mapNameIn(metric);
  if (map === undefined) return Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  if (maps === undefined) return undefined;
  return Object.hasOwn(maps, map) ? maps[map] : 0;
}

/** The figures of a run from its summary. `host` is what its start record says. */
export function figuresOfSummary(summary: SummaryRecord, host?: StartRecord['host']): RunFigures {
  const run = figuresOf(summary, summary, host);
  run.status = summary.exit.status;
  return run;
}

/**
 * Takes the records of one run after the other, and keeps no more of them than the figures need. A run that
 * was cut has no summary: there they come from its samples.
 */
export class RunCollector {
  readonly #runs: RunFigures[] = [];
  #start: StartRecord | undefined;
  #aggregate: SampleAggregate | undefined;
  #maps = new LargestMaps();

  add(record: RecordLine): void {
    if (record.type === 'start') {
      this.#endCut();
      this.#start = record;
      this.#aggregate = new SampleAggregate(record.mode);
    } else if (record.type === 'sample') this.#aggregate?.add(record);
    else if (record.type === 'maps') this.#maps.add(record);
    else if (record.type === 'summary') {
      // Recordings of before there were maxima have the samples that they come from.
      const maxima = record.maxima ?? this.#aggregate?.summary().maxima;
      const summary = maxima === undefined ? record : { ...record, maxima };
      this.#runs.push(figuresOfSummary(summary, this.#start?.host));
      this.#reset();
    }
  }

  /** The runs in their order; one whose summary has not come by now is cut. */
  finish(): RunFigures[] {
    this.#endCut();
    return this.#runs;
  }

  #endCut(): void {
    const [start, aggregate] = [this.#start, this.#aggregate];
    if (start !== undefined && aggregate !== undefined) {
      const run = figuresOf(start, aggregate.summary(), start.host);
      if (this.#maps.byName !== undefined) run.maps = this.#maps.byName;
      this.#runs.push(run);
    }
    this.#reset();
  }

  #reset(): void {
    this.#start = undefined;
    this.#aggregate = undefined;
    this.#maps = new LargestMaps();
  }
}

/** The maps at the reading in which they took most. */
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
  const { bpf, highest, kernelBreakdown } = summed;
  // That there are no maps is known only if maps were attributed to cgroups.
  if (bpf?.maps !== undefined || bpf?.largest?.charged !== undefined) {
    run.maps = bpf.mapBytes ?? bytesByName(bpf.maps ?? []);
  }
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

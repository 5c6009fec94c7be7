/** Explains why a budget could not be measured, and how to fix it. */
import { formatBytes, formatDuration } from '../../format/units.ts';
import { FIELDS } from '../../model/field-catalogue.ts';
import { mapNameIn } from '../../model/metrics.ts';
import type { StartRecord, SummaryRecord } from '../../model/recording.ts';
import type { Mode } from '../../model/sample.ts';
import { GROWTH_MIN_MS, GROWTH_MIN_READINGS } from '../../statistics/trend.ts';
import type { Budget, LimitName } from '../expression/budget.ts';
import { kindOf } from '../expression/metric-catalogue.ts';
import type { MetricTrack } from './metric-track.ts';
import { isPartOfCurrent, type UnseenMemory } from './unseen-memory.ts';

/** The explanation in a report. */
export interface Missing {
  reason: string;
  hint?: string;
}

/** The known facts about the run. */
export interface RunFacts {
  start: StartRecord | undefined;
  /** Undefined for a truncated recording. */
  summary: SummaryRecord | undefined;
  /** Samples while the target ran. */
  runningSamples: number;
  /** Readings between the samples while processes of the run had memory. */
  readings: number;
  /** Readings of BPF memory between the samples. */
  bpfReadings: number;
  unseen: UnseenMemory;
  /** Whether BPF memory was read and attributed at least once. */
  hasBpf: boolean;
  /** Why the figures do not cover the whole run: processes in other cgroups, or a removed leaf. */
  elsewhere: Missing | undefined;
}

/** The mode of a run; undefined if no record contains it. */
export function modeOf({ start, summary }: RunFacts): Mode | undefined {
  return summary?.mode ?? start?.mode;
}

/** Why a metric has no value to evaluate; undefined if it has one. */
export function findMissing(
  budget: Budget,
  track: MetricTrack,
  value: number | undefined,
  run: RunFacts,
): Missing | undefined {
  const { metric, aggregate } = budget;
  const kind = kindOf(metric);
  const wrongMode = missingInMode(metric, modeOf(run));
  if (wrongMode !== undefined) return wrongMode;
  if (kind === 'leftover') return value === undefined ? missingLeftover(run) : undefined;
  if (kind === 'bpf' || kind === 'maps') {
    const missing = missingBpf(metric, track, run);
    if (missing !== undefined) return missing;
  }
  if (track.max === undefined && value === undefined) return missingFigure(metric, run);
  if (aggregate === 'growth' && value === undefined) return tooShortForGrowth(track);
  if (value === undefined || !isCovered(budget, track, run)) {
    if (aggregate === 'final') return { reason: 'the recording ends before its target' };
    return kind === 'bpf' || kind === 'maps' ? tooShortForBpf(run) : tooShort(run);
  }
  return undefined;
}

/**
 * Opening the BPF iterators takes up to 100 ms on a slow machine; then a sample is taken. Unit: milliseconds.
 */
const BPF_RUN_MIN_MS = 200;

/** An interval at which short runs can be measured. Unit: milliseconds. */
const SHORT_INTERVAL_MS = 50;

/** BPF memory was read at most at the launch, where it is not attributed yet, and after the exit. */
function tooShortForBpf({ start, summary }: RunFacts): Missing {
  const after = summary?.bpf?.last?.charged === undefined ? '' : ', only after it had exited';
  const reason = `BPF memory was not read while the target ran${after}`;
  const intervals = [
    ...((start?.intervalMs ?? Infinity) > SHORT_INTERVAL_MS ? [`--interval ${SHORT_INTERVAL_MS}ms`] : []),
    ...((start?.bpfIntervalMs ?? Infinity) > SHORT_INTERVAL_MS
      ? [`--bpf-interval ${SHORT_INTERVAL_MS}ms`]
      : []),
  ].join(' ');
  const isShort = (summary?.durationMs ?? BPF_RUN_MIN_MS) < BPF_RUN_MIN_MS;
  if (!isShort) return { reason, hint: intervals || 'a longer run' };
  const longer = `a run of at least ${formatDuration(BPF_RUN_MIN_MS)}`;
  return { reason, hint: intervals === '' ? longer : `${longer} with ${intervals}` };
}

/** Whether there are readings from while the target ran. */
function isCovered({ metric, aggregate }: Budget, track: MetricTrack, run: RunFacts): boolean {
  switch (kindOf(metric)) {
    case 'peak':
    case 'counter':
    case 'psi':
    case 'leftover':
      return true;
    default:
      if (aggregate === 'final' || track.runningCount > 0) return true;
      if (aggregate !== 'max') return false;
      if (kindOf(metric) === 'bpf') return run.bpfReadings > 0;
      if (kindOf(metric) === 'maps') return false;
      // What a short target left behind is a lower bound; the high-water mark limits how much more it was.
      return (
        run.readings > 0 || (run.unseen.peakBytes > 0 && (metric === 'current' || isPartOfCurrent(metric)))
      );
  }
}

/** The high-water mark is so far above all readings that they say nothing about a maximum. */
export function contradicted({ start, unseen }: RunFacts): Missing {
  const interval = start === undefined ? '' : ` (a sample every ${formatDuration(start.intervalMs)})`;
  return {
    reason: `most of the kernel's peak of ${formatBytes(unseen.peakBytes)} was in use between two readings${interval}: the maximum is unknown`,
    hint: 'a budget on peak or current',
  };
}

/** Why a limit could not be determined. */
export function missingLimit(name: LimitName, mode: Mode | undefined): Missing {
  if (mode === 'cgroup1' && name === 'memory.high') {
    return { reason: `cgroup v1 has no ${name}`, hint: 'a budget that is a share of memory.max' };
  }
  const options: Record<LimitName, string> = {
    'memory.max': '--memory-max 512M',
    'memory.high': '--memory-high 512M',
    'memory.swap.max': mode === 'cgroup1' ? '--memory-max 512M --swap-max 512M' : '--swap-max 512M',
  };
  return {
    reason: `the cgroup of the run has no ${name}; limits of its ancestors are not in the samples`,
    hint: options[name],
  };
}

/** Why there is no baseline value. */
export function missingBaseline(hasBaseline: boolean, { metric, aggregate }: Budget): Missing {
  return hasBaseline
    ? {
        reason: `the baseline has no ${metric}.${aggregate}`,
        hint: 'measure the baseline again: --save-baseline FILE',
      }
    : { reason: 'no baseline was given', hint: '--baseline FILE' };
}

function missingInMode(metric: string, mode: Mode | undefined): Missing | undefined {
  const isOfTree = metric === 'rss' || metric === 'pss';
  if (mode === undefined || metric === 'processes') return undefined;
  if (mode === 'process-tree' && !isOfTree) {
    return {
      reason: `${metric} requires a memory cgroup; this run summed its process tree`,
      hint: 'cmemstat doctor',
    };
  }
  if (mode !== 'process-tree' && isOfTree) {
    return {
      reason: `${metric} is measured only in process-tree mode; this run had a memory cgroup`,
      hint: 'anon',
    };
  }
  return undefined;
}

function missingFigure(metric: string, run: RunFacts): Missing {
  const mode = modeOf(run);
  const kernel = run.start?.host.kernel;
  const here = kernel === undefined ? 'this kernel' : `Linux ${kernel}`;
  if (metric.startsWith('psi.')) {
    return mode === 'cgroup1'
      ? { reason: 'cgroup v1 has no memory.pressure' }
      : {
          reason: `${here} has no memory.pressure, which requires Linux 4.20 and CONFIG_PSI`,
          hint: 'boot with psi=1',
        };
  }
  if (run.runningSamples === 0 && run.summary === undefined)
    return { reason: 'the recording contains no samples' };
  const field = FIELDS.find(({ id }) => id === metric);
  if (mode === 'cgroup1' && field !== undefined && field.source.cgroup1 === undefined) {
    return {
      reason: `cgroup v1 has no ${metric}`,
      hint: 'cgroup v2: boot with systemd.unified_cgroup_hierarchy=1',
    };
  }
  if (field?.since !== undefined && (kernel === undefined || isOlder(kernel, field.since))) {
    return { reason: `${metric} requires Linux ${field.since}; this is ${here}` };
  }
  if (metric === 'pss') return { reason: 'smaps_rollup of the processes could not be read', hint: 'rss' };
  return { reason: `${here} does not report ${metric}` };
}

/** Compares Linux releases, such as `6.12.94+deb13-amd64` and `5.18`. */
function isOlder(kernel: string, since: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/\D+/).map(Number);
  const [sinceMajor = 0, sinceMinor = 0] = since.split('.').map(Number);
  return major < sinceMajor || (major === sinceMajor && minor < sinceMinor);
}

function missingBpf(metric: string, track: MetricTrack, run: RunFacts): Missing | undefined {
  const { start, summary } = run;
  const unavailable = summary?.bpf?.unavailable;
  if (unavailable !== undefined) return withHint(unavailable, summary?.bpf?.hint);
  if (run.hasBpf) {
    if (track.max !== undefined) return undefined;
    if (mapNameIn(metric) !== undefined) {
      return { reason: 'the recording has no list of maps', hint: 'record the run again' };
    }
    return missingFigure(metric === 'unexplained' ? 'kernel' : metric, run);
  }
  if (start !== undefined && start.bpfIntervalMs === undefined) {
    return { reason: 'BPF memory was not read', hint: 'omit --bpf-interval 0' };
  }
  const why = summary?.bpf?.reason;
  if (why !== undefined) return withHint(`BPF memory could not be attributed: ${why}`, summary?.bpf?.hint);
  return tooShortForBpf(run);
}

function missingLeftover({ summary }: RunFacts): Missing {
  if (summary === undefined) return { reason: 'the recording ends before its target' };
  const why =
    summary.bpf?.unavailable ??
    summary.bpf?.reason ??
    'the maps that outlived the run could not be determined';
  return withHint(why, summary.bpf?.hint);
}

function withHint(reason: string, hint: string | undefined): Missing {
  return hint === undefined ? { reason } : { reason, hint };
}

function tooShort({ start, summary }: RunFacts): Missing {
  const interval = start === undefined ? '' : ` (one every ${formatDuration(start.intervalMs)})`;
  const shorterMs =
    summary === undefined ? 10 : Math.min(100, Math.max(1, Math.floor(summary.durationMs / 20)));
  return {
    reason: `the run was too short for a sample while it ran${interval}`,
    hint: start !== undefined && start.intervalMs <= shorterMs ? 'a longer run' : `--interval ${shorterMs}ms`,
  };
}

function tooShortForGrowth(track: MetricTrack): Missing {
  const { count, ms } = track.growthSpan;
  const [isFew, isShort] = [count < GROWTH_MIN_READINGS, ms < GROWTH_MIN_MS];
  const least = formatDuration(GROWTH_MIN_MS);
  const hint = isShort ? 'a longer run' : 'a shorter --interval';
  if (isFew && isShort) {
    const reason = `growth requires ${GROWTH_MIN_READINGS} readings over ${least}; there are ${count} over ${formatDuration(ms)}`;
    return { reason, hint };
  }
  if (isFew) return { reason: `growth requires ${GROWTH_MIN_READINGS} readings; there are ${count}`, hint };
  if (isShort)
    return { reason: `growth requires readings over ${least}; they span ${formatDuration(ms)}`, hint };
  return { reason: 'growth is that of the second half of the run, which has too few readings', hint };
}

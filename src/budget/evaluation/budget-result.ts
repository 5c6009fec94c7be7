/** Computes the result of one budget from the observations of a run. */
import { compileGlob } from '../../format/glob.ts';
import { bpfOf, breakKernelDown } from '../../model/kernel-breakdown.ts';
import { mapNameIn } from '../../model/metrics.ts';
import type { LeafLimits, Sample } from '../../model/sample.ts';
import type { BreakdownLine, BudgetResult, Exceedance, Grown, Timeline } from '../../model/verdict.ts';
import { breakdownOf } from '../comparison/breakdown-lines.ts';
import type { BaselineValues, Budget, RunResult } from '../expression/budget.ts';
import { kindOf } from '../expression/metric-catalogue.ts';
import { explainTinyLimit } from '../expression/tiny-limit.ts';
import type { BudgetWatch } from './budget-watch.ts';
import { meetsLimit } from './combine-runs.ts';
import type { MetricTrack } from './metric-track.ts';
import { type MapNames, mapElsewhere, missingMap } from './missing-map.ts';
import {
  contradicted,
  findMissing,
  type Missing,
  missingBaseline,
  missingLimit,
  type RunFacts,
} from './not-measured.ts';
import type { PressureShare } from './pressure-share.ts';
import type { GrownMap } from './top-grown.ts';
import { isPartOfCurrent } from './unseen-memory.ts';

/** The inputs of a result. */
export interface Seen {
  run: RunFacts;
  track: MetricTrack;
  /** For a chart; undefined if there were no readings. */
  timeline: Timeline | undefined;
  /** For PSI metrics. */
  pressure: PressureShare | undefined;
  limits: LeafLimits | undefined;
  options: { baseline?: BaselineValues };
  /** The names of all BPF maps of the run. */
  mapNames: ReadonlySet<string>;
  /** The same, by the cgroup that they are charged to. */
  charged: MapNames;
}

/** Evaluates one budget. */
export function resultOf(watch: BudgetWatch, seen: Seen): RunResult {
  const { budget, optional } = watch.named;
  const { exceeded } = watch;
  const result = describe(watch);
  const value = roundFor(budget.unit, measuredValue(watch, seen));
  const limit = watch.limitBy(seen.limits);
  const unknownMap = missingMap(budget.metric, seen.mapNames);
  const missing =
    findElsewhere(watch, seen, value, limit) ??
    findMissing(budget, seen.track, value, seen.run) ??
    unknownMap ??
    findMissingLimit(watch, seen, limit);
  if (missing !== undefined && exceeded === undefined) {
    result.status = optional ? 'not-measured-optional' : 'not-measured';
    if (limit !== undefined) result.limit = limit;
    if (missing === unknownMap) result.isUnknownMap = true;
    return Object.assign(result, missing satisfies Missing);
  }
  // If a part of a run exceeds the limit, the whole run does.
  result.value = value === undefined || missing !== undefined ? (exceeded?.value ?? value ?? 0) : value;
  result.limit = missing === undefined ? (limit ?? 0) : (exceeded?.limit ?? limit ?? 0);
  result.excess = result.value - result.limit;
  if (budget.aggregate === 'growth') {
    const slope = seen.track.growth(whichGrowth(budget))?.slope;
    if (slope !== undefined) result.estimate = roundFor(budget.unit, slope) ?? slope;
  }
  if (exceeded === undefined && meetsLimit(result.value, budget.op, result.limit)) {
    return withPossible(result, watch, seen);
  }
  result.status = 'failed';
  const explanation = explainTinyLimit(budget);
  if (explanation !== undefined) result.hint = explanation;
  result.exceeded = exceedanceOf(watch, seen);
  return result;
}

/**
 * Adds the value that the kernel's high-water mark does not exclude, if it is above the limit, or if nothing
 * was read while the target ran.
 */
function withPossible(result: RunResult, { named }: BudgetWatch, { track, run }: Seen): RunResult {
  const { limit, value } = result;
  const { metric, op, aggregate } = named.budget;
  if (value === undefined || limit === undefined || aggregate !== 'max') return result;
  if (op !== '<=' && op !== '<' && op !== '==') return result;
  const { peakBytes } = run.unseen;
  const isUnread = wasUnread(track, run) && isPartOfCurrent(metric);
  const possible = isUnread ? peakBytes : Math.min(track.possible ?? 0, peakBytes);
  if (possible <= value) return result;
  const isWithin = meetsLimit(possible, op, limit);
  if (isWithin && !isUnread) return result;
  if (isWithin || !run.unseen.isContradiction) return { ...result, possible };
  const { value: _value, excess: _excess, ...rest } = result;
  return { ...rest, status: named.optional ? 'not-measured-optional' : 'not-measured', ...contradicted(run) };
}

function describe({ named }: BudgetWatch): RunResult {
  const { budget, name, description, owner } = named;
  const { expression, metric, aggregate, op, unit } = budget;
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(owner === undefined ? {} : { owner }),
    expression,
    metric,
    aggregate,
    op,
    unit,
    status: 'passed',
  };
}

function measuredValue(
  { named: { budget } }: BudgetWatch,
  { run, track, pressure }: Seen,
): number | undefined {
  const { metric, aggregate } = budget;
  switch (kindOf(metric)) {
    case 'leftover':
      return run.summary?.bpf?.leftovers?.length;
    case 'peak':
      return run.summary?.peak?.bytes ?? track.max;
    case 'psi':
      return aggregate === 'avg' ? pressure?.average : track.valueOf(aggregate);
    default:
      // The high-water mark is that of `current`.
      if (metric === 'current' && aggregate === 'max' && wasUnread(track, run)) {
        return Math.max(track.max ?? 0, run.unseen.peakBytes);
      }
      return track.valueOf(aggregate, whichGrowth(budget));
  }
}

/** In several cgroups, the one that is nearest to breaking the limit. */
function whichGrowth({ op }: Budget): 'largest' | 'smallest' {
  return op === '>=' || op === '>' ? 'smallest' : 'largest';
}

/** Whether nothing was read while the target ran. */
function wasUnread(track: MetricTrack, run: RunFacts): boolean {
  return track.runningCount === 0 && run.readings === 0;
}

/** Memory elsewhere can only be added: a value that is above an upper limit without it has failed. */
function findElsewhere(
  { named: { budget } }: BudgetWatch,
  { run, charged }: Seen,
  value: number | undefined,
  limit: number | undefined,
): Missing | undefined {
  const isUpper = budget.op === '<=' || budget.op === '<';
  const hasFailed =
    isUpper && value !== undefined && limit !== undefined && !meetsLimit(value, budget.op, limit);
  return hasFailed ? undefined : (run.elsewhere ?? mapElsewhere(budget.metric, charged));
}

function findMissingLimit(watch: BudgetWatch, seen: Seen, limit: number | undefined): Missing | undefined {
  if (limit !== undefined) return undefined;
  const { budget } = watch.named;
  const { threshold } = budget;
  if (threshold.kind === 'share') return missingLimit(threshold.of, seen.run.start?.mode);
  return missingBaseline(seen.options.baseline !== undefined, budget);
}

/** Bytes are whole numbers; shares of time have a limited resolution. */
function roundFor(unit: BudgetResult['unit'], value: number | undefined): number | undefined {
  if (value === undefined || unit.startsWith('count')) return value;
  // Adding 0 converts -0 to 0.
  return unit.startsWith('bytes') ? Math.round(value) + 0 : Math.round(value * 1000) / 1000 + 0;
}

function exceedanceOf(watch: BudgetWatch, seen: Seen): Exceedance {
  const { exceeded } = watch;
  const { track, run } = seen;
  const moment = exceeded?.elapsedMs ?? momentOf(watch, seen);
  const peaked = isAtMaximum(watch, track);
  const { sample, bpf, grown } = peaked ? track.highest : (exceeded ?? track.highest);
  const { metric, op, unit } = watch.named.budget;
  // What is too little has not grown too much.
  const isUpper = op === '<=' || op === '<' || op === '==';
  const maps =
    metric === 'leftover' ? leftoversOf(run) : isUpper ? mapsThatCount(metric, grown?.maps ?? []) : [];
  const shown = new Set(maps.map(({ id }) => id));
  const processes = (peaked ? undefined : exceeded?.processesAfter) ?? grown?.processes ?? [];
  const value = peaked ? track.max : (exceeded?.value ?? track.max);
  // A run starts with nothing.
  const before = run.start?.attached === undefined ? 0 : (track.highest.first ?? 0);
  return {
    ...(moment === undefined ? {} : { elapsedMs: moment }),
    shownMs: peaked ? track.maxMs : (exceeded?.elapsedMs ?? sample?.elapsedMs ?? moment ?? track.maxMs),
    breakdown: linesOf(watch, seen, sample, bpf, peaked),
    ...(value === undefined || !unit.startsWith('bytes') ? {} : { growthBytes: value - before }),
    processes: isUpper && !WITHOUT_PROCESSES.test(metric) ? [...processes] : [],
    maps,
    advice: (run.summary?.bpf?.advice ?? []).filter((advice) => advice.maps.some(({ id }) => shown.has(id))),
    ...(seen.timeline === undefined ? {} : { timeline: seen.timeline }),
  };
}

/** The share up to which a later maximum is the same value: it needs no other explanation. */
const SAME_VALUE = 0.001;

/**
 * Whether the maximum of a metric came after its limit was first exceeded: the maximum is what to explain.
 */
function isAtMaximum({ named: { budget }, exceeded }: BudgetWatch, { max, highest }: MetricTrack): boolean {
  const isUpper = budget.op === '<=' || budget.op === '<' || budget.op === '==';
  if (budget.aggregate !== 'max' || !isUpper || exceeded === undefined) return false;
  return (
    highest.sample !== undefined &&
    highest.grown !== undefined &&
    max !== undefined &&
    max > exceeded.value * (1 + SAME_VALUE)
  );
}

/** The maps that outlived the run. */
function leftoversOf({ summary }: RunFacts): Grown[] {
  return (summary?.bpf?.leftovers ?? []).map(({ id, name, bytes }) => ({
    name,
    id,
    fromBytes: 0,
    toBytes: bytes,
  }));
}

/** The figures that BPF maps are part of. */
const WITH_MAPS =
  /^(bpf(\.maps)?|kernel|current|peak|workingset|stat\.(kernel|slab|percpu|vmalloc).*|percpu|vmalloc|slab.*)$/;

/** The figures that the resident memory of processes is not part of. */
const WITHOUT_PROCESSES =
  /^(bpf(\..*)?|leftover|(stat\.)?(kernel.*|unexplained|sock|slab.*|percpu|vmalloc|pagetables|sec_pagetables))$/;

/** Those of the maps that are part of a metric, with that part: no others can lower it. */
function mapsThatCount(metric: string, maps: readonly GrownMap[]): Grown[] {
  const glob = mapNameIn(metric);
  const names = glob === undefined ? undefined : compileGlob(glob);
  return maps.flatMap(({ unchargedBytes, ...map }) => {
    if (names !== undefined) return names.test(map.name) ? [map] : [];
    const chargedBytes = map.toBytes - unchargedBytes;
    const toBytes = metric === 'bpf.uncharged' ? unchargedBytes : WITH_MAPS.test(metric) ? chargedBytes : 0;
    return toBytes > 0 ? [{ ...map, toBytes }] : [];
  });
}

/** The time of a value that comes from a single reading. */
function momentOf({ named: { budget } }: BudgetWatch, { track, run }: Seen): number | undefined {
  const { metric, aggregate, op } = budget;
  if (metric === 'leftover') return run.summary?.durationMs;
  if (aggregate === 'final') return track.final === undefined ? undefined : track.finalMs;
  const isUpper = op === '<=' || op === '<' || op === '==';
  // A peak that no sample contains comes from the summary and has no time.
  if (aggregate === 'max') return isUpper && track.max !== undefined ? track.maxMs : undefined;
  return aggregate === 'min' && !isUpper ? track.minMs : undefined;
}

function linesOf(
  watch: BudgetWatch,
  { options, track }: Seen,
  sample: Sample | undefined,
  bpf: Sample | undefined,
  peaked: boolean,
): BreakdownLine[] {
  if (sample === undefined) return [];
  const { metric, unit } = watch.named.budget;
  // BPF memory has a longer interval: use its last reading if that belongs to this sample.
  const reading = bpf?.bpf === undefined ? undefined : { ...bpf, bpf: bpf.bpf };
  const lines = breakdownOf(sample, breakKernelDown(sample, bpfOf(sample, reading)));
  const value = peaked ? track.max : (watch.exceeded?.value ?? track.max);
  const isBytes = unit.startsWith('bytes') && metric !== 'peak';
  if (isBytes && value !== undefined && !lines.some(({ id }) => id === metric)) {
    lines.unshift({ id: metric, bytes: value });
  }
  return lines.map((line) => {
    const baselineBytes = options.baseline?.breakdownOf?.(line.id);
    return baselineBytes === undefined ? line : { ...line, baselineBytes };
  });
}

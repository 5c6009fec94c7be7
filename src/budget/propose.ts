/** Proposes budgets based on the usage of a few runs, for `budget init`. */

import { DEFAULT_INTERVALS, type SamplingIntervals } from '../format/intervals.ts';
import { formatShortCommand, safeJson } from '../format/safe-text.ts';
import { formatBytes } from '../format/units.ts';
import { bytesByName } from '../model/bytes-by-name.ts';
import { MAP_PREFIX } from '../model/metrics.ts';
import { ownValue } from '../model/own-value.ts';
import type { RecordLine, StartRecord, SummaryRecord } from '../model/recording.ts';
import type { BudgetFileJson } from '../recording/validation/budget-file-validator.ts';
import { MAD_TO_SIGMA, medianAbsoluteDeviation } from '../statistics/statistics.ts';
import { BUDGET_FILE_VERSION } from './budget-file.ts';
import { BudgetEvaluator } from './evaluation/evaluator.ts';
import type { NamedBudget } from './expression/budget.ts';
import { formatBudget } from './expression/format-budget.ts';
import { defaultAggregateOf, unitOf } from './expression/metric-catalogue.ts';
import { parseBudget } from './expression/parse-budget.ts';

/** The usage of one run, by metric; metrics that were not measured are absent. Unit: bytes, or a count. */
export interface ObservedRun {
  values: Record<string, number>;
  /** The largest BPF maps by name. Unit: bytes. */
  maps: Record<string, number>;
  host?: StartRecord['host'];
}

interface Proposed {
  metric: string;
  name: string;
  description: string;
}

/**
 * Excludes peak and current: they include page cache, which depends more on the machine than on the program.
 */
const PROPOSED: readonly Proposed[] = [
  { metric: 'anon', name: 'anonymous memory', description: 'heap, stacks and other private memory' },
  { metric: 'kernel', name: 'kernel memory', description: 'kernel memory, BPF maps and programs included' },
  { metric: 'pss', name: 'memory of the process tree', description: 'proportional set sizes, summed' },
  { metric: 'bpf', name: 'BPF memory', description: 'BPF maps and programs that are charged to the command' },
  { metric: 'processes', name: 'processes', description: 'processes at one time' },
  { metric: 'oom_kill', name: 'OOM kills', description: 'processes ended by the OOM killer' },
];

const MAX_PROPOSED_MAPS = 10;
const MARGIN_DEVIATIONS = 3;
const MARGIN_SHARE = 0.05;
/**
 * What each CPU may hold back of memory.stat before it hands it in. Source: MEMCG_CHARGE_BATCH in
 * linux/memcontrol.h.
 */
const BATCH_PAGES = 64;

/** Processes the records of one run. */
export class ProposalRun {
  readonly #evaluator: BudgetEvaluator;
  #host: StartRecord['host'] | undefined;
  #summary: SummaryRecord | undefined;

  constructor() {
    this.#evaluator = new BudgetEvaluator(PROPOSED.map(({ metric }) => named(`${metric} >= 0`)));
  }

  observe(record: RecordLine): void {
    this.#evaluator.observe(record);
    if (record.type === 'start') this.#host = record.host;
    if (record.type === 'summary') this.#summary = record;
  }

  /** The usage of the run; call it after the last record. */
  finish(summary: SummaryRecord | undefined = this.#summary): ObservedRun {
    const values: Record<string, number> = {};
    for (const { metric, value } of this.#evaluator.finish(summary))
      if (value !== undefined) values[metric] = value;
    const maps = bytesByName((summary?.bpf?.maps ?? []).filter(({ name }) => name !== ''));
    return { values, maps, ...(this.#host === undefined ? {} : { host: this.#host }) };
  }
}

/**
 * The text of a budget file. Each limit is the observed maximum plus a margin, rounded up to three digits.
 * The margin is the largest of three times the spread between the runs (median absolute deviation, scaled to
 * a standard deviation), 5 %, and the error of the kernel's per-CPU counters.
 */
export function proposeBudgetFile(
  runs: readonly ObservedRun[],
  command: readonly string[],
  { intervalMs, bpfIntervalMs, processIntervalMs }: SamplingIntervals = DEFAULT_INTERVALS,
): string {
  const budgets = [...PROPOSED.flatMap((each) => proposeMetric(each, runs) ?? []), ...proposeMaps(runs)];
  const document: BudgetFileJson = {
    $schema: './node_modules/cmemstat/schema/budget.schema.json',
    version: BUDGET_FILE_VERSION,
    runs: { count: runs.length },
    // What is measured depends on it: the check samples like these runs.
    sampling: {
      interval: `${intervalMs}ms`,
      bpfInterval: `${bpfIntervalMs}ms`,
      processInterval: `${processIntervalMs}ms`,
    },
    budgets: budgets.map(({ name, description, budget }) => ({
      name,
      description: `${description}; proposed from ${runs.length === 1 ? 'a run' : `${runs.length} runs`} of ${formatShortCommand(command)}`,
      budget,
    })),
  };
  return `${safeJson(document, 2)}\n`;
}

/**
 * The metrics without a budget because not all runs measured them: those that some run has, and all of them
 * if a run measured no memory at all. Metrics that this host or mode never provides are excluded.
 */
export function findUnproposed(runs: readonly ObservedRun[]): string[] {
  const isBlind = runs.some(({ values }) => values.anon === undefined && values.pss === undefined);
  const isIn = (metric: string) => runs.filter(({ values }) => values[metric] !== undefined).length;
  return PROPOSED.map(({ metric }) => metric).filter(
    (metric) => isIn(metric) < runs.length && (isIn(metric) > 0 || (isBlind && metric !== 'pss')),
  );
}

interface Proposal {
  name: string;
  description: string;
  budget: string;
}

function proposeMetric(
  { metric, name, description }: Proposed,
  runs: readonly ObservedRun[],
): Proposal | undefined {
  const values = valuesOfAll(runs, ({ values: each }) => each[metric]);
  if (values === undefined) return undefined;
  const highest = Math.max(...values);
  if (metric === 'oom_kill') {
    return highest === 0 ? { name, description, budget: format(metric, '==', 0) } : undefined;
  }
  if (highest === 0) return undefined;
  if (metric === 'processes') {
    const limit = Math.ceil(highest + Math.max(1, marginOf(values)));
    return { name, description: `${description}, ${highest} seen`, budget: format(metric, '<=', limit) };
  }
  const limit = roundUpSize(highest + Math.max(marginOf(values), metric === 'bpf' ? 0 : lagOf(runs)));
  return {
    name,
    description: `${description}, ${formatBytes(highest)} seen`,
    budget: format(metric, '<=', limit),
  };
}

/**
 * The kernel only allows letters, digits, `_` and `.`; other names in a recording are ignored.
 */
const UNQUOTABLE = /["'\p{C}]/u;

function proposeMaps(runs: readonly ObservedRun[]): Proposal[] {
  const names = new Set(runs.flatMap(({ maps }) => Object.keys(maps)));
  return [...names]
    .filter((name) => !UNQUOTABLE.test(name))
    .map((name) => ({ name, values: runs.map(({ maps }) => ownValue(maps, name) ?? 0) }))
    .map(({ name, values }) => ({ name, values, highest: Math.max(...values) }))
    .filter(({ highest }) => highest > 0)
    .toSorted((a, b) => b.highest - a.highest || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_PROPOSED_MAPS)
    .map(({ name, values, highest }) => ({
      name: `BPF map ${name}`,
      description: `all maps of this name, ${formatBytes(highest)} seen`,
      budget: format(MAP_PREFIX + escapeGlob(name), '<=', roundUpSize(highest + marginOf(values))),
    }));
}

/** Undefined if a run did not measure it. */
function valuesOfAll(
  runs: readonly ObservedRun[],
  pick: (run: ObservedRun) => number | undefined,
): number[] | undefined {
  const values = runs.flatMap((run) => pick(run) ?? []);
  return values.length === runs.length && values.length > 0 ? values : undefined;
}

function marginOf(values: readonly number[]): number {
  const spread = (medianAbsoluteDeviation(values) ?? 0) * MAD_TO_SIGMA;
  return Math.max(MARGIN_DEVIATIONS * spread, MARGIN_SHARE * Math.max(...values));
}

function lagOf(runs: readonly ObservedRun[]): number {
  const host = runs[0]?.host;
  return host === undefined ? 0 : BATCH_PAGES * host.cpus * host.pageSizeBytes;
}

const UNIT_BYTES = [1024 ** 5, 1024 ** 4, 1024 ** 3, 1024 ** 2, 1024, 1];

/**
 * Rounds up to a few digits in its unit, by 2.5 % at most from 5 units on, so that a limit is not wider than
 * its margin: 33.7 MiB to 33.75 MiB, 336.2 MiB to 337 MiB.
 */
function roundUpSize(bytes: number): number {
  const unit = UNIT_BYTES.find((each) => bytes >= each) ?? 1;
  const inUnit = bytes / unit;
  const step = inUnit >= 1000 ? 10 : inUnit >= 100 || unit === 1 ? 1 : inUnit >= 10 ? 1 / 4 : 1 / 8;
  return Math.ceil(inUnit / step) * step * unit;
}

/** A pattern that matches only this name. */
function escapeGlob(name: string): string {
  return name.replace(/[*?[]/g, '[$&]');
}

function format(metric: string, op: '<=' | '==', value: number): string {
  const [aggregate, unit] = [defaultAggregateOf(metric), unitOf(metric)];
  return formatBudget({ metric, aggregate, op, unit, threshold: { kind: 'fixed', value } });
}

function named(expression: string): NamedBudget {
  return { budget: parseBudget(expression), optional: true };
}

/** A verdict as a list of findings: what JUnit, TAP and GitHub call test cases and annotations. */
import { formatBytes } from '../format/units.ts';
import type { MetricDifference } from '../model/comparison.ts';
import type { BudgetResult, BudgetStatus, Verdict } from '../model/verdict.ts';
import { exceedanceLines } from './exceeded-lines.ts';
import { grownNameLines } from './grown-names-text.ts';
import { oneLine } from './outside-text.ts';
import {
  describeBudget,
  describeChange,
  describeEvaluation,
  describeRuns,
  describeTarget,
  originOf,
  type TimeOrigin,
  titleOf,
} from './wording.ts';

/** `warning`: an optional budget was not measured, or a result is doubtful. */
export type FindingState = 'passed' | 'failed' | 'not-measured' | 'warning';

/** One result. All texts are single lines without control characters. */
export interface Finding {
  kind: 'budget' | 'regression' | 'comparison' | 'leftover' | 'target' | 'tool';
  /** Stable across runs, so that CI systems can keep a history; unique within the verdict. */
  title: string;
  state: FindingState;
  /** The outcome: by how much, or why. */
  headline: string;
  /** Details, such as what grew. Indented by two spaces per level. */
  details: string[];
}

const STATES: Readonly<Record<BudgetStatus, FindingState>> = {
  passed: 'passed',
  failed: 'failed',
  'not-measured': 'not-measured',
  'not-measured-optional': 'warning',
};

/**
 * All findings: budgets, compared metrics with a threshold, leftovers if requested, and the exit of the
 * target.
 */
export function findingsOf(verdict: Verdict): Finding[] {
  const { comparison, missingMetrics = [], strictHost = false } = verdict;
  const origin = originOf(verdict);
  const evaluated = comparison?.metrics.filter((metric) => metric.verdict !== 'not-evaluated') ?? [];
  return unique([
    ...verdict.budgets.map((result) => budgetFinding(result, origin)),
    ...evaluated.map((metric) => regressionFinding(metric, missingMetrics, origin)),
    ...doubtFindings(comparison?.doubts ?? [], strictHost),
    ...leftoverFindings(verdict),
    ...leftoverFileFindings(verdict),
    targetFinding(verdict),
    ...toolFindings(verdict),
  ]);
}

function budgetFinding(result: BudgetResult, origin: TimeOrigin): Finding {
  const { name, expression, description, owner, hint, exceeded } = result;
  const runs = describeRuns(result);
  return {
    kind: 'budget',
    title: titleOf(result),
    state: STATES[result.status],
    headline: isMeasured(result) ? describeBudget(result) : `not measured: ${describeBudget(result)}`,
    details: [
      ...(name === undefined ? [] : [`budget: ${oneLine(expression)}`]),
      ...(description === undefined ? [] : [`description: ${oneLine(description)}`]),
      ...(owner === undefined ? [] : [`owner: ${oneLine(owner)}`]),
      ...(runs === undefined ? [] : [runs]),
      ...(result.status !== 'failed' || hint === undefined ? [] : [`hint: ${oneLine(hint)}`]),
      ...(exceeded === undefined ? [] : exceedanceLines(exceeded, origin, result.metric)),
    ],
  };
}

function isMeasured({ status }: BudgetResult): boolean {
  return status === 'passed' || status === 'failed';
}

const METRIC_STATES: Readonly<Record<MetricDifference['verdict'], FindingState>> = {
  regressed: 'failed',
  'within-noise': 'passed',
  passed: 'passed',
  improved: 'passed',
  'not-evaluated': 'passed',
  'not-measured': 'warning',
};

function regressionFinding(
  metric: MetricDifference,
  missing: readonly string[],
  origin: TimeOrigin,
): Finding {
  return {
    kind: 'regression',
    title: `no regression of ${oneLine(metric.metric)}`,
    state: missing.includes(metric.metric) ? 'not-measured' : METRIC_STATES[metric.verdict],
    headline:
      metric.verdict === 'not-measured'
        ? `not measured on one side: ${describeChange(metric)}`
        : `${metric.verdict}: ${describeChange(metric)}`,
    details: [describeEvaluation(metric), ...grownNameLines(metric.names, origin)],
  };
}

function doubtFindings(doubts: readonly string[], strictHost: boolean): Finding[] {
  if (doubts.length === 0) return [];
  return [
    {
      kind: 'comparison',
      title: 'comparable with the baseline',
      state: strictHost ? 'not-measured' : 'warning',
      headline: `the comparison is doubtful: ${doubts.map(oneLine).join('; ')}`,
      details: [],
    },
  ];
}

function leftoverFindings(verdict: Verdict): Finding[] {
  const { leftovers } = verdict;
  const finding = { kind: 'leftover' as const, title: 'no BPF maps left behind' };
  if (leftovers === undefined) {
    if (verdict.leftoversUnknown !== true) return [];
    return [
      {
        ...finding,
        state: 'not-measured',
        headline: 'the maps that outlived the run could not be determined',
        details: [],
      },
    ];
  }
  if (leftovers.length === 0) return [{ ...finding, state: 'passed', headline: 'none', details: [] }];
  const bytes = leftovers.reduce((sum, each) => sum + each.bytes, 0);
  return [
    {
      ...finding,
      state: 'failed',
      headline: `${leftovers.length} left behind, ${formatBytes(bytes)}`,
      details: leftovers.map(
        (each) => `map ${each.id} ${oneLine(each.name) || '(no name)'}: ${formatBytes(each.bytes)}`,
      ),
    },
  ];
}

function leftoverFileFindings({ leftoverFiles }: Verdict): Finding[] {
  if (leftoverFiles === undefined) return [];
  const finding = { kind: 'leftover' as const, title: 'no files in memory left behind' };
  if (leftoverFiles.length === 0) return [{ ...finding, state: 'passed', headline: 'none', details: [] }];
  const bytes = leftoverFiles.reduce((sum, each) => sum + each.bytes, 0);
  return [
    {
      ...finding,
      state: 'failed',
      headline: `${leftoverFiles.length} left behind, ${formatBytes(bytes)}`,
      details: leftoverFiles.map(({ name, bytes: size }) => `${oneLine(name)}: ${formatBytes(size)}`),
    },
  ];
}

function targetFinding(verdict: Verdict): Finding {
  const { status, timedOut, timeoutExpected } = verdict.target;
  const failed = status !== 0 || (timedOut === true && timeoutExpected !== true);
  return {
    kind: 'target',
    title: 'the target succeeds',
    state: failed ? 'failed' : verdict.target.unknown === true ? 'warning' : 'passed',
    headline: describeTarget(verdict),
    details: [],
  };
}

function toolFindings({ faults = [] }: Verdict): Finding[] {
  if (faults.length === 0) return [];
  const headline = faults.map(oneLine).join('; ');
  return [{ kind: 'tool', title: 'cmemstat succeeds', state: 'not-measured', headline, details: [] }];
}

/** CI systems treat findings with the same title as one. */
function unique(findings: readonly Finding[]): Finding[] {
  const taken = new Set<string>();
  return findings.map((finding) => {
    const plain = finding.title.trim() || '(no name)';
    let title = plain;
    for (let number = 2; taken.has(title); number += 1) title = `${plain} (${number})`;
    taken.add(title);
    return { ...finding, title };
  });
}

/** Remarks that are not findings. */
export function notesOf({ warnings }: Verdict): string[] {
  return warnings.map(oneLine);
}

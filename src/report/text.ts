/** `--report text`: for terminals and logs of CI jobs. */
import { isDeepStrictEqual } from 'node:util';
import { plural } from '../format/plural.ts';
import type { Comparison, MetricDifference } from '../model/comparison.ts';
import type { BudgetResult, Exceedance, Verdict } from '../model/verdict.ts';
import { exceedanceLines } from './exceeded-lines.ts';
import { type Finding, type FindingState, findingsOf, notesOf } from './findings.ts';
import { grownNameLines } from './grown-names-text.ts';
import { oneLine, oneLineCommand } from './outside-text.ts';
import {
  counted,
  describeBudget,
  describeChange,
  describeEvaluation,
  describeExit,
  describeHost,
  describeOutcome,
  describeTarget,
  describeTimes,
  originOf,
  STATUS_WORDS,
  type TimeOrigin,
} from './wording.ts';

const MARKS: Readonly<Record<FindingState, string>> = {
  passed: '✓',
  failed: '✗',
  'not-measured': '?',
  warning: '!',
};

/** Wide enough for the states of failed budgets. */
const STATE_WIDTH = 12;

/** The report as newline-terminated lines. */
export function renderTextReport(verdict: Verdict): string {
  const findings = findingsOf(verdict);
  const shown = new Map<string, Shown>();
  const times = describeTimes(verdict);
  const origin = originOf(verdict);
  const lines = [
    `cmemstat: ${describeOutcome(verdict)}`,
    `  ${oneLineCommand(verdict.command)}`,
    `  ${describeHost(verdict)}`,
    ...(times === undefined ? [] : [`  ${times}`]),
    ...verdict.budgets.flatMap((result, index) => budgetLines(result, findings[index], shown, origin)),
    ...(verdict.comparison === undefined ? [] : comparisonLines(verdict.comparison, origin)),
    ...findings.filter(({ kind }) => kind === 'leftover').flatMap(leftoverLines),
    ...notesOf(verdict).map((note) => `  ! warning: ${note}`),
    ...(verdict.faults ?? []).map(
      (fault) => `  ✗ ${'FAILED'.padEnd(STATE_WIDTH)}  cmemstat: ${oneLine(fault)}`,
    ),
    `  target: ${describeTarget(verdict)}`,
    `  gate: ${describeExit(verdict)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * `finding` is the finding for the same budget: all reports have the same title and details. `shown` maps the
 * times whose details have been rendered to the budgets that they were rendered for.
 */
function budgetLines(
  result: BudgetResult,
  finding: Finding | undefined,
  shown: Map<string, Shown>,
  origin: TimeOrigin,
): string[] {
  if (finding === undefined) return [];
  const { state, title, details } = finding;
  const word = STATUS_WORDS[result.status].padEnd(STATE_WIDTH);
  const line = `  ${MARKS[state]} ${word}  ${title}: ${describeBudget(result)}`;
  // A passed budget has one line.
  if (state === 'passed') return [line];
  return [
    line,
    ...withoutRepetition(result.exceeded, title, details, shown, origin).map((detail) => `      ${detail}`),
  ];
}

/** The budget whose details have been rendered, and the ids of the maps in them. */
interface Shown {
  title: string;
  maps: ReadonlySet<number | undefined>;
  names: Exceedance['names'];
}

/** Budgets that are exceeded at the same time share one breakdown and one list of what grew. */
function withoutRepetition(
  exceeded: Exceedance | undefined,
  title: string,
  details: readonly string[],
  shown: Map<string, Shown>,
  origin: TimeOrigin,
): readonly string[] {
  if (exceeded === undefined) return details;
  const { shownMs, run, processes, maps, names } = exceeded;
  const moment = JSON.stringify([shownMs, run, processes]);
  const before = shown.get(moment);
  if (before === undefined || !maps.every(({ id }) => before.maps.has(id))) {
    shown.set(moment, { title, maps: new Set(maps.map(({ id }) => id)), names });
    return details;
  }
  const [when = '', ...rest] = exceedanceLines(exceeded, origin);
  return [
    ...details.slice(0, details.length - rest.length - 1),
    when,
    `what grew: see ${before.title}, above`,
    // Those of another part of the memory.
    ...(isDeepStrictEqual(names, before.names) ? [] : grownNameLines(names, origin)),
  ];
}

function comparisonLines({ base, now, doubts, metrics }: Comparison, origin: TimeOrigin): string[] {
  const those = (verdict: MetricDifference['verdict']) => metrics.filter((each) => each.verdict === verdict);
  const described = (mark: string, word: string, list: readonly MetricDifference[]) =>
    list.flatMap((metric) => [
      `    ${mark} ${word.padEnd(STATE_WIDTH)}  ${oneLine(metric.metric)}: ${describeChange(metric)}`,
      `        ${describeEvaluation(metric)}`,
      ...grownNameLines(metric.names, origin).map((line) => `        ${line}`),
    ]);
  const rest = [
    ...counted(those('passed').length, 'passed'),
    ...counted(those('improved').length, 'improved'),
    ...counted(those('not-evaluated').length, 'not evaluated'),
  ];
  return [
    `  against ${oneLine(base.name)} (${plural(base.runs, 'run')}; ${plural(now.runs, 'run')} here):`,
    ...doubts.map((doubt) => `    ! doubtful: ${oneLine(doubt)}`),
    ...described('✗', 'REGRESSED', those('regressed')),
    ...described('?', 'not measured', those('not-measured')),
    ...described('!', 'within noise', those('within-noise')),
    ...(rest.length === 0 ? [] : [`    other metrics: ${rest.join(', ')}`]),
  ];
}

function leftoverLines({ state, title, headline, details }: Finding): string[] {
  const words: Partial<Record<FindingState, string>> = { passed: 'passed', failed: 'LEFT BEHIND' };
  const word = (words[state] ?? STATUS_WORDS['not-measured']).padEnd(STATE_WIDTH);
  return [`  ${MARKS[state]} ${word}  ${title}: ${headline}`, ...details.map((detail) => `      ${detail}`)];
}

/** `--report markdown`: for pull requests and summaries of CI jobs on GitHub and GitLab. */
import { EXIT_CODES } from '../exit-codes.ts';
import { plural } from '../format/plural.ts';
import { formatBytes } from '../format/units.ts';
import type { BpfAdvice } from '../model/bpf-advice.ts';
import type { Comparison, MetricDifference } from '../model/comparison.ts';
import type { BudgetResult, BudgetStatus, Exceedance, Grown, Timeline, Verdict } from '../model/verdict.ts';
import { describeProjection } from './exceeded-lines.ts';
import { grownNameTable } from './grown-names-text.ts';
import {
  codeCell,
  codeHtml,
  codeSpan,
  collapsible,
  plainCell,
  type TableColumn,
  table,
} from './markdown-text.ts';
import { oneLineCommand } from './outside-text.ts';
import { renderTimeline } from './timeline-chart.ts';
import {
  describeDifference,
  describeExit,
  describeFirst,
  describeHost,
  describeMoment,
  describeOutcome,
  describeShare,
  describeTarget,
  describeTimes,
  describeValue,
  formatBound,
  formatProbability,
  formatQuantity,
  formatShown,
  formatSide,
  formatSigned,
  formatSignedPercent,
  listValues,
  originOf,
  recordingHint,
  STATUS_WORDS,
  type TimeOrigin,
  titleOf,
} from './wording.ts';

const STATUS_MARKS: Readonly<Record<BudgetStatus, string>> = {
  passed: '✅',
  failed: '❌',
  'not-measured': '❓',
  'not-measured-optional': '⚠️',
};

const METRIC_WORDS: Readonly<Record<MetricDifference['verdict'], string>> = {
  regressed: '❌ REGRESSED',
  'within-noise': '⚠️ within noise',
  passed: '✅ passed',
  improved: '✅ improved',
  'not-evaluated': 'not evaluated',
  'not-measured': '❓ not measured',
};

const left = (heading: string): TableColumn => ({ heading, align: 'left' });
const right = (heading: string): TableColumn => ({ heading, align: 'right' });

/** The report as newline-terminated lines. */
export function renderMarkdownReport(verdict: Verdict): string {
  const duration = describeTimes(verdict);
  const origin = originOf(verdict);
  const times = duration === undefined ? '' : `, ${duration}`;
  const lines = [
    `## ${markOf(verdict)} Memory: ${describeOutcome(verdict)}`,
    '',
    `${codeSpan(oneLineCommand(verdict.command))}: ${codeSpan(describeHost(verdict))}`,
    '',
    `Target: ${codeSpan(describeTarget(verdict))}${times}. Gate: ${codeSpan(describeExit(verdict))}.`,
    '',
    ...budgetTable(verdict.budgets),
    ...verdict.budgets.flatMap((result) => budgetDetails(result, origin)),
    ...(verdict.comparison === undefined ? [] : comparisonPart(verdict.comparison, origin)),
    ...leftoverPart(verdict.leftovers),
    ...leftoverFilePart(verdict.leftoverFiles),
    ...timelinePart(verdict),
    ...(verdict.faults ?? []).map((fault) => `- ❌ cmemstat: ${codeSpan(fault)}`),
    ...verdict.warnings.map((warning) => `- ⚠️ ${codeSpan(warning)}`),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** Green if and only if cmemstat exits with 0. */
function markOf({ exitStatus, status, target }: Verdict): string {
  if (exitStatus === 0) return '✅';
  const isUnmeasured = status !== 'failed' && target.status === 0 && exitStatus === EXIT_CODES.NOT_MEASURED;
  return isUnmeasured ? '❓' : '❌';
}

function budgetTable(budgets: readonly BudgetResult[]): string[] {
  const hasRuns = budgets.some(({ values }) => values !== undefined);
  const columns = [left('State'), left('Budget'), right('Value'), right('Limit'), right('Difference')];
  return table(
    hasRuns ? [...columns, right('Spread (MAD)')] : columns,
    budgets.map((result) => {
      const { status, unit, spread } = result;
      const cells = [
        `${STATUS_MARKS[status]} ${STATUS_WORDS[status]}`,
        codeCell(titleOf(result)),
        describeValue(result),
        plainCell(formatBound(result)),
        describeDifference(result),
      ];
      return hasRuns ? [...cells, formatSide(spread, unit)] : cells;
    }),
  );
}

function budgetDetails(result: BudgetResult, origin: TimeOrigin): string[] {
  const { status, name, expression, description, owner, reason, hint, values, unit, exceeded } = result;
  if (status === 'passed') return [];
  const facts: [label: string, text: string | undefined][] = [
    ['Budget', name === undefined ? undefined : codeSpan(expression)],
    ['Description', description && codeSpan(description)],
    ['Owner', owner && codeSpan(owner)],
    ['Not measured', reason && codeSpan(reason)],
    ['Hint', hint && codeSpan(hint)],
    ['Runs', values && listValues(values, unit)],
  ];
  const lines = [
    ...facts.flatMap(([label, text]) => (text === undefined || text === '' ? [] : [`- ${label}: ${text}`])),
    ...(exceeded === undefined ? [] : exceedancePart(exceeded, result.metric, origin)),
  ];
  if (lines.length === 0) return [];
  return collapsible(`${STATUS_WORDS[status]}: ${codeHtml(titleOf(result))}`, lines, status === 'failed');
}

function recordingPart(exceeded: Exceedance): string {
  const { option, replay } = recordingHint(exceeded);
  return `record with ${codeSpan(option)}, then ${codeSpan(replay)}`;
}

function exceedancePart(exceeded: Exceedance, metric: string, origin: TimeOrigin): string[] {
  const { breakdown, processes, maps, advice, replay, timeline } = exceeded;
  const first = describeFirst(exceeded, origin);
  const hasBaseline = breakdown.some(({ baselineBytes }) => baselineBytes !== undefined);
  const columns = [left(`At ${formatShown(exceeded)}`), right('Bytes')];
  return [
    `- When: ${describeMoment(exceeded, origin)}`,
    ...(first === undefined ? [] : [`- First exceeded: ${first}`]),
    replay === undefined ? `- Hint: ${recordingPart(exceeded)}` : `- Replay: ${codeSpan(replay)}`,
    '',
    ...table(
      hasBaseline ? [...columns, right('Baseline'), right('Difference')] : columns,
      breakdown.map(({ id, bytes, baselineBytes }) => {
        const cells = [codeCell(id), formatBytes(bytes)];
        if (!hasBaseline) return cells;
        return baselineBytes === undefined
          ? [...cells, '-', '-']
          : [...cells, formatBytes(baselineBytes), formatSigned(bytes - baselineBytes, 'bytes')];
      }),
    ),
    ...grownTable('Process', processes, describeShare(exceeded, processes, metric, true)),
    ...grownTable('BPF map', maps, describeShare(exceeded, maps, metric, false)),
    ...grownNameTable(exceeded.names, origin),
    ...advice.flatMap(adviceList),
    ...(timeline === undefined ? [] : ['', ...chartPart(timeline)]),
  ];
}

function grownTable(what: string, grown: readonly Grown[], share: string | undefined): string[] {
  if (grown.length === 0) return [];
  const together = share === undefined ? [] : [`Together ${codeSpan(share)}:`, ''];
  return [...together, ...grownRows(what, grown)];
}

function grownRows(what: string, grown: readonly Grown[]): string[] {
  return table(
    [left(`${what} that grew`), right('Id'), right('From'), right('To'), right('Growth')],
    grown.map(({ name, id, fromBytes, toBytes }) => [
      codeCell(name),
      id === undefined ? '' : String(id),
      formatBytes(fromBytes),
      formatBytes(toBytes),
      formatSigned(toBytes - fromBytes, 'bytes'),
    ]),
  );
}

function adviceList({ text, options = [], projection = [] }: BpfAdvice): string[] {
  return [
    `- Advice: ${codeSpan(text)}`,
    ...options.map(({ change, savesBytes }) => `  - ${codeSpan(change)} saves ${formatBytes(savesBytes)}`),
    ...(projection.length === 0 ? [] : [`  - ${describeProjection(projection)}`]),
  ];
}

function comparisonPart({ base, now, doubts, metrics }: Comparison, origin: TimeOrigin): string[] {
  // Improvements and metrics near the limit are shown; the rest is collapsed.
  const isNews = ({ verdict }: MetricDifference) => verdict !== 'passed' && verdict !== 'not-evaluated';
  const news = metrics.filter(isNews);
  const rest = metrics.filter((metric) => !isNews(metric));
  return [
    `### Against ${codeSpan(base.name)}`,
    '',
    `${plural(base.runs, 'run')} there, ${plural(now.runs, 'run')} here.`,
    '',
    ...doubts.map((doubt) => `- ⚠️ Doubtful: ${codeSpan(doubt)}`),
    ...(doubts.length === 0 ? [] : ['']),
    ...metricTable(news),
    ...news.flatMap((metric) => namesPart(metric, origin)),
    ...(rest.length === 0
      ? []
      : collapsible(`${plural(rest.length, 'metric')} unchanged`, metricTable(rest))),
  ];
}

function namesPart({ metric, names }: MetricDifference, origin: TimeOrigin): string[] {
  return names === undefined ? [] : [`${codeSpan(metric)}:`, '', ...grownNameTable(names, origin)];
}

function metricTable(metrics: readonly MetricDifference[]): string[] {
  return table(
    [
      left('State'),
      left('Metric'),
      right('Baseline'),
      right('Now'),
      right('Difference'),
      right('Allowed'),
      right('Noise'),
      right('p (adjusted)'),
      right('95 % interval'),
    ],
    metrics.map(
      ({ metric, verdict, unit, base, now, difference, percent, allowed, noise, p, adjustedP, interval }) => [
        METRIC_WORDS[verdict],
        codeCell(metric),
        formatSide(base, unit),
        formatSide(now, unit),
        difference === undefined
          ? '-'
          : `${formatSigned(difference, unit)}${percent === undefined ? '' : ` (${formatSignedPercent(percent)})`}`,
        formatSide(allowed, unit),
        formatQuantity(noise, unit),
        describeProbabilities(p, adjustedP),
        interval === undefined
          ? '-'
          : `${formatSigned(interval[0], unit)} to ${formatSigned(interval[1], unit)}`,
      ],
    ),
  );
}

function describeProbabilities(p: number | undefined, adjustedP: number | undefined): string {
  if (p === undefined) return '-';
  const adjusted = adjustedP === undefined ? '' : ` (${formatProbability(adjustedP)})`;
  return plainCell(`${formatProbability(p)}${adjusted}`);
}

function leftoverPart(leftovers: Verdict['leftovers']): string[] {
  if (leftovers === undefined || leftovers.length === 0) return [];
  return [
    '### ❌ BPF maps left behind',
    '',
    ...table(
      [left('Map'), right('Id'), right('Bytes')],
      leftovers.map(({ id, name, bytes }) => [codeCell(name), String(id), formatBytes(bytes)]),
    ),
  ];
}

function leftoverFilePart(files: Verdict['leftoverFiles']): string[] {
  if (files === undefined || files.length === 0) return [];
  return [
    '### ❌ Files in memory left behind',
    '',
    ...table(
      [left('File'), right('Bytes')],
      files.map(({ name, bytes }) => [codeCell(name), formatBytes(bytes)]),
    ),
  ];
}

/** A chart of all memory, unless there is one of each metric that failed. */
function timelinePart({ timeline, budgets }: Verdict): string[] {
  const hasOthers = budgets.some(({ exceeded }) => exceeded?.timeline !== undefined);
  const chart = timeline === undefined || hasOthers ? [] : chartPart(timeline);
  return chart.length === 0 ? [] : ['### Over time', '', ...chart];
}

function chartPart(timeline: Timeline): string[] {
  const chart = renderTimeline(timeline);
  // The name of the figure is the only untrusted text; other words follow it on its line, so it cannot end
  // the block.
  return chart.length === 0 ? [] : ['```text', ...chart, '```', ''];
}

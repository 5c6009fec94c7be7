/** The figures that a reader looks for first, and the verdict. */
import { formatBytes, formatDuration } from '../../../format/units.ts';
import type { BudgetResult, Verdict } from '../../../model/verdict.ts';
import { peakNote } from '../../../output/summary-text.ts';
import {
  describeDifference,
  describeExit,
  describeFirst,
  describeMoment,
  describeOutcome,
  describeRuns,
  describeTarget,
  describeTimes,
  describeValue,
  formatBound,
  originOf,
  STATUS_WORDS,
  type TimeOrigin,
  titleOf,
} from '../../wording.ts';
import { highestOf } from '../data/thinner.ts';
import { escapeName, escapeText, tableMarkup } from '../draw/markup.ts';
import type { PageInput, PageRun } from './page-input.ts';
import { fact, section } from './section.ts';

/** The summary: a tile for each figure. */
export function summarySection({ verdict, runs, facts = [] }: PageInput): string {
  const tiles = runs.length === 1 && runs[0] !== undefined ? tilesOfRun(runs[0]) : [];
  const rows: [string, string][] = [
    ...fact('Outcome', verdict && describeOutcome(verdict)),
    ...fact('Target', verdict && describeTarget(verdict)),
    ...fact('cmemstat', verdict && describeExit(verdict)),
    ...fact('Time', verdict && describeTimes(verdict)),
    ...(runs.length === 1 && runs[0] !== undefined ? rowsOfRun(runs[0]) : []),
  ];
  const tables = [
    ...(rows.length === 0 ? [] : [factTable('Summary', rows)]),
    ...facts.map(({ heading, rows: each }) => factTable(heading, each)),
  ];
  if (tiles.length === 0 && tables.length === 0) return '';
  const list =
    tiles.length === 0
      ? ''
      : `<dl class="tiles">${tiles.map(([name, value]) => `<div><dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd></div>`).join('')}</dl>`;
  return section('summary', 'Summary', `${list}${tables.join('')}`);
}

/** A table of names and values. */
export function factTable(caption: string, rows: readonly (readonly [string, string])[]): string {
  return tableMarkup(
    caption,
    [{ heading: 'Name' }, { heading: 'Value' }],
    rows.map(([name, value]) => [escapeText(name), escapeText(value)]),
  );
}

/** The maximum of a series: that of the summary if it has one, otherwise that of the samples. */
export function maximumOf({ model, summary }: PageRun, id: string): number | undefined {
  return summary?.maxima?.[id] ?? highestOf(model.series.channels[id]?.max);
}

function tilesOfRun(run: PageRun): [string, string][] {
  const { model } = run;
  const maximum = (id: string) => maximumOf(run, id);
  const tile = (name: string, value: number | undefined): [string, string][] =>
    value === undefined || (value === 0 && name.startsWith('swap')) ? [] : [[name, formatBytes(value)]];
  return [
    ...tile('peak', model.peak?.bytes),
    ...tile('anon, at most', maximum('anon')),
    ...tile('file, at most', maximum('file')),
    ...tile('kernel, at most', maximum('kernel')),
    ...tile('BPF, at most', maximum('bpf')),
    ...tile('swap, at most', maximum('swap')),
    ['duration', formatDuration(model.durationMs)],
    ['samples', String(model.samples)],
  ];
}

function rowsOfRun({ summary, model }: PageRun): [string, string][] {
  if (summary === undefined)
    return [['Recording', 'ends before its summary: the run was still in progress, or cmemstat was killed']];
  const { peak, averages, growth = {}, events = {}, processes, outlived, samples, stallUs } = summary;
  const listed = (values: Record<string, number>) =>
    Object.entries(values)
      .map(([name, bytes]) => `${name} ${formatBytes(bytes)}`)
      .join(', ');
  const happened = Object.entries(events).filter(([, count]) => count > 0);
  return [
    ...fact(
      'Peak',
      peak &&
        `${formatBytes(peak.bytes)}, ${peakNote(summary)}${peak.unseenBytes === undefined ? '' : `; ${formatBytes(peak.unseenBytes)} of it fell between two readings`}`,
    ),
    ['Averages', listed(averages)],
    ...fact(
      'Growth',
      Object.keys(growth).length === 0
        ? undefined
        : `${listed(growth)} per minute, over the second half${summary.restarts === undefined ? '' : ' of the last cgroup'}`,
    ),
    [
      'Events',
      happened.length === 0 ? 'none' : happened.map(([name, count]) => `${name} ${count}`).join(', '),
    ],
    ...fact(
      'Waited for memory',
      stallUs?.some === undefined
        ? undefined
        : `${formatDuration(stallUs.some / 1000)} (some), ${formatDuration((stallUs.full ?? 0) / 1000)} (full)`,
    ),
    ...fact('Processes, at most', processes && String(processes.max)),
    ...fact(
      'Outlived the target',
      outlived.length === 0 ? undefined : outlived.map(({ comm, pid }) => `${comm} (${pid})`).join(', '),
    ),
    [
      'Samples',
      `${samples.count}, ${samples.late} late, ${samples.missed} missed, longest gap ${formatDuration(samples.longestGapMs)}`,
    ],
    ...fact('Events not listed', model.eventsOmitted === 0 ? undefined : String(model.eventsOmitted)),
  ];
}

/** The budgets and how each was decided. */
export function budgetSection(verdict: Verdict | undefined): string {
  if (verdict === undefined || verdict.budgets.length === 0) return '';
  const rows = verdict.budgets.map((result) => [
    `<span class="status ${result.status}">${STATUS_WORDS[result.status]}</span>`,
    escapeName(titleOf(result)),
    escapeText(describeValue(result)),
    escapeText(formatBound(result)),
    escapeText(describeDifference(result)),
    escapeText(detailsOf(result, originOf(verdict))),
  ]);
  const columns = [
    { heading: 'Status' },
    { heading: 'Budget' },
    { heading: 'Value', isNumber: true },
    { heading: 'Limit', isNumber: true },
    { heading: 'Difference', isNumber: true },
    { heading: 'Details' },
  ];
  const grown = verdict.budgets.flatMap(({ exceeded, ...result }) => {
    const items = [...(exceeded?.processes ?? []), ...(exceeded?.maps ?? [])];
    if (exceeded === undefined || items.length === 0) return [];
    return [
      tableMarkup(
        `What grew up to ${formatDuration(exceeded.shownMs)}: ${titleOf(result)}`,
        [
          { heading: 'Name' },
          { heading: 'Id', isNumber: true },
          { heading: 'From', isNumber: true },
          { heading: 'To', isNumber: true },
        ],
        items.map(({ name, id, fromBytes, toBytes }) => [
          escapeName(name),
          id === undefined ? '' : String(id),
          formatBytes(fromBytes),
          formatBytes(toBytes),
        ]),
      ),
    ];
  });
  return section(
    'budgets',
    'Budgets',
    `${tableMarkup('Verdict of the budgets', columns, rows)}${grown.join('')}`,
  );
}

function detailsOf(result: BudgetResult, origin: TimeOrigin): string {
  const { reason, hint, owner, description, exceeded } = result;
  const first = exceeded === undefined ? undefined : describeFirst(exceeded, origin);
  return [
    ...(description === undefined ? [] : [description]),
    ...(owner === undefined ? [] : [`owner: ${owner}`]),
    ...(reason === undefined ? [] : [reason]),
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
    ...(exceeded === undefined ? [] : [describeMoment(exceeded, origin)]),
    ...(first === undefined ? [] : [`first exceeded ${first}`]),
    ...(describeRuns(result) === undefined ? [] : [describeRuns(result) ?? '']),
  ].join('; ');
}

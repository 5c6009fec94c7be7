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
import { escapeName, escapeText, tableMarkup } from '../draw/markup.ts';
import type { PageInput, PageRun } from './page-input.ts';
import { section } from './section.ts';

/** The summary: a tile for each figure. */
export function summarySection({ verdict, runs, facts = [] }: PageInput): string {
  const tiles = runs.length === 1 && runs[0] !== undefined ? tilesOfRun(runs[0]) : [];
  const times = verdict === undefined ? undefined : describeTimes(verdict);
  const rows: [string, string][] = [
    ...(verdict === undefined
      ? []
      : ([
          ['Outcome', describeOutcome(verdict)],
          ['Target', describeTarget(verdict)],
          ['cmemstat', describeExit(verdict)],
          ...(times === undefined ? [] : [['Time', times]]),
        ] as [string, string][])),
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

function tilesOfRun({ model, summary }: PageRun): [string, string][] {
  const maxima = summary?.maxima ?? {};
  const maximum = (id: string) => maxima[id] ?? highestOf(model.series.channels[id]?.max);
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

function highestOf(values: Float64Array | undefined): number | undefined {
  let highest: number | undefined;
  for (const value of values ?? []) if (value > (highest ?? -1)) highest = value;
  return highest;
}

function rowsOfRun({ summary, model }: PageRun): [string, string][] {
  if (summary === undefined)
    return [['Recording', 'ends before its summary: the run was still going on, or cmemstat was killed']];
  const { peak, averages, growth = {}, events = {}, processes, outlived, samples, stallUs } = summary;
  const listed = (values: Record<string, number>, format: (value: number) => string) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${format(value)}`)
      .join(', ');
  const happened = Object.entries(events).filter(([, count]) => count > 0);
  return [
    ...(peak === undefined
      ? []
      : ([
          [
            'Peak',
            `${formatBytes(peak.bytes)}, ${peakNote(summary)}${peak.unseenBytes === undefined ? '' : `; ${formatBytes(peak.unseenBytes)} of it fell between two readings`}`,
          ],
        ] as [string, string][])),
    ['Averages', listed(averages, formatBytes)],
    ...(Object.keys(growth).length === 0
      ? []
      : ([
          [
            'Growth',
            `${listed(growth, formatBytes)} per minute, over the second half${summary.restarts === undefined ? '' : ' of the last cgroup'}`,
          ],
        ] as [string, string][])),
    [
      'Events',
      happened.length === 0 ? 'none' : happened.map(([name, count]) => `${name} ${count}`).join(', '),
    ],
    ...(stallUs?.some === undefined
      ? []
      : ([
          [
            'Waited for memory',
            `${formatDuration(stallUs.some / 1000)} (some), ${formatDuration((stallUs.full ?? 0) / 1000)} (full)`,
          ],
        ] as [string, string][])),
    ...(processes === undefined
      ? []
      : ([['Processes, at most', String(processes.max)]] as [string, string][])),
    ...(outlived.length === 0
      ? []
      : ([['Outlived the target', outlived.map(({ comm, pid }) => `${comm} (${pid})`).join(', ')]] as [
          string,
          string,
        ][])),
    [
      'Samples',
      `${samples.count}, ${samples.late} late, ${samples.missed} missed, longest gap ${formatDuration(samples.longestGapMs)}`,
    ],
    ...(model.eventsOmitted === 0
      ? []
      : ([['Events not listed', String(model.eventsOmitted)]] as [string, string][])),
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

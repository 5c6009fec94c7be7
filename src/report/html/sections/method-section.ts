/** The host, how each figure was measured, and what is missing. */
import { formatShortCommand } from '../../../format/safe-text.ts';
import { formatBytes, formatDuration } from '../../../format/units.ts';
import { FIELDS } from '../../../model/field-catalogue.ts';
import { escapeName, escapeText, tableMarkup } from '../draw/markup.ts';
import type { PageInput, PageRun } from './page-input.ts';
import { fact, section } from './section.ts';
import { factTable } from './summary-section.ts';

/** Runs whose host is listed. */
const MAX_RUNS = 4;

/** The host of each run, and where its figures come from. */
export function methodSection({ runs }: PageInput): string {
  const parts = runs
    .slice(0, MAX_RUNS)
    .map(
      (run) =>
        `${factTable(runs.length > 1 ? `Host of ${run.model.label}` : 'Host and run', hostRows(run))}${sourceTable(run, runs.length > 1)}`,
    );
  return section('method', 'Host and method', parts.join(''));
}

function hostRows({ start, summary }: PageRun): [string, string][] {
  const {
    host,
    mode,
    placement,
    attached,
    intervalMs,
    bpfIntervalMs,
    processIntervalMs,
    leaf,
    time,
    cmemstat,
    command,
  } = start;
  return [
    ['Command', formatShortCommand(command)],
    ['Started', time],
    [
      'Host',
      `Linux ${host.kernel}, ${host.arch}, ${host.cpus} CPUs (${host.possibleCpus} possible), pages of ${host.pageSizeBytes} B, ${formatBytes(host.memTotalBytes)} of memory`,
    ],
    ['Mode', `${mode}, ${placement.kind}: ${placement.reason}`],
    ...fact('Cgroup', leaf),
    ...fact('Attached to', attached && `${attached.target}; peak since its ${attached.peakSince}`),
    [
      'Intervals',
      [
        `samples ${formatDuration(intervalMs)}`,
        bpfIntervalMs === undefined ? 'BPF memory not read' : `BPF memory ${formatDuration(bpfIntervalMs)}`,
        processIntervalMs === undefined
          ? 'processes not recorded'
          : `processes ${formatDuration(processIntervalMs)}`,
      ].join(', '),
    ],
    ...fact(
      'Readings between samples',
      summary?.samples.readings === undefined
        ? undefined
        : `${summary.samples.readings}, at most ${formatDuration(summary.samples.longestReadingGapMs ?? 0)} apart; their maxima are in the timeline`,
    ),
    ['cmemstat', cmemstat],
  ];
}

function sourceTable({ start, summary, model }: PageRun, isOneOfSeveral: boolean): string {
  const sources = new Map(
    FIELDS.flatMap(({ id, meaning, source }) => {
      const from = summary?.sources[id] ?? source[start.mode];
      return from === undefined ? [] : [[id, { from, meaning }] as const];
    }),
  );
  for (const [id, from] of Object.entries(summary?.sources ?? {}))
    if (!sources.has(id)) sources.set(id, { from, meaning: '' });
  const absent = FIELDS.filter(
    ({ id, source, since }) =>
      source[start.mode] !== undefined && since !== undefined && isMissing(model, id),
  );
  const rows = [...sources].map(([id, { from, meaning }]) => [
    escapeName(id),
    escapeText(meaning),
    escapeName(from),
  ]);
  const missing =
    absent.length === 0
      ? ''
      : `<p>Not in this recording: ${absent.map(({ id, since }) => `${id} (since Linux ${since})`).join(', ')}.</p>`;
  return `${tableMarkup(isOneOfSeveral ? `Sources of ${model.label}` : 'How each figure was measured', [{ heading: 'Figure' }, { heading: 'Meaning' }, { heading: 'Source' }], rows)}${missing}<p>BPF memory in the timeline is that of the last reading. Colours and sizes of the composition are those of the last sample up to the time shown.</p>`;
}

function isMissing({ series }: PageRun['model'], id: string): boolean {
  return series.channels[id]?.last.every((value) => Number.isNaN(value)) === true;
}

/** Warnings, and what was left out. */
export function noteSection({ notes, verdict, runs }: PageInput): string {
  const warnings = [
    ...(verdict?.warnings ?? runs.flatMap(({ summary }) => summary?.warnings ?? [])),
    ...(verdict?.faults ?? []),
    ...notes,
  ];
  const shown = [...new Set(warnings)];
  if (shown.length === 0) return '';
  const MAX = 100;
  const more = shown.length > MAX ? `<li>${shown.length - MAX} more</li>` : '';
  return section(
    'notes',
    'Notes and warnings',
    `<ul>${shown
      .slice(0, MAX)
      .map((text) => `<li>${escapeText(text.slice(0, 1000))}</li>`)
      .join('')}${more}</ul>`,
  );
}

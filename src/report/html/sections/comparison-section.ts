/** Recordings side by side, and the comparison with a baseline. */
import { plural } from '../../../format/plural.ts';
import { formatBytes, formatDuration } from '../../../format/units.ts';
import { type Comparison, isBeyondNoise, type MetricDifference } from '../../../model/comparison.ts';
import type { NamesComparison } from '../../../model/explain/name-differences.ts';
import { momentText } from '../../../output/moment-text.ts';
import {
  formatProbability,
  formatQuantity,
  formatSide,
  formatSigned,
  formatSignedPercent,
} from '../../wording.ts';
import { LINES } from '../data/channels.ts';
import { maximaByName } from '../data/entity-history.ts';
import { MAP_WIDTH, PROCESS_WIDTH } from '../data/page-model.ts';
import { escapeName, escapeText, tableMarkup } from '../draw/markup.ts';
import type { PageInput, PageRun } from './page-input.ts';
import { details, section } from './section.ts';
import { maximumOf } from './summary-section.ts';

const WORDS: Readonly<Record<MetricDifference['verdict'], string>> = {
  regressed: 'REGRESSED',
  'within-noise': 'within noise',
  passed: 'passed',
  improved: 'improved',
  'not-evaluated': 'not evaluated',
  'not-measured': 'NOT MEASURED',
};

/** All comparisons of the page. */
export function comparisonSection({ verdict, runs }: PageInput): string {
  const comparison = verdict?.comparison;
  const parts = [
    ...(runs.length > 1 ? [recordingTable(runs), nameGrowth(runs)] : []),
    ...(comparison === undefined ? [] : [baselinePart(comparison)]),
  ];
  return section('comparison', 'Comparison', parts.join(''));
}

function recordingTable(runs: readonly PageRun[]): string {
  const rows = ['peak', ...LINES.map(({ id }) => id)].flatMap((id) => {
    const values = runs.map((run) => (id === 'peak' ? run.model.peak?.bytes : maximumOf(run, id)));
    if (values.every((value) => value === undefined || value === 0)) return [];
    const [first, last] = [values[0], values.at(-1)];
    const change = first === undefined || last === undefined ? '-' : formatSigned(last - first, 'bytes');
    return [
      [
        escapeText(id),
        ...values.map((value) => (value === undefined ? '-' : formatBytes(value))),
        escapeText(change),
      ],
    ];
  });
  rows.push(['duration', ...runs.map(({ model }) => formatDuration(model.durationMs)), '']);
  return tableMarkup(
    'Maxima of the recordings',
    [
      { heading: 'Metric' },
      ...runs.map(({ model }) => ({ heading: cut(model.label), isNumber: true })),
      { heading: 'Last less first', isNumber: true },
    ],
    rows,
  );
}

function cut(label: string): string {
  return label.length <= 60 ? label : `...${label.slice(-57)}`;
}

/** Rows of what grew by name. */
const MAX_NAMES = 40;

function prefixed(kind: string, unnamed: string, sizes: ReadonlyMap<string, number>): [string, number][] {
  return Array.from(sizes, ([name, bytes]) => [`${kind}\0${name || unnamed}`, bytes]);
}

/** BPF maps and processes by name: their maxima in the first and in the last recording. */
function nameGrowth(runs: readonly PageRun[]): string {
  const [first, last] = [runs[0], runs.at(-1)];
  if (first === undefined || last === undefined) return '';
  const sums = ({ model }: PageRun) => {
    const { maps, processes } = model;
    return new Map([
      ...prefixed('BPF map', '(no name)', maximaByName(maps, maps.entities, MAP_WIDTH)),
      ...prefixed('process', '-', maximaByName(processes, processes.entities, PROCESS_WIDTH)),
    ]);
  };
  const [before, after] = [sums(first), sums(last)];
  const rows = [...new Set([...before.keys(), ...after.keys()])]
    .map((key) => ({ key, was: before.get(key) ?? 0, is: after.get(key) ?? 0 }))
    .filter(({ was, is }) => was !== is)
    .sort((a, b) => Math.abs(b.is - b.was) - Math.abs(a.is - a.was));
  if (rows.length === 0) return '';
  const shown = rows.slice(0, MAX_NAMES).map(({ key, was, is }) => {
    const [kind = '', name = ''] = key.split('\0');
    return [
      escapeName(name),
      escapeText(kind),
      formatBytes(was),
      formatBytes(is),
      escapeText(formatSigned(is - was, 'bytes')),
    ];
  });
  const hidden = rows.length - shown.length;
  return `${tableMarkup(
    'What grew by name, from the first to the last recording: maxima of the sums of BPF maps (size) and processes (RSS)',
    [
      { heading: 'Name' },
      { heading: 'What it is' },
      { heading: 'First', isNumber: true },
      { heading: 'Last', isNumber: true },
      { heading: 'Difference', isNumber: true },
    ],
    shown,
  )}${hidden === 0 ? '' : `<p>${hidden} smaller differences are not listed.</p>`}`;
}

function baselinePart({ base, now, doubts, metrics, names }: Comparison): string {
  const isNews = (each: MetricDifference) =>
    (each.verdict !== 'passed' && each.verdict !== 'not-evaluated') || isBeyondNoise(each);
  const news = metrics.filter(isNews);
  const rest = metrics.filter((each) => !isNews(each));
  const list =
    doubts.length === 0
      ? ''
      : `<ul>${doubts.map((doubt) => `<li>Doubtful: ${escapeText(doubt)}</li>`).join('')}</ul>`;
  return `<h3>Against ${escapeName(base.name)}</h3><p>${plural(base.runs, 'run')} there, ${plural(now.runs, 'run')} here. p is that of a rank test, adjusted for the number of metrics (Holm); it needs three runs on each side.</p>${list}${news.length === 0 ? '<p>No metric differs beyond the noise.</p>' : metricTable('Metrics that differ', news)}${rest.length === 0 ? '' : details(`${plural(rest.length, 'metric')} unchanged`, metricTable('Metrics that are unchanged', rest))}${namesTable(names)}`;
}

function metricTable(caption: string, metrics: readonly MetricDifference[]): string {
  const heads = [
    'Metric',
    'Baseline',
    'Now',
    'Difference',
    'Allowed',
    'Noise',
    'p (adjusted)',
    '95 % interval',
    'Verdict',
  ];
  return tableMarkup(
    caption,
    heads.map((heading) => ({ heading, isNumber: heading !== 'Metric' && heading !== 'Verdict' })),
    metrics.map(
      ({ metric, verdict, unit, base, now, difference, percent, allowed, noise, p, adjustedP, interval }) => [
        escapeName(metric),
        formatSide(base, unit),
        formatSide(now, unit),
        difference === undefined
          ? '-'
          : escapeText(
              `${formatSigned(difference, unit)}${percent === undefined ? '' : ` (${formatSignedPercent(percent)})`}`,
            ),
        formatSide(allowed, unit),
        formatQuantity(noise, unit),
        p === undefined
          ? '-'
          : escapeText(
              `${formatProbability(p)}${adjustedP === undefined ? '' : ` (${formatProbability(adjustedP)})`}`,
            ),
        interval === undefined
          ? '-'
          : escapeText(`${formatSigned(interval[0], unit)} to ${formatSigned(interval[1], unit)}`),
        `<span class="status ${verdict}">${WORDS[verdict]}</span>`,
      ],
    ),
  );
}

function namesTable(names: NamesComparison | undefined): string {
  if (names === undefined || names.names.length === 0) return '';
  const when = names.moment === undefined ? '' : ` ${momentText(names.moment)}`;
  return tableMarkup(
    `Memory by name${when}`,
    [
      { heading: 'Name' },
      { heading: 'What it is' },
      { heading: 'Baseline', isNumber: true },
      { heading: 'Now', isNumber: true },
      { heading: 'Difference', isNumber: true },
    ],
    names.names
      .slice(0, MAX_NAMES)
      .map(({ name, kind, base, now, difference, baseAtMost, nowAtMost }) => [
        escapeName(name),
        escapeText(kind),
        baseAtMost === undefined ? formatBytes(base) : `&lt;= ${formatBytes(baseAtMost)}`,
        nowAtMost === undefined ? formatBytes(now) : `&lt;= ${formatBytes(nowAtMost)}`,
        escapeText(formatSigned(difference, 'bytes')),
      ]),
  );
}

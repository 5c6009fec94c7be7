/** What memory consists of: the charts of a composition, BPF maps and processes. */
import { formatBytes, formatDuration } from '../../../format/units.ts';
import { composeAt, labelOf, viewsOf } from '../data/composition.ts';
import { valuesAt } from '../data/entity-history.ts';
import {
  MAP_WIDTH,
  type MapEntity,
  type NamedTree,
  PROCESS_WIDTH,
  type ProcessEntity,
  type RunModel,
} from '../data/page-model.ts';
import { compositionMarkup } from '../draw/composition-markup.ts';
import { escapeName, escapeText, formatShare, tableMarkup } from '../draw/markup.ts';
import type { PageInput } from './page-input.ts';
import { details, section } from './section.ts';

/** Runs whose composition is in the static part. */
const MAX_RUNS = 4;
const MAX_MAP_ROWS = 1000;
/** The others open on request. */
const FIRST_MAP_ROWS = 25;
const MAX_PROCESS_ROWS = 50;

/** Columns that say something of a run only. */
const OVER_TIME = new Set(['Growth', 'Entries, at most']);

/** Treemap, pie and table at the peak, and by name where the memory was explained. */
export function compositionSection({ runs, trees, threshold }: PageInput): string {
  const parts = [
    ...trees.map((tree) => treePart(tree, threshold)),
    ...runs.slice(0, MAX_RUNS).flatMap(({ model }) => runParts(model, threshold, runs.length > 1)),
  ];
  if (parts.length === 0) return '';
  return section(
    'composition',
    'Composition',
    `<div id="composition-view"></div><div id="composition-static">${parts.join('')}</div>`,
  );
}

function treePart({ label, note, elapsedMs, root }: NamedTree, threshold: number): string {
  const when = elapsedMs === undefined ? '' : `, at ${formatDuration(elapsedMs)}`;
  return `<h3>${escapeName(label)}${when}</h3><p>${escapeText(note)}</p>${compositionMarkup(root, threshold, false)}`;
}

function runParts(model: RunModel, threshold: number, isOneOfSeveral: boolean): string[] {
  const shownMs = model.peak?.elapsedMs ?? model.durationMs;
  const of = isOneOfSeveral ? ` of ${model.label}` : '';
  const composed = viewsOf(model).flatMap((view, index) => {
    const whole = composeAt(model, view, shownMs);
    if (whole === undefined) return [];
    const markup = compositionMarkup(whole, threshold, false);
    const heading = `${labelOf(view)}${of}, at ${formatDuration(shownMs)}`;
    return [index === 0 ? `<h3>${escapeName(heading)}</h3>${markup}` : details(heading, markup)];
  });
  return [...composed, ...model.trees.map((tree) => treePart(tree, threshold))];
}

/** The BPF maps of all runs. */
export function mapsSection({ runs, maps, advice = [] }: PageInput): string {
  const own = maps === undefined || maps.entities.length === 0 ? [] : [mapTable({ maps, label: '' }, false)];
  const ofRuns = runs.flatMap(({ model }) =>
    model.maps.entities.length === 0 ? [] : [mapTable(model, runs.length > 1)],
  );
  const list = [...advice, ...runs.flatMap(({ summary }) => summary?.bpf?.advice ?? [])];
  const shown = list.slice(0, 50).map(({ text, options = [] }) => {
    const changes = options.map(
      ({ change, savesBytes }) => `<li>${escapeName(change)} saves ${formatBytes(savesBytes)}</li>`,
    );
    return `<li>${escapeText(text.slice(0, 500))}${changes.length === 0 ? '' : `<ul>${changes.join('')}</ul>`}</li>`;
  });
  const adviceList = shown.length === 0 ? '' : `<ul>${shown.join('')}</ul>`;
  const tables = [...own, ...ofRuns].join('');
  if (tables === '') return section('advice', 'Advice', adviceList);
  return section('maps', 'BPF maps', `${tables}${adviceList === '' ? '' : `<h3>Advice</h3>${adviceList}`}`);
}

function mapTable({ maps, label }: Pick<RunModel, 'maps' | 'label'>, isOneOfSeveral: boolean): string {
  const isGone = (map: MapEntity) => valuesAt(maps, map, Number.POSITIVE_INFINITY, MAP_WIDTH) === undefined;
  const rows = maps.entities.slice(0, MAX_MAP_ROWS).map((map) => {
    const [, elements = -1, backlog = -1] = lastValues(map);
    const most = mostOfSecond(map, MAP_WIDTH);
    const fill = elements < 0 || map.maxEntries === 0 ? '-' : formatShare(elements / map.maxEntries);
    const notes = [
      ...(map.atLeast === undefined ? [] : ['at least: the kernel understates it']),
      ...(map.uncharged === undefined ? [] : [`${formatBytes(map.uncharged)} not charged to any cgroup`]),
      ...(backlog > 0 ? [`${formatBytes(backlog)} not consumed`] : []),
      ...(isGone(map) ? ['gone before the end'] : []),
    ];
    return [
      escapeName(map.name || '(no name)'),
      String(map.id),
      escapeText(map.type),
      escapeName(map.owners.join(', ') || '-'),
      formatBytes(map.max),
      signed(map.last - map.first),
      String(map.maxEntries),
      elements < 0 ? '-' : String(elements),
      most < 0 ? '-' : String(most),
      fill,
      escapeText(notes.join('; ')),
    ];
  });
  const rest = maps.entities.slice(MAX_MAP_ROWS);
  const hidden = rest.length + maps.omitted;
  const bytes = rest.reduce((sum, { max }) => sum + max, 0);
  const note =
    hidden === 0
      ? ''
      : `<p>${hidden} smaller maps are not listed${rest.length > 0 ? `; ${rest.length} of them have ${formatBytes(bytes)}` : ''}.</p>`;
  const heads = [
    'Map',
    'Id',
    'Type',
    'Owner',
    'Size, at most',
    'Growth',
    'Max. entries',
    'Entries, last',
    'Entries, at most',
    'Fill',
    'Notes',
  ];
  const numbers = new Set([
    'Id',
    'Size, at most',
    'Growth',
    'Max. entries',
    'Entries, last',
    'Entries, at most',
    'Fill',
  ]);
  // A single reading has neither growth nor maxima.
  const isSingle = maps.moments.length <= 1;
  const isShown = (_: unknown, index: number) => !isSingle || !OVER_TIME.has(heads[index] ?? '');
  const columns = heads.map((heading) => ({ heading, isNumber: numbers.has(heading) })).filter(isShown);
  const caption = isOneOfSeveral ? `BPF maps of ${label}` : 'BPF maps';
  const shown = rows.map((cells) => cells.filter(isShown));
  const first = tableMarkup(caption, columns, shown.slice(0, FIRST_MAP_ROWS));
  const others = shown.slice(FIRST_MAP_ROWS);
  const more =
    others.length === 0
      ? ''
      : details(`${others.length} more maps`, tableMarkup(`${caption}, continued`, columns, others));
  return `${first}${more}${note}`;
}

/** The values of the last reading in which it existed. */
function lastValues({ changes }: MapEntity): number[] {
  const step = MAP_WIDTH + 1;
  for (let at = changes.length - step; at >= 0; at -= step) {
    if (changes[at + 1] !== -1) return changes.slice(at + 1, at + step);
  }
  return [];
}

/** The maximum of the second value: elements of a map, PSS of a process; -1 if it is not known. */
function mostOfSecond({ changes }: MapEntity | ProcessEntity, width: number): number {
  let most = -1;
  for (let at = 2; at < changes.length; at += width + 1) most = Math.max(most, changes[at] as number);
  return most;
}

function signed(bytes: number): string {
  return bytes === 0 ? '0' : `${bytes > 0 ? '+' : ''}${formatBytes(bytes)}`;
}

/** The containers of pods. */
export function containerSection({ runs }: PageInput): string {
  const tables = runs.flatMap(({ model: { containers, label } }) => {
    if (containers.entities.length === 0) return [];
    const rows = containers.entities.map(({ name, cgroup, max, maxMs, first, last }) => [
      escapeName(name),
      formatBytes(max),
      formatDuration(maxMs),
      formatBytes(last),
      signed(last - first),
      escapeName(cgroup),
    ]);
    const columns = [
      { heading: 'Container' },
      ...['Size, at most', 'When', 'Last size', 'Growth'].map((heading) => ({ heading, isNumber: true })),
      { heading: 'Cgroup' },
    ];
    return [tableMarkup(runs.length > 1 ? `Containers of ${label}` : 'Containers', columns, rows)];
  });
  return section('containers', 'Containers', tables.join(''));
}

/** The processes of all runs. */
export function processSection({ runs }: PageInput): string {
  const tables = runs.flatMap(({ model }) => {
    const { entities, omitted } = model.processes;
    if (entities.length === 0) return [];
    const rows = entities
      .slice(0, MAX_PROCESS_ROWS)
      .map((entity) => [
        escapeName(entity.name || '-'),
        String(entity.id),
        formatBytes(entity.max),
        formatPss(entity),
        formatDuration(entity.maxMs),
        signed(entity.last - entity.first),
        escapeName(entity.user ?? '-'),
        escapeName(entity.command ?? '-'),
      ]);
    const hidden = entities.length - rows.length + omitted;
    const heads = [
      'Process',
      'Pid',
      'RSS, at most',
      'PSS, at most',
      'When',
      'Growth of RSS',
      'User',
      'Command',
    ];
    const table = tableMarkup(
      runs.length > 1 ? `Processes of ${model.label}` : 'Processes',
      heads.map((heading) => ({ heading, isNumber: /Pid|RSS|PSS|When/.test(heading) })),
      rows,
    );
    return [`${table}${hidden === 0 ? '' : `<p>${hidden} smaller processes are not listed.</p>`}`];
  });
  return section('processes', 'Processes', tables.join(''));
}

function formatPss(entity: ProcessEntity): string {
  const most = mostOfSecond(entity, PROCESS_WIDTH);
  return most < 0 ? '-' : formatBytes(most);
}

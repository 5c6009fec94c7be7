/** All details of one BPF map, with advice. */
import { formatMapFlags } from '../../format/map-flags.ts';
import { formatDuration } from '../../format/units.ts';
import type { BpfAdvice } from '../../model/bpf-advice.ts';
import type { LiveMap } from '../../model/recording.ts';
import { mapFill, mapGrowth } from '../state/lists.ts';
import type { MapEntry, View } from '../state/view.ts';
import { fitLine } from '../text/cells.ts';
import type { Line, Span } from '../text/line.ts';
import { gauge, shownText } from '../text/shown-text.ts';
import { formatShare, formatSize, growthText } from './figure-text.ts';
import { renderWrapped } from './pieces.ts';

const LABEL = 14;

const GAUGE = 20;

/** The lines of the page. */
export function mapLines(view: View, id: number, width: number): Line[] {
  const entry = view.data.maps.get(id);
  const lines =
    entry === undefined
      ? [fitLine([{ text: `  Map ${id} no longer exists.`, style: 'warning' }], width)]
      : renderFacts(view, entry, width);
  return [...lines, ...renderAdvice(view, id, width)];
}

function renderFacts(view: View, entry: MapEntry, width: number): Line[] {
  const { row } = entry;
  const { unicode } = view;
  const fact = (label: string, text: string, style?: Span['style']) =>
    renderWrapped(
      { text: `  ${label}`.padEnd(LABEL), style: 'dim' },
      { text: shownText(text, unicode), ...(style === undefined ? {} : { style }) },
      width,
    );
  const lines = [
    ...fact('name', row.name === '' ? '(no name)' : row.name, 'strong'),
    ...fact('id', String(row.id)),
    ...fact('type', row.type),
    ...fact('definition', definitionOf(view, row)),
    ...fact('flags', formatMapFlags(row.map_flags)),
    fitLine([], width),
    ...fact('bytes', bytesOf(view, row), 'strong'),
    ...fact('uncharged', unchargedOf(view, row), row.unchargedBytes > 0 ? 'warning' : undefined),
    ...fact('peak', peakOf(view, entry)),
    ...fact('growth', growthText(mapGrowth(view, entry), view.ui.units)),
    ...fact(row.backlogBytes === undefined ? 'elements' : 'waiting', useOf(view, entry)),
  ];
  const fill = mapFill(row);
  if (fill !== undefined) {
    const bar = gauge(fill, GAUGE, unicode);
    lines.push(fitLine([{ text: ' '.repeat(LABEL) }, { text: bar, style: 'bpf-maps' }], width));
  }
  return [
    ...lines,
    fitLine([], width),
    ...fact('charged to', chargedTo(row)),
    ...fact('held by', holdersOf(row)),
    ...fact('programs', programsOf(row)),
  ];
}

function definitionOf({ ui: { units } }: View, row: LiveMap): string {
  if (row.backlogBytes !== undefined || row.type.endsWith('ringbuf')) {
    return `capacity ${formatSize(row.max_entries, units)}`;
  }
  return `key ${row.key_size} bytes, value ${row.value_size} bytes, max_entries ${row.max_entries}`;
}

function bytesOf({ data, ui: { units } }: View, row: LiveMap): string {
  let total = 0;
  for (const other of data.maps.values()) total += other.row.bytes;
  const least = row.atLeast === true ? 'at least ' : '';
  return `${least}${formatSize(row.bytes, units)}, ${formatShare(row.bytes, total)} of the run's maps (by ${row.source})`;
}

function unchargedOf({ ui: { units } }: View, { unchargedBytes }: LiveMap): string {
  return unchargedBytes === 0
    ? 'none: all of it is charged to a cgroup'
    : `${formatSize(unchargedBytes, units)} is charged to no cgroup (preallocated per CPU)`;
}

function peakOf({ ui: { units } }: View, { peakBytes, seenMs, firstBytes }: MapEntry): string {
  return `${formatSize(peakBytes, units)}; first seen at ${formatDuration(seenMs)} with ${formatSize(firstBytes, units)}`;
}

function useOf(view: View, { row, firstElements }: MapEntry): string {
  const { units } = view.ui;
  if (row.backlogBytes !== undefined) {
    return `${formatSize(row.backlogBytes, units)} of ${formatSize(row.max_entries, units)} (${formatShare(mapFill(row), 1)})`;
  }
  if (row.elements === undefined) return `not reported by the kernel; capacity ${row.max_entries}`;
  const first = firstElements === undefined ? '' : `; ${firstElements} when it was first seen`;
  return `${row.elements} of ${row.max_entries} (${formatShare(mapFill(row), 1)})${first}`;
}

function chargedTo({ elsewhere, cgroup, orphaned }: LiveMap): string {
  if (orphaned === true) return 'a cgroup that was removed: one above it pays (orphaned)';
  if (elsewhere === true) return 'another cgroup: created by another process, or before the run';
  return cgroup === undefined ? 'the cgroup of the run' : `the nested cgroup ${cgroup}`;
}

function holdersOf({ holders, anonymous }: LiveMap): string {
  const named = (holders ?? []).map(({ pid, comm }) => `${comm} (${pid})`).join(', ');
  if (named !== '') return named;
  if (anonymous === true) return 'only programs (anonymous: no process, no pin)';
  return holders === undefined ? 'not read' : 'no process of the run';
}

function programsOf({ programs }: LiveMap): string {
  if (programs === undefined) return 'not read';
  return programs.map(({ id, name }) => `${name || '(no name)'} (${id})`).join(', ') || 'none';
}

/** The advice on this map. */
function renderAdvice(view: View, id: number, width: number): Line[] {
  const { advice, unicode } = view;
  const { units } = view.ui;
  const about = advice?.filter(({ maps }) => maps.some((map) => map.id === id)) ?? [];
  const heading = fitLine([{ text: '  Advice', style: 'title' }], width);
  if (about.length === 0) {
    const text = advice === undefined ? '  Not available.' : '  No savings found.';
    return [fitLine([], width), heading, fitLine([{ text, style: 'dim' }], width)];
  }
  const item = (lead: string, text: string, style?: Span['style']) =>
    renderWrapped(
      { text: lead },
      { text: shownText(text, unicode), ...(style === undefined ? {} : { style }) },
      width,
    );
  return [
    fitLine([], width),
    heading,
    ...about.flatMap(({ text, maps, options = [], projection = [] }: BpfAdvice) => [
      ...item('  - ', `${text}${maps.length > 1 ? ` (${maps.length} maps)` : ''}`),
      ...options.flatMap(({ change, savesBytes }) =>
        item('      ', `${change}: saves ${formatSize(savesBytes, units)}`, 'good'),
      ),
      ...projection.flatMap(({ possibleCpus, bytes, unchargedPercpuBytes }) =>
        item(
          '      ',
          `with ${possibleCpus} CPUs: ${formatSize(bytes, units)}, ${formatSize(unchargedPercpuBytes, units)} of it charged to no cgroup`,
          'dim',
        ),
      ),
    ]),
  ];
}

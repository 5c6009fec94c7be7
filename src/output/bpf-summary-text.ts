/** Formats the BPF memory of a summary as text. */
import { hintSuffix } from '../format/hint.ts';
import { plural } from '../format/plural.ts';
import { safeText } from '../format/safe-text.ts';
import type { BpfAdvice } from '../model/bpf-advice.ts';
import type { BpfCount, BpfSize } from '../model/bpf-totals.ts';
import type { BpfSummary, LeftoverMap, RunMap, SummaryRecord } from '../model/recording.ts';
import { type FormatSize, SIZE_WIDTH } from './summary-columns.ts';

/** Maximum number of maps shown individually; the JSON contains more. */
const MAX_SHOWN_MAPS = 5;

/** The lines of a summary about BPF memory; none if it was not requested. */
export function renderBpf(summary: SummaryRecord, size: FormatSize): string[] {
  const { bpf } = summary;
  if (bpf === undefined) return [];
  if (bpf.unavailable !== undefined) {
    return [`  bpf: not measured: ${safeText(bpf.unavailable)}${hintSuffix(bpf.hint, safeText)}`];
  }
  const { heldPeak, last, maps = [], advice = [], leftovers = [] } = bpf;
  const lines = [
    ...renderCharged(bpf, size),
    ...maps.slice(0, MAX_SHOWN_MAPS).map((map) => renderMap(map, size)),
  ];
  if (heldPeak !== undefined && bpf.runningReadings !== 0)
    lines.push(`  bpf held by the target at most: ${describeHeld(heldPeak, size)} (memlock in fdinfo)`);
  if (last?.host !== undefined) lines.push(`  bpf on this host at the end: ${describeHeld(last.host, size)}`);
  return [
    ...lines,
    ...advice.flatMap((each) => renderAdvice(each, size)),
    ...leftovers.map((leftover) => `  LEFT BEHIND: ${describeLeftover(leftover, size)}`),
  ];
}

/** The largest charge of the leaf; undefined if it is unknown. */
export function describeLargest({ largest }: BpfSummary, size: FormatSize): string | undefined {
  if (largest?.charged === undefined) return undefined;
  const { maps, programs } = largest.charged;
  return `${describeSize(maps, size)}, ${plural(programs.count, 'program')} ${size(programs.bytes)}`;
}

/** Memory charged to the leaf at the maximum reading, and uncharged memory. */
function renderCharged(bpf: BpfSummary, size: FormatSize): string[] {
  const { largest, heldElsewhere, orphaned, reason } = bpf;
  const lines: string[] = [];
  const charged = describeLargest(bpf, size);
  if (charged !== undefined) {
    lines.push(
      bpf.runningReadings === 0
        ? `  bpf after the target exited: ${charged} (the run was too short)`
        : `  bpf charged to the cgroup at most: ${charged}`,
    );
  } else if (reason !== undefined) lines.push(`  bpf charged to the cgroup: unknown: ${safeText(reason)}`);
  const aside: [BpfSummary['orphaned'], string][] = [
    [largest?.uncharged?.maps, 'charged to no cgroup (preallocated per CPU)'],
    [heldElsewhere ?? largest?.heldElsewhere?.maps, 'held, but charged elsewhere, at most'],
    [orphaned, 'orphaned (their own cgroup was removed, and one above it pays), at most'],
    [largest?.anonymous?.maps, 'held only by programs'],
  ];
  for (const [of, what] of aside) {
    if (of === undefined || of.count === 0) continue;
    lines.push(`    ${what}: ${describeSize(of, size)}`, ...renderNames(of.names, size));
  }
  return lines;
}

/** A number of maps and their size. */
export function describeSize({ count, bytes, atLeast }: BpfSize, size: FormatSize): string {
  return `${plural(count, 'map')}${atLeast === true ? ' at least' : ''} ${size(bytes)}`;
}

function renderNames(names: Record<string, number> = {}, size: FormatSize): string[] {
  return Object.entries(names)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MAX_SHOWN_MAPS)
    .map(([name, bytes]) => `    ${size(bytes).padStart(SIZE_WIDTH)}  ${safeText(name) || '(no name)'}`);
}

function renderMap({ bytes, atLeast, name, type, elements, max_entries }: RunMap, size: FormatSize): string {
  const used = elements === undefined ? '' : `, ${elements} of ${max_entries} elements`;
  return `    ${size(bytes).padStart(SIZE_WIDTH)}  ${safeText(name) || '(no name)'}  ${type}${used}${atLeast === true ? ', at least' : ''}`;
}

/** What the processes of the run held. */
export function describeHeld(
  { maps, programs }: { maps: BpfCount; programs: BpfCount },
  size: FormatSize,
): string {
  return `${plural(maps.count, 'map')} ${size(maps.memlock)}, ${plural(programs.count, 'program')} ${size(programs.memlock)}`;
}

function renderAdvice({ text, options = [], projection = [] }: BpfAdvice, size: FormatSize): string[] {
  const larger = projection.map(({ possibleCpus, bytes }) => `${possibleCpus} CPUs ${size(bytes)}`);
  return [
    `  advice: ${safeText(text)}`,
    ...options.map(({ change, savesBytes }) => `    ${safeText(change)}: saves ${size(savesBytes)}`),
    ...(larger.length > 0 ? [`    on larger machines: ${larger.join(', ')}`] : []),
  ];
}

function describeLeftover(map: LeftoverMap, size: FormatSize): string {
  const by = [
    ...map.pinned.map((path) => `pinned at ${path}`),
    ...map.programs.map(({ id, name }) => `used by program ${id} ${name}`),
    ...map.links.map(({ id, type }) => `held by link ${id} (${type})`),
    ...map.holders.map(({ pid, comm }) => `held by process ${pid} (${comm})`),
  ];
  return safeText(
    `map ${map.id} ${map.name || '(no name)'} ${map.type}, ${size(map.bytes)}: ${by.join(', ') || 'holder unknown'}`,
  );
}

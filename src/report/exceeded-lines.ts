/** An exceeded limit as lines of text, for the text report and the bodies of test cases. */
import { formatBytes } from '../format/units.ts';
import type { BpfAdvice } from '../model/bpf-advice.ts';
import type { BreakdownLine, Exceedance, Grown } from '../model/verdict.ts';
import { grownNameLines } from './grown-names-text.ts';
import { oneLine } from './outside-text.ts';
import {
  describeFirst,
  describeMoment,
  describeShare,
  formatShown,
  formatSigned,
  recordingHint,
  type TimeOrigin,
} from './wording.ts';

const SIZE_WIDTH = 10;

/** The lines, indented by two spaces per level. */
export function exceedanceLines(exceeded: Exceedance, origin: TimeOrigin, metric = ''): string[] {
  const first = describeFirst(exceeded, origin);
  return [
    `when: ${describeMoment(exceeded, origin)}`,
    ...(first === undefined ? [] : [`first exceeded: ${first}`]),
    ...breakdownLines(exceeded),
    ...grownLines('processes that grew most (RSS)', exceeded, exceeded.processes, metric),
    ...grownLines(
      metric === 'leftover' ? 'maps left behind' : 'BPF maps that grew most',
      exceeded,
      exceeded.maps,
      metric,
    ),
    ...grownNameLines(exceeded.names, origin),
    ...exceeded.advice.flatMap(adviceLines),
    exceeded.replay === undefined
      ? `hint: ${describeRecording(exceeded)}`
      : `replay: ${oneLine(exceeded.replay)}`,
  ];
}

function describeRecording(exceeded: Exceedance): string {
  const { option, replay } = recordingHint(exceeded);
  return `record with ${option}, then ${replay}`;
}

function breakdownLines(exceeded: Exceedance): string[] {
  const { breakdown } = exceeded;
  if (breakdown.length === 0) return [];
  const labels = breakdown.map(({ id }, at) => `${isPart(breakdown, at) ? '  ' : ''}${oneLine(id)}`);
  const width = Math.max(...labels.map((label) => label.length));
  const hasBaseline = breakdown.some(({ baselineBytes }) => baselineBytes !== undefined);
  return [
    `at ${formatShown(exceeded)}${hasBaseline ? ', beside the baseline and the difference' : ''}:`,
    ...breakdown.map((line, at) => breakdownRow(line, (labels[at] ?? '').padEnd(width))),
  ];
}

/** `shmem` is part of `file`; the figures after `kernel` up to `unexplained` are parts of `kernel`. */
function isPart(breakdown: readonly BreakdownLine[], at: number): boolean {
  const placeOf = (wanted: string) => breakdown.findIndex(({ id }) => id === wanted);
  const kernel = placeOf('kernel');
  return placeOf('shmem') === at || (kernel >= 0 && at > kernel && at <= placeOf('unexplained'));
}

function breakdownRow({ bytes, baselineBytes }: BreakdownLine, label: string): string {
  const row = `  ${label}  ${formatBytes(bytes).padStart(SIZE_WIDTH)}`;
  if (baselineBytes === undefined) return row;
  const change = formatSigned(bytes - baselineBytes, 'bytes');
  return `${row}  ${formatBytes(baselineBytes).padStart(SIZE_WIDTH)}  ${change.padStart(SIZE_WIDTH + 1)}`;
}

function grownLines(
  heading: string,
  exceeded: Exceedance,
  grown: readonly Grown[],
  metric: string,
): string[] {
  if (grown.length === 0) return [];
  const share = describeShare(exceeded, grown, metric, grown === exceeded.processes);
  return [
    `${heading}${share === undefined ? '' : `, ${share}`}:`,
    ...grown.map((each) => {
      const change = formatSigned(each.toBytes - each.fromBytes, 'bytes').padStart(SIZE_WIDTH + 1);
      return `  ${change}  ${nameOfGrown(each)}: ${formatBytes(each.fromBytes)} -> ${formatBytes(each.toBytes)}`;
    }),
  ];
}

/** A process or map: its name and id. */
export function nameOfGrown({ name, id }: Grown): string {
  const named = oneLine(name) || '(no name)';
  return id === undefined ? named : `${named} (${id})`;
}

function adviceLines({ text, options = [], projection = [] }: BpfAdvice): string[] {
  return [
    `advice: ${oneLine(text)}`,
    ...options.map(({ change, savesBytes }) => `  ${oneLine(change)}: saves ${formatBytes(savesBytes)}`),
    ...(projection.length === 0 ? [] : [`  ${describeProjection(projection)}`]),
  ];
}

/** The size of per-CPU maps on larger machines. */
export function describeProjection(projection: NonNullable<BpfAdvice['projection']>): string {
  const larger = projection.map(({ possibleCpus, bytes }) => `${possibleCpus} CPUs ${formatBytes(bytes)}`);
  return `on larger machines: ${larger.join(', ')}`;
}

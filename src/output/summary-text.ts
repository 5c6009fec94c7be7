/** Formats the summary and single events as text. */
import { plural } from '../format/plural.ts';
import { formatShortCommand, safeText } from '../format/safe-text.ts';
import { formatBytes, formatDuration } from '../format/units.ts';
import { cutMiddle } from '../format/wrap-lines.ts';
import type { CpuTime } from '../kernel/cgroup2/cpu-stat.ts';
import type { ExplainedMoment } from '../model/explain/explain-record.ts';
import { figureOf } from '../model/figures.ts';
import type { KernelBreakdown } from '../model/kernel-breakdown.ts';
import type { OutlivingProcess } from '../model/recorded-processes.ts';
import type { EventRecord, SummaryRecord } from '../model/recording.ts';
import type { AttachedSegment, AttachedTo, ContainerSummary, Restarts } from '../model/restarts.ts';
import { renderBpf } from './bpf-summary-text.ts';
import { momentText } from './moment-text.ts';
import { type FormatSize, renderRow, SIZE_WIDTH } from './summary-columns.ts';

/** The format of sizes. */
export interface SummaryStyle {
  plainBytes: boolean;
}

/** The rows of the breakdown in display order, with their nesting depth. */
const BREAKDOWN: readonly { id: string; depth: number }[] = [
  { id: 'current', depth: 0 },
  { id: 'workingset', depth: 0 },
  { id: 'anon', depth: 0 },
  { id: 'file', depth: 0 },
  { id: 'shmem', depth: 1 },
  { id: 'inactive_file', depth: 1 },
  { id: 'kernel', depth: 0 },
  { id: 'sock', depth: 0 },
  { id: 'swap', depth: 0 },
  { id: 'rss', depth: 0 },
  { id: 'pss', depth: 0 },
];

const SHOWN_AVERAGES = ['current', 'workingset', 'anon', 'file', 'kernel', 'rss', 'pss'];

const SHOWN_MAXIMA = ['anon', 'file', 'kernel', 'workingset'];

/** Shown only if there was any, so that the line fits a terminal of 80 columns. */
const SHOWN_RARE_MAXIMA = ['swap', 'bpf'];

/** Kinds of kernel memory, for kernels without a total. */
const KERNEL_KINDS = ['slab', 'kernel_stack', 'pagetables', 'percpu'];

/** If the highest sample is below this share of the peak, it does not explain the peak. */
const PEAK_SHARE = 0.9;

/** The summary as lines of text. */
export function renderSummary(summary: SummaryRecord, style: SummaryStyle): string[] {
  const size: FormatSize = (bytes) => (style.plainBytes ? String(bytes) : formatBytes(bytes));
  const { peak, averages } = summary;
  const means = SHOWN_AVERAGES.flatMap((id) =>
    averages[id] === undefined ? [] : [`${id} ${size(averages[id])}`],
  );
  // A recording may contain anything.
  return [
    '',
    `cmemstat: ${formatShortCommand(summary.command)}`,
    ...describeElsewhere(summary).map((line) => `  ${line}`),
    ...renderExit(summary),
    ...(peak === undefined ? [] : [renderRow('peak', size(peak.bytes), peakNote(summary))]),
    ...renderHighest(summary, size),
    ...renderMaxima(summary, size),
    ...(means.length > 0 ? [`  averages: ${means.join(', ')}`] : []),
    ...renderGrowth(summary, size),
    ...renderCounts(summary),
    ...renderBpf(summary, size),
    ...(summary.leftoverFiles ?? []).map(
      ({ name, bytes }) => `  LEFT BEHIND: ${size(bytes)}  ${name}  in memory`,
    ),
    ...(summary.explained ?? []).flatMap((each) => renderExplained(each, size, startOf(summary))),
    renderSampling(summary),
    ...summary.warnings.map((warning) => `  warning: ${warning}`),
  ].map(safeText);
}

/** The maxima of the fast readings; none for recordings without them. */
function renderMaxima({ samples, maxima = {}, peak }: SummaryRecord, size: FormatSize): string[] {
  const { readings, longestReadingGapMs = 0 } = samples;
  if (readings === undefined) return [];
  if (readings === 0) return ['  maxima: none: the target ended before it could be read while it ran'];
  const shown = [...SHOWN_MAXIMA, ...SHOWN_RARE_MAXIMA.filter((id) => maxima[id] !== 0)];
  const parts = shown.flatMap((id) => (maxima[id] === undefined ? [] : [`${id} ${size(maxima[id])}`]));
  const lines = [`  maxima: ${parts.join(', ')}`];
  const unseen = peak?.unseenBytes ?? 0;
  if (unseen > 0) {
    lines.push(
      `    ${size(unseen)} of the peak fell between two readings, up to ${formatDuration(longestReadingGapMs)} apart`,
    );
  }
  return lines;
}

/** What times are counted from. */
function startOf({ attached }: SummaryRecord): string {
  return attached === undefined ? 'launch' : 'attachment';
}

/** Longer paths and commands are shown without their middle. Unit: columns. */
const MAX_NAME = 200;

/** The largest names at one moment (`--explain`). */
function renderExplained(explained: ExplainedMoment, size: FormatSize, start: string): string[] {
  const { moment, elapsedMs, message, method, reason, bytes, names } = explained;
  const what = message === undefined ? '' : ` (${message})`;
  const how = method === 'pages' ? '' : `; without a page scan: ${reason ?? method}`;
  return [
    `  memory by name ${momentText(moment)}${what}, ${formatDuration(elapsedMs)} after the ${start}: ${size(bytes)}${how}`,
    ...names.map(
      ({ name, pid, bytes: part }) =>
        `${size(part).padStart(SIZE_WIDTH)}  ${cutMiddle(name, MAX_NAME)}${pid === undefined ? '' : ` (${pid})`}`,
    ),
  ];
}

/** Estimated growth per minute, over the second half of the run; nothing if none is certain. */
function renderGrowth({ growth = {} }: SummaryRecord, size: FormatSize): string[] {
  const parts = Object.entries(growth).map(([id, bytes]) => `${id} ${bytes > 0 ? '+' : ''}${size(bytes)}`);
  return parts.length === 0 ? [] : [`  growth/min: ${parts.join(', ')}`];
}

/** The sample that the breakdown is from. */
export function describeHighest({ highestWithBpf }: SummaryRecord): string {
  return highestWithBpf === undefined ? 'the highest sample' : 'the highest sample with BPF memory';
}

/** The composition of memory at its maximum. */
function renderHighest(summary: SummaryRecord, size: FormatSize): string[] {
  const { peak, sources, kernelBreakdown } = summary;
  const highest = summary.highestWithBpf ?? summary.highest;
  if (highest === undefined) return [];
  const lines = [
    `  at ${describeHighest(summary)}, ${formatDuration(highest.elapsedMs)} after the ${startOf(summary)}:`,
  ];
  if (highest !== summary.highest && summary.highest !== undefined) {
    const { current = 0, elapsedMs } = summary.highest;
    lines.push(
      `    (current was ${size(current)} at ${formatDuration(elapsedMs)}, when BPF memory was not read)`,
    );
  }
  // With readings between the samples, their line says what was not seen.
  const isSeen = summary.samples.readings !== undefined;
  if (!isSeen && peak !== undefined && (highest.current ?? peak.bytes) < peak.bytes * PEAK_SHARE) {
    lines.push('    (the peak fell between two samples; a shorter --interval is more accurate)');
  }
  for (const { id, depth } of BREAKDOWN) {
    const value = figureOf(highest, id);
    if (value === undefined || (depth > 0 && value === 0)) continue;
    lines.push(renderRow(`  ${'  '.repeat(depth)}${id}`, size(value), sources[id]));
    if (id === 'kernel') lines.push(...renderKernel(kernelBreakdown, size));
  }
  if (kernelBreakdown !== undefined) return lines;
  // Before Linux 5.18 the kernel reports no total, only kinds.
  for (const id of KERNEL_KINDS) {
    const value = figureOf(highest, id);
    if (value !== undefined && value > 0) lines.push(renderRow(`  ${id}`, size(value), sources[id]));
  }
  return lines;
}

function renderKernel(breakdown: KernelBreakdown | undefined, size: FormatSize): string[] {
  if (breakdown === undefined) return [];
  const terms = breakdown.terms.filter(({ id, bytes }) => bytes !== 0 || id === 'unexplained');
  return [
    ...terms.map(({ id, bytes, source, atLeast }) =>
      renderRow(`    ${id}`, size(bytes), atLeast === true ? `at least; ${source}` : source),
    ),
    ...breakdown.notes.map((note) => `    (${note})`),
  ];
}

/** Formats one event as a line of text. */
export function renderEvent(event: EventRecord): string {
  const at = formatDuration(event.elapsedMs).padStart(8);
  if (event.message !== undefined) return `${at}  ${event.event}: ${safeText(event.message)}`;
  return `${at}  ${event.event} +${event.increase} (now ${event.count})`;
}

/** Maximum number of processes in other cgroups that the text names. */
const MAX_SHOWN_PROCESSES = 3;

/** The warnings about memory that was not measured because it is in other cgroups; empty if there is none. */
export function describeElsewhere({ elsewhere, cgroupRemovedMs }: SummaryRecord): string[] {
  const lines: string[] = [];
  if (cgroupRemovedMs !== undefined) {
    lines.push(
      `WARNING: the cgroup of the run was removed ${formatDuration(cgroupRemovedMs)} after the launch while the target was running: the figures end there`,
    );
  }
  if (elsewhere === undefined) return lines;
  const shown = elsewhere.processes.slice(0, MAX_SHOWN_PROCESSES);
  lines.push(...shown.map(({ message }) => `WARNING: ${safeText(message)}`));
  const more = elsewhere.count - shown.length;
  if (more > 0) lines.push(`WARNING: ${more} more of its processes were in other cgroups`);
  for (const hint of new Set(shown.map((each) => each.hint))) lines.push(`  hint: ${safeText(hint)}`);
  return lines;
}

/**
 * Describes the processes that outlived the target and were killed, in one line; undefined if there are none.
 */
export function describeOutlived(outlived: readonly OutlivingProcess[]): string | undefined {
  const killed = outlived.filter(({ stuck }) => stuck !== true);
  if (killed.length === 0) return undefined;
  const subject =
    killed.length === 1
      ? '1 process outlived the target and was'
      : `${killed.length} processes outlived the target and were`;
  return `${subject} killed: ${nameProcesses(killed)}`;
}

function nameProcesses(processes: readonly OutlivingProcess[]): string {
  const named = processes.slice(0, 5).map(({ pid, comm }) => `${pid} (${safeText(comm)})`);
  const more = processes.length > named.length ? ` and ${processes.length - named.length} more` : '';
  return `${named.join(', ')}${more}`;
}

/** Event counts in one line; empty without events. */
export function describeEvents({ events, eventsLocal }: SummaryRecord): string {
  return Object.entries(events ?? eventsLocal ?? {})
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

const ATTACHMENT_ENDS: Readonly<Record<NonNullable<SummaryRecord['exit']['endedBy']>, string>> = {
  timeout: 'by --timeout',
  budget: 'as a budget was exceeded',
  view: 'in the view',
  signal: 'by a signal',
  removed: 'as the cgroup was removed',
};

/** How long a cgroup was measured that existed before, and what of the figures is older. */
export function describeAttachment(
  { exit, durationMs, restarts, containers = [] }: SummaryRecord,
  attached: AttachedTo,
): string[] {
  const { cgroup, owner, chargedBytes } = attached;
  const end = exit.endedBy === undefined ? '' : `, ended ${ATTACHMENT_ENDS[exit.endedBy]}`;
  const whose = owner === undefined ? '' : ` (${owner.kind} ${owner.name})`;
  const count = restarts?.count ?? 0;
  const times = count === 0 ? '' : `, ${plural(count, 'restart')} followed`;
  const lines = [`  measured for ${formatDuration(durationMs)}${end}${times}`, `  cgroup ${cgroup}${whose}`];
  if (chargedBytes !== undefined) {
    lines.push(
      `  ${formatBytes(chargedBytes)} were charged before and are in the figures; growth and counters start at the attachment`,
    );
  }
  return [
    ...lines,
    ...containers.flatMap(describeContainer),
    ...(restarts === undefined ? [] : describeRestarts(restarts)),
  ];
}

/** A container of a pod, below the cgroup of the pod. */
function describeContainer({ cgroup, name, peakBytes, lastBytes }: ContainerSummary): string[] {
  const title = name === undefined ? cgroup : `${name} (${cgroup})`;
  return [
    `    container ${title}: at most ${formatBytes(peakBytes)} in samples, at last ${formatBytes(lastBytes)}`,
  ];
}

/** Maximum number of cgroups that the text lists. */
const MAX_SHOWN_CGROUPS = 5;

/** What each of several cgroups used. */
function describeRestarts({ count, waitedMs, cgroups }: Restarts): string[] {
  const waited = waitedMs > 0 ? `, ${formatDuration(waitedMs)} without one` : '';
  const times = count === 1 ? 'one other cgroup' : `${count} other cgroups`;
  const shown = cgroups.slice(-MAX_SHOWN_CGROUPS);
  const omitted = count + 1 - shown.length;
  return [
    count === 0
      ? `  the cgroup was removed, and no other had its name${waited}`
      : `  followed into ${times}${waited}: below, maxima and averages are over all, counters and CPU time their sum, growth that of the last`,
    ...(omitted > 0 ? [`    (${omitted} more before these)`] : []),
    ...shown.map((segment) => `    ${describeSegment(segment)}`),
  ];
}

function describeSegment({ attached, fromMs, toMs, ...figures }: AttachedSegment): string {
  const { peakBytes, lastBytes, growth, events = {}, cpuUs } = figures;
  const counts = Object.entries(events).flatMap(([name, count]) => (count > 0 ? [`${name} ${count}`] : []));
  const slopes = Object.entries(growth ?? {}).map(([id, bytes]) => `${id} ${formatBytes(bytes)}/min`);
  const parts = [
    ...(peakBytes === undefined ? [] : [`peak ${formatBytes(peakBytes)}`]),
    ...(lastBytes === undefined ? [] : [`last ${formatBytes(lastBytes)}`]),
    ...(slopes.length === 0 ? [] : [`growth ${slopes.join(', ')}`]),
    ...(counts.length === 0 ? [] : [`events ${counts.join(', ')}`]),
    ...(cpuUs === undefined ? [] : [`cpu time ${formatDuration((cpuUs.user + cpuUs.system) / 1000)}`]),
  ];
  return `${formatDuration(fromMs)} to ${formatDuration(toMs)}  ${attached.cgroup}: ${parts.join('; ') || 'not read'}`;
}

/** How the target ended, and what outlived it. */
export function renderExit(summary: SummaryRecord): string[] {
  const { exit, durationMs, attached } = summary;
  if (attached !== undefined) return describeAttachment(summary, attached);
  const after = `after ${formatDuration(durationMs)}`;
  const lines: string[] = [];
  if (exit.oomKilled === true)
    lines.push(`  killed by the OOM killer ${after} (SIGKILL, exit status ${exit.status})`);
  else if (exit.signal !== undefined) {
    const by = exit.killedByCmemstat === true ? ' by cmemstat' : '';
    lines.push(`  ended by ${exit.signal}${by} ${after} (exit status ${exit.status})`);
  } else if (exit.code === undefined) lines.push(`  killed, and has not exited ${after}`);
  else lines.push(`  exit status ${exit.code} ${after}`);
  if (exit.endedBy === 'timeout') lines.push('  terminated by --timeout; cmemstat exits with 124');
  const killed = describeOutlived(summary.outlived);
  if (killed !== undefined) lines.push(`  ${killed}`);
  return lines;
}

/** The source of the peak. */
export function peakNote(summary: SummaryRecord): string {
  const { attached, peak } = summary;
  if (peak?.source !== 'sampled') {
    if (attached === undefined) return peak?.source ?? '';
    const since = attached.peakSince === 'creation' ? 'the cgroup was made' : 'the attachment';
    return `${peak?.source ?? ''} since ${since}`;
  }
  return summary.mode === 'process-tree'
    ? 'sampled: the highest sum of RSS'
    : 'sampled: this kernel has no memory.peak (since Linux 5.19)';
}

function renderCounts(summary: SummaryRecord): string[] {
  const lines: string[] = [];
  if (summary.mode !== 'process-tree') lines.push(`  events: ${describeEvents(summary) || 'none'}`);
  if (summary.stallUs?.some !== undefined) {
    const full =
      summary.stallUs.full === undefined ? '' : `, all tasks ${formatDuration(summary.stallUs.full / 1000)}`;
    lines.push(
      `  waited for memory: some task ${formatDuration(summary.stallUs.some / 1000)}${full} (memory.pressure)`,
    );
  }
  const nested = summary.nestedCgroups?.max ?? 0;
  if (nested > 0) lines.push(`  nested cgroups: ${nested} at most, included in all figures`);
  const { processes, cpuUs } = summary;
  const parts = [
    ...(processes === undefined ? [] : [`processes: ${describeProcesses(processes.max)}`]),
    ...(cpuUs === undefined ? [] : [`cpu time: ${describeCpu(cpuUs)}`]),
  ];
  if (parts.length > 0) lines.push(`  ${parts.join('; ')}`);
  return lines;
}

function describeCpu({ user, system }: CpuTime): string {
  return `user ${formatDuration(user / 1000)}, system ${formatDuration(system / 1000)}`;
}

/** A target that exits immediately still counts as one process. */
function describeProcesses(most: number): string {
  return most === 0 ? 'none in any sample' : `${most} at most`;
}

function renderSampling(summary: SummaryRecord): string {
  const { count, late, missed, longestGapMs } = summary.samples;
  const lateness = late === 0 ? '' : `, ${late} late, ${missed} missed`;
  return `  ${count} samples, longest gap ${formatDuration(longestGapMs)}${lateness}`;
}

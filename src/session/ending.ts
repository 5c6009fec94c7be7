/** From the end of the target to the summary: the last sample first, then the end of what outlived it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readPidStat } from '../kernel/procfs/pid-stat.ts';
import {
  type BpfSummary,
  FORMAT_VERSION,
  type OutlivingProcess,
  type SummaryRecord,
} from '../model/recording.ts';
import type { RunOptions } from '../run-options.ts';
import { describeOutlived } from '../sinks/summary-text.ts';
import { shellStatus, type TargetExit } from '../target/exit-status.ts';
import { VERSION } from '../version.ts';
import type { Measurement } from './measurement.ts';

/** How often `--wait all` looks whether the leaf is empty. Unit: milliseconds. */
const EMPTY_POLL_MS = 20;

/** Waits as asked, takes the last sample, ends what is left and sums up. */
export async function finishRun(
  measurement: Measurement,
  exit: TargetExit,
  options: RunOptions,
  say: (line: string) => void,
): Promise<SummaryRecord> {
  if (options.wait === 'all') await untilEmpty(measurement);
  const durationMs = measurement.elapsedMs();
  await measurement.stop();
  const outlived = await endOutliving(measurement);
  // The table's summary says it; beside the JSON nobody else does.
  if (outlived.length > 0 && options.outputs.json) say(describeOutlived(outlived));
  return summarize(measurement, exit, options, durationMs, outlived);
}

async function untilEmpty(measurement: Measurement): Promise<void> {
  while (measurement.processes().length > 0) await sleep(EMPTY_POLL_MS);
}

async function endOutliving(measurement: Measurement): Promise<OutlivingProcess[]> {
  const outlived = measurement.processes().map((pid) => ({ pid, comm: commOf(pid) }));
  if (outlived.length === 0) return [];
  const stuck = await (measurement.placement.leaf?.kill() ?? measurement.killAll());
  if (stuck !== undefined && stuck.length > 0) measurement.warn(`could not be killed: ${stuck.join(', ')}`);
  return outlived;
}

function commOf(pid: number): string {
  try {
    return readPidStat(pid).comm;
  } catch {
    return '?';
  }
}

function summarize(
  measurement: Measurement,
  exit: TargetExit,
  options: RunOptions,
  durationMs: number,
  outlived: OutlivingProcess[],
): SummaryRecord {
  const { count, longestGapMs, bpf, ...figures } = measurement.aggregate.summary();
  const summary: SummaryRecord = {
    type: 'summary',
    version: FORMAT_VERSION,
    cmemstat: VERSION,
    time: measurement.startedAt.toISOString(),
    command: options.command,
    mode: measurement.mode,
    durationMs,
    exit: { status: shellStatus(exit), ...exit },
    ...figures,
    outlived,
    samples: { count, ...measurement.punctuality, longestGapMs },
    warnings: measurement.warnings,
  };
  const { leaf } = measurement.placement;
  if (leaf !== undefined) summary.leaf = leaf.directory;
  if (measurement.killedByUs) summary.exit.killedByCmemstat = true;
  const kills = summary.eventsLocal?.oom_kill;
  if (kills !== undefined) {
    // A child's OOM kill does not end the target by SIGKILL, and our own SIGKILL is no OOM kill.
    summary.exit.oomKilled = exit.signal === 'SIGKILL' && !measurement.killedByUs && kills > 0;
  }
  if (options.bpfIntervalMs > 0) summary.bpf = withReason(bpf, measurement);
  return summary;
}

function withReason(bpf: BpfSummary, measurement: Measurement): BpfSummary {
  const unavailable = measurement.bpf?.unavailable;
  if (unavailable === undefined) return bpf;
  const summary: BpfSummary = { ...bpf, unavailable: unavailable.reason };
  if (unavailable.hint !== undefined) summary.hint = unavailable.hint;
  return summary;
}

/** The end of a run: the last sample, ending processes that outlived the target, and the summary. */

import { ToolError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { CpuTime } from '../../kernel/cgroup2/cpu-stat.ts';
import { readComm } from '../../kernel/procfs/comm.ts';
import { sleep } from '../../kernel/sleep.ts';
import type { InventoryMap } from '../../model/bpf-inventory.ts';
import { bytesByName } from '../../model/bytes-by-name.ts';
import type { OutlivingProcess } from '../../model/recorded-processes.ts';
import {
  type BpfSummary,
  FORMAT_VERSION,
  type LeftoverFile,
  type RunMap,
  type SummaryRecord,
} from '../../model/recording.ts';
import type { Log } from '../../output/log.ts';
import { describeElsewhere, describeOutlived } from '../../output/summary-text.ts';
import { readCpuTime, type SourcedCpuTime } from '../../sampler/cpu-time.ts';
import { shellStatus, type TargetExit } from '../../target/exit-status.ts';
import type { ExitWait } from '../../target/exit-wait.ts';
import { VERSION } from '../../version.ts';
import type { Measurement } from './measurement.ts';
import type { RunOptions } from './options.ts';

/** The maximum number of maps that are listed individually. */
const MAX_LISTED_MAPS = 100;

/** Interval at which `--wait all` checks whether the leaf is empty. Unit: milliseconds. */
const EMPTY_POLL_MS = 20;

/**
 * Waits as requested, takes the last sample, ends remaining processes and creates the summary. `exit` is
 * undefined if the target was killed and has not exited; `cpuBefore` is what `readChildUsage` returned before
 * the launch.
 * @throws an error with the errno if the cgroup cannot be read.
 */
export async function finishRun(
  measurement: Measurement,
  exit: TargetExit | undefined,
  cpuBefore: CpuTime | undefined,
  options: RunOptions,
  { log, exits }: { log: Log; exits: ExitWait },
): Promise<SummaryRecord> {
  if (options.wait === 'all') await untilEmpty(measurement, exits);
  const durationMs = measurement.elapsedMs();
  await measurement.stop();
  const explained = await measurement.explainEnd();
  const { leaf } = measurement.placement;
  const segments = measurement.attachment?.segments.summary(durationMs);
  const cpu =
    options.attachment === undefined ? await readCpuTime(leaf, cpuBefore) : sourced(segments?.cpuUs);
  const outlived =
    options.attachment === undefined ? await endOutliving(measurement, exit === undefined, exits) : [];
  const leftoverFiles = options.failOnLeftover ? await sumUpFiles(measurement) : undefined;
  const bpf = await sumUpBpf(measurement);
  await measurement.close();
  // The summary of the table contains it; with `--json` it would otherwise not be shown.
  const killed = describeOutlived(outlived);
  if (killed !== undefined && options.outputs.json) log.warn(killed);
  const stuck = await describeStuck(outlived, exit === undefined);
  if (stuck !== undefined) {
    measurement.warn(stuck);
    if (options.outputs.json || options.outputs.silent) log.warn(stuck);
  }
  const summary = summarize(measurement, exit, options, durationMs, outlived, bpf);
  if (segments?.restarts !== undefined) summary.restarts = segments.restarts;
  const containers = measurement.attachment?.containers?.summary();
  if (containers !== undefined) summary.containers = containers;
  if (explained !== undefined) summary.explained = explained;
  if (leftoverFiles !== undefined) summary.leftoverFiles = leftoverFiles;
  if (cpu !== undefined) {
    summary.cpuUs = { user: cpu.user, system: cpu.system };
    summary.sources.cpu = cpu.source;
  }
  if (options.outputs.json || options.outputs.silent) {
    for (const line of describeElsewhere(summary)) log.warn(line);
  }
  return summary;
}

/** The CPU time of a cgroup that was attached to: that of our own children says nothing about it. */
function sourced(time: CpuTime | undefined): SourcedCpuTime | undefined {
  return time === undefined ? undefined : { ...time, source: 'cpu.stat' };
}

async function untilEmpty(measurement: Measurement, exits: ExitWait): Promise<void> {
  while (!exits.isOver && measurement.processes.list().length > 0) await sleep(EMPTY_POLL_MS);
}

/** Kills what is left; of a target that has not exited `isTargetStuck` is true. */
async function endOutliving(
  measurement: Measurement,
  isTargetStuck: boolean,
  exits: ExitWait,
): Promise<OutlivingProcess[]> {
  const outlived: OutlivingProcess[] = measurement.processes
    .list()
    .map((pid) => ({ pid, comm: readComm(pid) ?? '?' }));
  if (outlived.length === 0) return [];
  exits.begin();
  const { leaf } = measurement;
  let left: readonly number[] = [];
  if (leaf !== undefined) left = await leaf.kill(() => exits.isOver);
  else {
    measurement.processes.killAll();
    if (isTargetStuck) left = measurement.processes.list();
  }
  for (const process of outlived) if (left.includes(process.pid)) process.stuck = true;
  return outlived;
}

/** What could not be killed, and why; undefined if there is nothing. */
async function describeStuck(
  outlived: readonly OutlivingProcess[],
  isTargetStuck: boolean,
): Promise<string | undefined> {
  const stuck = outlived.filter((process) => process.stuck === true);
  if (stuck.length === 0 && !isTargetStuck) return undefined;
  // Only loaded if something is stuck.
  const { describeSurvivors, findSurvivors } = await import('../../cgroup/survivors.ts');
  const survivors = findSurvivors(stuck.map(({ pid }) => pid));
  if (isTargetStuck) return describeSurvivors('the target', survivors);
  const count = stuck.length === 1 ? '1 process' : `${stuck.length} processes`;
  return describeSurvivors(`${count} that outlived the target`, survivors);
}

function summarize(
  measurement: Measurement,
  end: TargetExit | undefined,
  options: RunOptions,
  durationMs: number,
  outlived: OutlivingProcess[],
  bpfOfRun: BpfSummary,
): SummaryRecord {
  const { count, longestGapMs, readings, longestReadingGapMs, bpf, ...figures } =
    measurement.aggregate.summary();
  const exit = end ?? {};
  const summary: SummaryRecord = {
    type: 'summary',
    version: FORMAT_VERSION,
    cmemstat: VERSION,
    time: measurement.startedAt.toISOString(),
    command: options.command,
    mode: measurement.mode,
    durationMs,
    ...(measurement.attached === undefined ? {} : { attached: measurement.attached }),
    exit: { status: shellStatus(exit), ...exit },
    ...measurement.elsewhere,
    ...figures,
    outlived,
    samples: { count, ...measurement.sampler.punctuality, longestGapMs },
    warnings: measurement.warnings,
  };
  if (readings !== undefined) summary.samples.readings = readings;
  if (longestReadingGapMs !== undefined) summary.samples.longestReadingGapMs = longestReadingGapMs;
  const growth = measurement.growth.summary();
  if (growth !== undefined) summary.growth = growth;
  const { leaf } = measurement.placement;
  if (leaf !== undefined) summary.leaf = leaf.directory;
  if (measurement.processes.wereKilledByUs) summary.exit.killedByCmemstat = true;
  if (measurement.endedBy !== undefined) summary.exit.endedBy = measurement.endedBy;
  // An attachment has no other end.
  if (measurement.endedBy === 'timeout' && options.attachment === undefined)
    summary.exit.status = EXIT_CODES.TIMED_OUT;
  if (end === undefined) summary.exit.status = EXIT_CODES.FAILED;
  const kills = summary.eventsLocal?.oom_kill;
  if (kills !== undefined && options.attachment === undefined) {
    // An OOM kill of a child does not end the target by SIGKILL, and a SIGKILL by cmemstat is not an OOM
    // kill.
    summary.exit.oomKilled = exit.signal === 'SIGKILL' && !measurement.processes.wereKilledByUs && kills > 0;
  }
  if (options.bpfIntervalMs > 0) summary.bpf = mergeBpf(bpfOfRun, bpf);
  return summary;
}

/**
 * The names of maps elsewhere are known to the reader of BPF memory, their number and size to the samples.
 */
function mergeBpf(ofRun: BpfSummary, ofSamples: BpfSummary): BpfSummary {
  const { heldElsewhere: _elsewhere, orphaned: _orphaned, ...rest } = { ...ofRun, ...ofSamples };
  const merged: BpfSummary = rest;
  for (const key of ['heldElsewhere', 'orphaned'] as const) {
    const [sum, names] = [ofSamples[key], ofRun[key]?.names];
    if (sum !== undefined) merged[key] = names === undefined ? sum : { ...sum, names };
  }
  return merged;
}

/** The files in memory that outlive the run; undefined with a warning if they are unknown. */
async function sumUpFiles(measurement: Measurement): Promise<LeftoverFile[] | undefined> {
  const { leaf } = measurement;
  if (leaf === undefined) return undefined;
  const { findLeftoverFiles } = await import('./leftover-files.ts');
  try {
    const found = await findLeftoverFiles(leaf);
    if ('files' in found) return found.files;
    measurement.warn(`--fail-on-leftover: files in memory are unknown: ${found.unknown}`);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    measurement.warn(`--fail-on-leftover: files in memory are unknown: ${error.message}`);
  }
  return undefined;
}

/** The maps of the run, advice on them, and those that outlived it; call it after removing the leaf. */
async function sumUpBpf(measurement: Measurement): Promise<BpfSummary> {
  const { reader: bpf, unavailable } = measurement.bpf;
  if (unavailable !== undefined) {
    const { reason, hint } = unavailable;
    return hint === undefined ? { unavailable: reason } : { unavailable: reason, hint };
  }
  if (bpf === undefined) return {};
  const summary: BpfSummary = {};
  if (bpf.reason !== undefined) summary.reason = bpf.reason;
  if (bpf.hint !== undefined) summary.hint = bpf.hint;
  const { maps, advice, elsewhere, orphaned } = measurement.bpf.largest(bpf);
  if (Object.keys(elsewhere).length > 0) summary.heldElsewhere = { count: 0, bytes: 0, names: elsewhere };
  if (Object.keys(orphaned).length > 0) summary.orphaned = { count: 0, bytes: 0, names: orphaned };
  if (maps.length > 0) {
    summary.maps = maps
      .toSorted((a, b) => b.bytes - a.bytes)
      .slice(0, MAX_LISTED_MAPS)
      .map(toRunMap);
    if (maps.length > MAX_LISTED_MAPS) summary.mapBytes = bytesByName(maps);
    summary.advice = advice;
  }
  const { leaf } = measurement;
  const charged = leaf === undefined ? undefined : await bpf.chargedMaps();
  if (leaf === undefined || charged === undefined) return summary;
  summary.leftovers = [];
  if (charged.length > 0) {
    const { findLeftovers } = await import('./leftovers.ts');
    summary.leftovers = await findLeftovers(leaf, charged);
  }
  return summary;
}

function toRunMap(map: InventoryMap): RunMap {
  const { id, type, name, key_size, value_size, max_entries, bytes, source, unchargedBytes } = map;
  const run: RunMap = { id, type, name, key_size, value_size, max_entries, bytes, source, unchargedBytes };
  if (map.atLeast !== undefined) run.atLeast = map.atLeast;
  if (map.elements !== undefined) run.elements = map.elements;
  if (map.anonymous !== undefined) run.anonymous = map.anonymous;
  return run;
}

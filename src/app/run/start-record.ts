/** The first line of a recording. */
import { availableParallelism, release, totalmem } from 'node:os';
import { readPossibleCpus } from '../../kernel/possible-cpus.ts';
import { readPageSize } from '../../kernel/procfs/auxv.ts';
import { FORMAT_VERSION, type StartRecord } from '../../model/recording.ts';
import type { AttachedTo } from '../../model/restarts.ts';
import type { Mode } from '../../model/sample.ts';
import { VERSION } from '../../version.ts';
import type { RunOptions } from './options.ts';
import type { MeasuredPlace } from './preparation.ts';

/** The started target. */
export interface StartedTarget {
  placement: MeasuredPlace;
  mode: Mode;
  host: StartRecord['host'];
  pid: number;
  attached: AttachedTo | undefined;
  startedAt: Date;
}

/** The facts about this host that are in each recording. @throws KernelFileError. */
export function readHost(): StartRecord['host'] {
  return {
    kernel: release(),
    arch: process.arch,
    cpus: availableParallelism(),
    possibleCpus: readPossibleCpus(),
    pageSizeBytes: readPageSize(),
    memTotalBytes: totalmem(),
  };
}

/** Creates the start record: the command, the host and how it is measured. */
export function startRecord(
  options: RunOptions,
  { placement, mode, host, pid, attached, startedAt }: StartedTarget,
): StartRecord {
  const { leaf, kind, reason } = placement;
  const { command, intervalMs, bpfIntervalMs, processIntervalMs, wantsDetails } = options;
  const record: StartRecord = {
    type: 'start',
    version: FORMAT_VERSION,
    cmemstat: VERSION,
    time: startedAt.toISOString(),
    command,
    ...(attached === undefined ? { pid } : {}),
    mode,
    placement: { kind, reason },
    ...(attached === undefined ? {} : { attached }),
    intervalMs,
    host,
  };
  if (leaf !== undefined) record.leaf = leaf.directory;
  if (bpfIntervalMs > 0) record.bpfIntervalMs = bpfIntervalMs;
  if (wantsDetails && processIntervalMs > 0) record.processIntervalMs = processIntervalMs;
  if (options.budgets !== undefined && options.budgets.length > 0) record.budgets = [...options.budgets];
  return record;
}

/** The CPU time of a run. */
import type { MeasuredCgroup } from '../cgroup/foreign-cgroup.ts';
import { ToolError } from '../errors.ts';
import { readChildUsage } from '../kernel/bpf/sys/libc.ts';
import { type CpuTime, parseCpuStat } from '../kernel/cgroup2/cpu-stat.ts';
import { readPseudoFile } from '../kernel/pseudo-file.ts';

/** A CPU time and the file or call that it comes from. */
export interface SourcedCpuTime extends CpuTime {
  source: string;
}

const CPU_STAT = 'cpu.stat';
const RUSAGE = 'getrusage(2) of the target and its children';

/**
 * The CPU time of a run whose target has exited: that of its leaf, or of the target and the descendants that
 * were waited for, by what `readChildUsage` returned before the launch. Undefined if neither can be read.
 */
export async function readCpuTime(
  leaf: Pick<MeasuredCgroup, 'version' | 'directory'> | undefined,
  before: CpuTime | undefined,
): Promise<SourcedCpuTime | undefined> {
  const time = leaf === undefined ? undefined : readCgroupTime(leaf);
  if (time !== undefined) return { ...less(time, before), source: CPU_STAT };
  if (leaf?.version === 2) return undefined;
  const now = await readChildUsage();
  if (now === undefined || before === undefined) return undefined;
  return { ...less(now, before), source: RUSAGE };
}

function less({ user, system }: CpuTime, before: CpuTime | undefined): CpuTime {
  return { user: user - (before?.user ?? 0), system: system - (before?.system ?? 0) };
}

/** The CPU time of a cgroup since it was made; undefined on cgroup v1, and if it is gone. */
export function readCgroupTime({
  version,
  directory,
}: Pick<MeasuredCgroup, 'version' | 'directory'>): CpuTime | undefined {
  if (version === 1) return undefined;
  const path = `${directory}/${CPU_STAT}`;
  try {
    return parseCpuStat(readPseudoFile(path), path, () => {});
  } catch (error) {
    // The leaf was removed while the target was running.
    if (error instanceof ToolError) return undefined;
    throw error;
  }
}

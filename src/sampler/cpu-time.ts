/** The CPU time of a run. */
import type { Leaf } from '../cgroup/leaf.ts';
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
  leaf: Leaf | undefined,
  before: CpuTime | undefined,
): Promise<SourcedCpuTime | undefined> {
  if (leaf?.version === 2) {
    const time = readLeafTime(`${leaf.directory}/${CPU_STAT}`);
    return time === undefined ? undefined : { ...time, source: CPU_STAT };
  }
  const now = await readChildUsage();
  if (now === undefined || before === undefined) return undefined;
  return { user: now.user - before.user, system: now.system - before.system, source: RUSAGE };
}

function readLeafTime(path: string): CpuTime | undefined {
  try {
    return parseCpuStat(readPseudoFile(path), path, () => {});
  } catch (error) {
    // The leaf was removed while the target was running.
    if (error instanceof ToolError) return undefined;
    throw error;
  }
}

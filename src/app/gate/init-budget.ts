/** `cmemstat budget init`: measures some runs and writes a proposed budget file. */
import { EXIT_CODES } from '../../exit-codes.ts';
import { safeText } from '../../format/safe-text.ts';
import { openLog } from '../../output/log.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import type { TextFile } from '../../output/text-file.ts';
import type { RunOptions } from '../run/options.ts';
import type { SeriesPlan } from './plan.ts';
import { proposeBudgets } from './propose-budgets.ts';

/**
 * Writes proposed budgets to `file` or standard output; returns the exit status.
 * @throws ToolError like a run.
 */
export async function initBudgetFile(
  options: RunOptions,
  series: SeriesPlan,
  file: TextFile | undefined,
): Promise<number> {
  const { status, text, unproposed, fault } = await proposeBudgets(options, series);
  const log = openLog();
  if (fault !== undefined) log.warn(safeText(fault));
  if (text === undefined) log.warn(`no budgets proposed: not all runs completed (exit status ${status})`);
  else if (unproposed.length > 0) {
    const hint = shorterIntervals(options);
    log.warn(
      `warning: no budget on ${unproposed.join(', ')}: not every run was long enough to measure it (hint: ${hint})`,
    );
  }
  if (text !== undefined) {
    if (file === undefined) await new StandardOutput().write(text.trimEnd());
    else await file.write(text);
  }
  await log.flush();
  if (text === undefined) return status;
  return fault === undefined ? 0 : EXIT_CODES.FAILED;
}

/** The intervals at which short runs can be measured. Unit: milliseconds. */
const SHORT_INTERVAL_MS = 20;
const SHORT_BPF_INTERVAL_MS = 100;

/** What helps if the runs were too short: nothing that was given already. */
function shorterIntervals({ intervalMs, bpfIntervalMs }: RunOptions): string {
  const options = [
    ...(intervalMs > SHORT_INTERVAL_MS ? [`--interval ${SHORT_INTERVAL_MS}ms`] : []),
    ...(bpfIntervalMs > SHORT_BPF_INTERVAL_MS ? [`--bpf-interval ${SHORT_BPF_INTERVAL_MS}ms`] : []),
  ];
  return options.length === 0 ? 'a longer run' : `${options.join(' ')}, or a longer run`;
}

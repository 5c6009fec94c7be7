/** `cmemstat budget init`: measures some runs and writes a proposed budget file. */
import { EXIT_CODES } from '../../exit-codes.ts';
import { safeText } from '../../format/safe-text.ts';
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
  if (fault !== undefined) process.stderr.write(`cmemstat: ${safeText(fault)}\n`);
  if (text === undefined) {
    process.stderr.write(`cmemstat: no budgets proposed: not all runs completed (exit status ${status})\n`);
    return status;
  }
  if (unproposed.length > 0) {
    process.stderr.write(
      `cmemstat: warning: no budget on ${unproposed.join(', ')}: not every run was long enough to measure it (hint: --interval 20ms --bpf-interval 100ms, or a longer run)\n`,
    );
  }
  if (file === undefined) await new StandardOutput().write(text.trimEnd());
  else file.write(text);
  return fault === undefined ? 0 : EXIT_CODES.FAILED;
}

/** `cmemstat budget init`: measures some runs and proposes a budget file. */
import { findUnproposed, type ObservedRun, ProposalRun, proposeBudgetFile } from '../../budget/propose.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { ProgressLine } from '../../output/progress-line.ts';
import type { RunOptions } from '../run/options.ts';
import { measureRun } from '../run/run.ts';
import type { SeriesPlan } from './plan.ts';
import { runSeries } from './run-series.ts';

/** The result: the text of the file, or the status of a failed run. */
export interface Proposal {
  status: number;
  text: string | undefined;
  /** Metrics without a budget because not all runs measured them. */
  unproposed: string[];
  /** Failures of cmemstat itself afterwards. */
  fault: string | undefined;
}

/** Measures runs and proposes budgets, unless the target fails. @throws ToolError like a run. */
export async function proposeBudgets(options: RunOptions, plan: SeriesPlan): Promise<Proposal> {
  const observed: ObservedRun[] = [];
  let status = 0;
  let partial: string | undefined;
  const end = await runSeries(options, plan, new ProgressLine(), async (each, run) => {
    const proposal = new ProposalRun();
    const outputs = { ...each.outputs, silent: true };
    const result = await measureRun(
      { ...each, outputs, view: 'never', wantsDetails: true, budgets: [] },
      () => ({
        start: (record) => proposal.observe(record),
        write: (record) => proposal.observe(record),
        stop: async (summary) => proposal.observe(summary),
      }),
    );
    status = result.status;
    const { elsewhere, cgroupRemovedMs } = result.summary;
    if (status === 0 && (elsewhere !== undefined || cgroupRemovedMs !== undefined)) {
      status = EXIT_CODES.NOT_MEASURED;
      partial = elsewhere?.processes[0]?.message ?? 'the cgroup of the run was removed';
    }
    const isWhole = status === 0 && !result.interrupted;
    if (run > 0 && isWhole) observed.push(proposal.finish());
    return isWhole;
  });
  if (end.fault !== undefined) throw end.fault;
  const fault = end.cleanupFault?.message ?? partial;
  // Fewer runs than requested are insufficient for the spread.
  if (observed.length < plan.runs) {
    return { status: status || EXIT_CODES.FAILED, text: undefined, unproposed: [], fault };
  }
  const unproposed = findUnproposed(observed);
  return { status, text: proposeBudgetFile(observed, options.command, options), unproposed, fault };
}

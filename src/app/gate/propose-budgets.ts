/** `cmemstat budget init`: measures some runs and proposes a budget file. */
import { findUnproposed, type ObservedRun, ProposalRun, proposeBudgetFile } from '../../budget/propose.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { ProgressLine } from '../../output/progress-line.ts';
import type { RunOptions } from '../run/options.ts';
import { measureRun } from '../run/run.ts';
import type { SeriesPlan } from './plan.ts';
import { runSeries } from './run-series.ts';

/** What came of it: the text of the file, or the status of a run that failed. */
export interface Proposal {
  status: number;
  text: string | undefined;
  /** Metrics without a budget, as not every run has measured them. */
  unproposed: string[];
  /** What cmemstat itself failed at after that. */
  fault: string | undefined;
}

/** Measures and proposes. Runs whose target fails propose nothing. @throws ToolError as a run does. */
export async function proposeBudgets(options: RunOptions, plan: SeriesPlan): Promise<Proposal> {
  const observed: ObservedRun[] = [];
  let status = 0;
  const end = await runSeries(options, plan, new ProgressLine(), async (each, run) => {
    const proposal = new ProposalRun();
    const outputs = { ...each.outputs, silent: true };
    const result = await measureRun({ ...each, outputs, view: 'never', wantsDetails: true }, () => ({
      start: (record) => proposal.observe(record),
      write: (record) => proposal.observe(record),
      stop: async (summary) => proposal.observe(summary),
    }));
    status = result.status;
    const isWhole = status === 0 && !result.interrupted;
    if (run > 0 && isWhole) observed.push(proposal.finish());
    return isWhole;
  });
  if (end.fault !== undefined) throw end.fault;
  const fault = end.cleanupFault?.message;
  // Fewer runs than requested are not enough for the spread.
  if (observed.length < plan.runs) {
    return { status: status || EXIT_CODES.FAILED, text: undefined, unproposed: [], fault };
  }
  const unproposed = findUnproposed(observed);
  return { status, text: proposeBudgetFile(observed, options.command), unproposed, fault };
}

import { runJudged } from '../../judged-runs.ts';
import type { RunOptions } from '../../run-options.ts';
import type { JudgeFlags } from '../judge-flags.ts';
import { readBudgetFile, toJudgePlan, toSeriesPlan } from '../judge-plan.ts';

/**
 * A run with budgets, or several runs.
 * @throws ToolError as `runJudged`; UsageError where the options are wrong.
 */
export async function judge(options: RunOptions, flags: JudgeFlags): Promise<number> {
  const file = readBudgetFile(flags.budgetFile);
  return runJudged(options, {
    ...toJudgePlan(flags, file, options.failOnLeftover),
    ...toSeriesPlan(flags, file),
    stopOnBreach: flags.stopOnBreach === true,
    saveBaseline: flags.saveBaseline,
  });
}

/** The plan of an evaluation, for documents. */
import type { GatePlan } from '#src/app/gate/plan.ts';
import { parseMaxRegression } from '#src/budget/comparison/max-regression.ts';
import { parseBudget } from '#src/budget/expression/parse-budget.ts';
import type { Verdict } from '#src/model/verdict.ts';
import { renderReport } from '#src/report/render-report.ts';
import { VERDICT_FORMATS } from '#src/report/report-formats.ts';

/** A budget of each kind of metric and aggregate, or none; relative ones with a baseline. */
export function planOf(budgets: readonly string[], baseline?: string): GatePlan {
  return {
    budgets: budgets.map((text) => ({ budget: parseBudget(text), optional: false })),
    evaluatedOn: 'median',
    sampling: {},
    strictSampling: true,
    rules: {
      budgetExitCode: 3,
      budgetFirst: true,
      timeoutOk: false,
      failOnLeftover: true,
      strictHost: true,
    },
    reports: [],
    baseline,
    regression: baseline === undefined ? undefined : parseMaxRegression('anon=5%,bpf=1%+1MiB,1%'),
  };
}

/** Budgets whose evaluation reads different parts of a recording. */
export const BUDGETS: readonly string[] = [
  'anon<=1MiB',
  'current.avg<=1MiB',
  'peak<=2MiB',
  'bpf.max<=1KiB',
  'bpf.map:*<=1KiB',
  'anon.growth<=1KiB',
  'anon.p95<=1MiB',
  'oom_kill==0',
  'psi.some<=1%',
  'stat.slab<=1MiB',
  'leftover==0',
];

/** The verdict in all formats; without the JSON, whose texts are as they were. */
export function renderAll(verdict: Verdict): string[] {
  renderReport('json', verdict);
  return VERDICT_FORMATS.filter((format) => format !== 'json').map((format) => renderReport(format, verdict));
}

import { runGated } from '../../app/gate/gate-runs.ts';
import type { SeriesPlan } from '../../app/gate/plan.ts';
import type { RunOptions } from '../../app/run/options.ts';
import { UsageError } from '../../errors.ts';
import { A_BUDGET, type GateFlags } from '../options/gate-flags.ts';
import { readBudgetFile, toGatePlan, toSeriesPlan } from '../options/gate-plan.ts';
import { rejectSharedPlaces, runPlaces } from '../options/places.ts';
import { reportPlaces } from '../options/report-places.ts';
import { missingOption } from '../options/requirements.ts';
import type { RunFlags } from '../options/run-flags.ts';
import { givenIntervals } from '../options/run-options.ts';

/** A cgroup that exists is measured once. */
const ONE_RUN: SeriesPlan = {
  runs: 1,
  warmup: 0,
  prepare: undefined,
  cleanup: undefined,
  dropCaches: false,
  warm: false,
};

/**
 * Handles a run with budgets, or several runs.
 * @throws UsageError for invalid options, and the errors of `runGated`.
 */
export async function gate(options: RunOptions, flags: RunFlags & GateFlags): Promise<number> {
  const file = readBudgetFile(flags.budgetFile);
  const plan = toGatePlan(flags, file, options.failOnLeftover);
  if (flags.stopOnExceeded === true && plan.budgets.length === 0) {
    throw missingOption('--stop-on-exceeded', A_BUDGET);
  }
  const series = options.attachment === undefined ? toSeriesPlan(flags, file) : ONE_RUN;
  const { baseline = '' } = plan;
  const given = baseline === '' ? flags : { ...flags, baseline };
  rejectSharedPlaces([...runPlaces(given, series.runs), ...reportPlaces(plan.reports)]);
  const ofView = options.view === 'always' ? '--tui' : options.exitOnEnd ? '--exit-on-end' : undefined;
  if (ofView !== undefined && series.runs > 1) {
    throw new UsageError(
      ofView,
      `${ofView} conflicts with --runs ${series.runs}: the view shows a single run`,
    );
  }
  const { intervalMs, bpfIntervalMs, processIntervalMs } = {
    ...options,
    ...file?.sampling,
    ...givenIntervals(flags),
  };
  return runGated(
    { ...options, intervalMs, bpfIntervalMs, processIntervalMs },
    {
      ...plan,
      ...series,
      stopOnExceeded: flags.stopOnExceeded === true,
      saveBaseline: flags.saveBaseline,
    },
  );
}

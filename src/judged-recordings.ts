/** Recordings that were made before, judged as their runs would have been. */
import { type Baseline, valuesOfBaseline } from './budget/baseline.ts';
import { readSide } from './budget/inputs.ts';
import { RunCollector } from './budget/run-figures.ts';
import { UsageError } from './errors.ts';
import type { JudgePlan } from './judge-plan.ts';
import { verdictOn } from './judged-runs.ts';
import type { Verdict } from './model/verdict.ts';
import { scanRecording } from './recording/read-recording.ts';
import { JudgeSink, type RunJudgement } from './session/judge-sink.ts';

/**
 * The verdict on recordings; several are runs of one command.
 * @throws UsageError when one can't be read, is no recording, or holds no run.
 */
export async function judgeRecordings(files: readonly string[], plan: JudgePlan): Promise<Verdict> {
  const baseline = plan.baseline === undefined ? undefined : await readSide(plan.baseline);
  const runs: RunJudgement[] = [];
  for (const file of files) runs.push(await judgeFile(file, plan, baseline?.baseline));
  const verdict = verdictOn(runs, plan, baseline, (run) => files[run - 1]);
  if (verdict === undefined) throw new UsageError('FILE', 'no recording to judge');
  return verdict;
}

async function judgeFile(
  file: string,
  plan: JudgePlan,
  baseline: Baseline | undefined,
): Promise<RunJudgement> {
  const sink = new JudgeSink({
    budgets: plan.budgets,
    baseline: baseline === undefined ? undefined : valuesOfBaseline(baseline),
    onBreak: () => {},
  });
  const counts = await scanRecording(file, (record) => sink.observe(record));
  // Only a recording that was cut and is to be compared is read twice: its samples stand in for the summary.
  const isComparable = sink.summary !== undefined || baseline === undefined;
  const figures = isComparable ? undefined : await figuresOfCut(file);
  const judgement = sink.finish(figures);
  if (judgement === undefined) throw new UsageError('FILE', `${file}: no run is in it`);
  if (counts.damaged > 0) {
    judgement.warnings.push(`${file}: ${counts.damaged} damaged lines were passed over`);
  }
  return judgement;
}

async function figuresOfCut(file: string) {
  const collector = new RunCollector();
  await scanRecording(file, (record) => collector.add(record));
  return collector.finish()[0];
}

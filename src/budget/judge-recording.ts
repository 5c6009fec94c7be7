/** Judges recordings that were made before. */
import type { RecordLine, StartRecord, SummaryRecord } from '../model/recording.ts';
import type { BudgetResult } from '../model/verdict.ts';
import type { NamedBudget } from './budget.ts';
import { BudgetJudge, type JudgeOptions } from './evaluate-budget.ts';

/** A recording, judged. */
export interface JudgedRecording {
  results: BudgetResult[];
  warnings: string[];
  start?: StartRecord;
  /** Absent in a recording that was cut. */
  summary?: SummaryRecord;
}

/** Judges one recording, line by line; one that was cut is judged as far as it goes, with a warning. */
export async function judgeRecording(
  records: Iterable<RecordLine> | AsyncIterable<RecordLine>,
  budgets: readonly NamedBudget[],
  options: JudgeOptions = {},
): Promise<JudgedRecording> {
  const judge = new BudgetJudge(budgets, options);
  let start: StartRecord | undefined;
  let summary: SummaryRecord | undefined;
  for await (const record of records) {
    judge.observe(record);
    if (record.type === 'start') start = record;
    if (record.type === 'summary') summary = record;
  }
  return {
    results: judge.finish(),
    warnings: judge.warnings(),
    ...(start === undefined ? {} : { start }),
    ...(summary === undefined ? {} : { summary }),
  };
}

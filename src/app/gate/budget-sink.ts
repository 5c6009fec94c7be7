/** A budget judge that watches one run. */

import { figuresOfSummary, type RunFigures } from '../../budget/comparison/run-figures.ts';
import { BudgetEvaluator } from '../../budget/evaluation/evaluator.ts';
import type { BaselineValues, NamedBudget } from '../../budget/expression/budget.ts';
import { TimelineCollector } from '../../budget/make-verdict.ts';
import type { EventRecord, RecordLine, StartRecord, SummaryRecord } from '../../model/recording.ts';
import type { BudgetResult, Verdict } from '../../model/verdict.ts';
import type { Sink } from '../../output/sink.ts';

/** What a watched run is judged by. */
export interface EvaluationRequest {
  budgets: readonly NamedBudget[];
  baseline: BaselineValues | undefined;
  /** Takes the event that a budget can't be held any more. */
  onBreak(event: EventRecord): void;
}

/** What a run came to. */
export interface RunEvaluation {
  start: StartRecord;
  summary: SummaryRecord | undefined;
  results: BudgetResult[];
  /** Absent in a recording that was cut, unless somebody has asked for them. */
  figures: RunFigures | undefined;
  timeline: Verdict['timeline'];
  warnings: string[];
}

/** Sees every record of one run; its memory does not grow with the run. */
export class BudgetSink implements Sink {
  readonly #judge: BudgetEvaluator;
  #start: StartRecord | undefined;
  #summary: SummaryRecord | undefined;
  #timeline: TimelineCollector | undefined;

  constructor({ budgets, baseline, onBreak }: EvaluationRequest) {
    this.#judge = new BudgetEvaluator(budgets, {
      ...(baseline === undefined ? {} : { baseline }),
      onBreak: ({ budget: { name, budget }, elapsedMs }) => {
        const title = name === undefined ? budget.expression : `${name}: ${budget.expression}`;
        onBreak({ type: 'event', elapsedMs, event: 'budget', message: `${title} is broken` });
      },
    });
  }

  start(record: StartRecord): void {
    this.observe(record);
  }

  write(record: Exclude<RecordLine, StartRecord | SummaryRecord>): void {
    this.observe(record);
  }

  async stop(summary: SummaryRecord): Promise<void> {
    this.observe(summary);
  }

  /** Takes any record. */
  observe(record: RecordLine): void {
    if (record.type === 'start') {
      this.#start = record;
      this.#timeline = new TimelineCollector(record.mode);
    } else if (record.type === 'sample') this.#timeline?.add(record);
    else if (record.type === 'summary') this.#summary = record;
    this.#judge.observe(record);
  }

  /** The summary, once it has come. */
  get summary(): SummaryRecord | undefined {
    return this.#summary;
  }

  /**
   * The judgement, after the run; undefined when it never started. `figures` stand in for those of a summary that never came.
   */
  finish(figures?: RunFigures): RunEvaluation | undefined {
    const [start, summary] = [this.#start, this.#summary];
    const known =
      summary === undefined || start === undefined ? figures : figuresOfSummary(summary, start.host);
    if (start === undefined) return undefined;
    return {
      start,
      summary,
      results: this.#judge.finish(),
      figures: known,
      timeline: this.#timeline?.timeline,
      warnings: this.#judge.warnings(),
    };
  }
}

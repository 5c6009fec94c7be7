/** Evaluates budgets while one run is measured. */

import { figuresOfSummary, type RunFigures } from '../../budget/comparison/run-figures.ts';
import { BudgetEvaluator } from '../../budget/evaluation/evaluator.ts';
import type { BaselineValues, NamedBudget } from '../../budget/expression/budget.ts';
import { TimelineCollector } from '../../budget/make-verdict.ts';
import type { EventRecord, RecordLine, StartRecord, SummaryRecord } from '../../model/recording.ts';
import type { BudgetResult, Verdict } from '../../model/verdict.ts';
import type { Sink } from '../../output/sink.ts';

/** What one run is evaluated with. */
export interface EvaluationRequest {
  budgets: readonly NamedBudget[];
  baseline: BaselineValues | undefined;
  /** Called when a budget can no longer pass. */
  onExceeded(event: EventRecord): void;
}

/** What a run came to. */
export interface RunEvaluation {
  start: StartRecord;
  summary: SummaryRecord | undefined;
  results: BudgetResult[];
  /** Absent in a recording that was cut, unless they were requested. */
  figures: RunFigures | undefined;
  timeline: Verdict['timeline'];
  warnings: string[];
}

/** Sees every record of one run; its memory does not grow with the run. */
export class BudgetSink implements Sink {
  readonly #evaluator: BudgetEvaluator;
  #start: StartRecord | undefined;
  #summary: SummaryRecord | undefined;
  #timeline: TimelineCollector | undefined;

  constructor({ budgets, baseline, onExceeded }: EvaluationRequest) {
    this.#evaluator = new BudgetEvaluator(budgets, {
      ...(baseline === undefined ? {} : { baseline }),
      onExceeded: ({ budget: { name, budget }, elapsedMs }) => {
        const title = name === undefined ? budget.expression : `${name}: ${budget.expression}`;
        onExceeded({ type: 'event', elapsedMs, event: 'budget_exceeded', message: title });
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
    this.#evaluator.observe(record);
  }

  /** The summary, once it has come. */
  get summary(): SummaryRecord | undefined {
    return this.#summary;
  }

  /**
   * The result, after the run; undefined when it never started. `figures` stand in for those of a summary
   * that never came.
   */
  finish(figures?: RunFigures): RunEvaluation | undefined {
    const [start, summary] = [this.#start, this.#summary];
    const known =
      summary === undefined || start === undefined ? figures : figuresOfSummary(summary, start.host);
    if (start === undefined) return undefined;
    return {
      start,
      summary,
      results: this.#evaluator.finish(),
      figures: known,
      timeline: this.#timeline?.timeline,
      warnings: this.#evaluator.warnings(),
    };
  }
}

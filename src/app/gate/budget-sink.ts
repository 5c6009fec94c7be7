/** Evaluates budgets during a run. */

import {
  ExplainedNames,
  figuresOfSummary,
  type RunFigures,
  type RunNames,
} from '../../budget/comparison/run-figures.ts';
import { BudgetEvaluator } from '../../budget/evaluation/evaluator.ts';
import { TimelineCollector } from '../../budget/evaluation/timeline.ts';
import type { BaselineValues, NamedBudget } from '../../budget/expression/budget.ts';
import type { EventRecord, RecordLine, StartRecord, SummaryRecord } from '../../model/recording.ts';
import { isCut } from '../../model/restarts.ts';
import type { BudgetResult, Timeline } from '../../model/verdict.ts';
import type { Sink } from '../../output/sink.ts';

/** The inputs of an evaluation. */
export interface EvaluationRequest {
  budgets: readonly NamedBudget[];
  baseline: BaselineValues | undefined;
  /** Called when a budget can no longer pass. */
  onExceeded(event: EventRecord): void;
}

/** The result of a run. */
export interface RunEvaluation {
  start: StartRecord;
  summary: SummaryRecord | undefined;
  results: BudgetResult[];
  /** Absent in a truncated recording, unless they were requested. */
  figures: RunFigures | undefined;
  /** Its memory by name, if it was explained. */
  explained: RunNames[] | undefined;
  timeline: Timeline | undefined;
  warnings: string[];
}

/** Receives all records of one run; memory does not grow with the run. */
export class BudgetSink implements Sink {
  readonly #evaluator: BudgetEvaluator;
  readonly #explained = new ExplainedNames();
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

  /** Processes a record. */
  observe(record: RecordLine): void {
    if (record.type === 'start') {
      this.#start = record;
      this.#timeline = new TimelineCollector(record.mode === 'process-tree' ? 'rss' : 'current');
    } else if (record.type === 'sample')
      this.#timeline?.add(record.elapsedMs, record.tree?.rss ?? record.current);
    else if (record.type === 'event' && isCut(record)) this.#timeline?.add(record.elapsedMs, undefined);
    else if (record.type === 'explain') this.#explained.add(record);
    else if (record.type === 'summary') this.#summary = record;
    this.#evaluator.observe(record);
  }

  /** The summary, after it has been received. */
  get summary(): SummaryRecord | undefined {
    return this.#summary;
  }

  /**
   * The result, after the run; undefined if it never started. `figures` replace those of a missing summary.
   */
  finish(figures?: RunFigures): RunEvaluation | undefined {
    const [start, summary] = [this.#start, this.#summary];
    const known =
      summary === undefined || start === undefined ? figures : figuresOfSummary(summary, start.host);
    if (start === undefined) return undefined;
    const explained = this.#explained.list;
    return {
      start,
      summary,
      results: this.#evaluator.finish(),
      figures: known === undefined || explained === undefined ? known : { ...known, explained },
      explained,
      timeline: this.#timeline?.timeline,
      warnings: this.#evaluator.warnings(),
    };
  }
}

/** Evaluates recordings like live runs. */

import { type Baseline, valuesOfBaseline } from '../../budget/comparison/baseline.ts';
import { doubtsOf, type Side } from '../../budget/comparison/host-doubts.ts';
import { readBaseline } from '../../budget/comparison/inputs.ts';
import { RunCollector } from '../../budget/comparison/run-figures.ts';
import type { NamedBudget } from '../../budget/expression/budget.ts';
import { parseBudget } from '../../budget/expression/parse-budget.ts';
import { InputError } from '../../errors.ts';
import type { RecordLine, StartRecord } from '../../model/recording.ts';
import type { Verdict } from '../../model/verdict.ts';
import { type LineCounts, scanRecording } from '../../recording/read-recording.ts';
import { BudgetSink, type RunEvaluation } from './budget-sink.ts';
import { UNKNOWN_FILE, verdictOn } from './gate-runs.ts';
import type { GatePlan } from './plan.ts';

/** Receives what is read from the recordings, for reports that show more than the verdict. */
export interface RecordingWatch {
  open(file: string): void;
  addLine(text: string): void;
  observe(record: RecordLine): void;
  close(): Promise<void>;
}

/** A run and its file. */
interface RecordedRun {
  file: string;
  evaluation: RunEvaluation;
}

/**
 * Evaluates recordings of one or several runs each; all must be runs of the same command. Without budgets in
 * the plan, the budgets stored with the first run are used.
 * @throws InputError if a recording cannot be read, is not a recording, or contains no runs.
 */
export async function gateRecordings(
  files: readonly string[],
  plan: GatePlan,
  watch?: RecordingWatch,
): Promise<Verdict> {
  const baseline = plan.baseline === undefined ? undefined : await readBaseline(plan.baseline);
  const evaluator = new RecordingEvaluator(plan, baseline?.baseline);
  const runs: RecordedRun[] = [];
  for (const file of files) {
    for (const evaluation of await evaluator.evaluateFile(file, watch)) runs.push({ file, evaluation });
  }
  const fileOf = (run: number) => {
    const file = runs[run - 1]?.file;
    return file === '-' ? UNKNOWN_FILE : file;
  };
  const evaluations = runs.map(({ evaluation }) => evaluation);
  const verdict = verdictOn(evaluations, plan, baseline, fileOf);
  if (verdict === undefined) throw new InputError('', 'no recording to evaluate');
  return verdict;
}

/** Evaluates all runs with the same budgets. */
class RecordingEvaluator {
  readonly #baseline: Baseline | undefined;
  #budgets: readonly NamedBudget[] | undefined;
  /** The properties that the other runs must match. */
  #first: Side | undefined;

  constructor({ budgets }: GatePlan, baseline: Baseline | undefined) {
    this.#budgets = budgets.length === 0 ? undefined : budgets;
    this.#baseline = baseline;
  }

  async evaluateFile(file: string, watch: RecordingWatch | undefined): Promise<RunEvaluation[]> {
    const readers: RunReader[] = [];
    const doubts: string[] = [];
    watch?.open(file);
    const onRecord = (record: RecordLine) => {
      if (record.type === 'start') {
        readers.push(this.#read(record, file));
        doubts.push(...this.#findDoubts(record, file));
      }
      readers.at(-1)?.observe(record);
      watch?.observe(record);
    };
    const onLine = watch === undefined ? undefined : (text: string) => watch.addLine(text);
    const counts = await scanRecording(file, onRecord, onLine === undefined ? {} : { onLine });
    await watch?.close();
    const evaluations = readers.flatMap((reader) => reader.finish() ?? []);
    const [first] = evaluations;
    if (first === undefined) throw new InputError(file, `${file}: contains no runs`);
    first.warnings.push(...doubts);
    const damage = describeDamage(counts);
    if (damage !== undefined) first.warnings.push(`${file}: ${damage}`);
    return evaluations;
  }

  #read(start: StartRecord, file: string): RunReader {
    this.#budgets ??= budgetsOf(start, file);
    return new RunReader(this.#budgets, this.#baseline);
  }

  #findDoubts({ cmemstat, time, command, mode, host }: StartRecord, file: string): string[] {
    const side = { name: file, runs: [{ cmemstat, time, command, mode, host, status: 0, metrics: {} }] };
    this.#first ??= side;
    const { name } = this.#first;
    return doubtsOf(this.#first, side).map(
      (doubt) => `${name} and ${file} are evaluated as runs of one command: ${doubt}`,
    );
  }
}

function describeDamage({ damaged, firstDamage }: LineCounts): string | undefined {
  if (firstDamage === undefined) return undefined;
  const { line, fault } = firstDamage;
  return damaged === 1
    ? `1 damaged line was skipped: line ${line}: ${fault}`
    : `${damaged} damaged lines were skipped, the first is line ${line}: ${fault}`;
}

function budgetsOf({ budgets = [] }: StartRecord, file: string): NamedBudget[] {
  return budgets.map(({ expression, name, optional }) => ({
    budget: parseBudget(expression, file),
    ...(name === undefined ? {} : { name }),
    optional: optional === true,
  }));
}

/** One run of a recording. */
class RunReader {
  readonly #sink: BudgetSink;
  /** The figures of a run without a summary are derived from its samples. */
  readonly #collector: RunCollector | undefined;
  /** The exceeded budgets that the recording names, if no budgets were given. */
  readonly #exceeded: string[] | undefined;

  constructor(budgets: readonly NamedBudget[], baseline: Baseline | undefined) {
    this.#sink = new BudgetSink({
      budgets,
      baseline: baseline === undefined ? undefined : valuesOfBaseline(baseline),
      onExceeded: () => {},
    });
    this.#collector = baseline === undefined ? undefined : new RunCollector();
    this.#exceeded = budgets.length === 0 ? [] : undefined;
  }

  observe(record: RecordLine): void {
    // A summary ends a run: the start record of the next one is missing.
    if (this.#sink.summary !== undefined) return;
    this.#sink.observe(record);
    this.#collector?.add(record);
    if (record.type === 'event' && record.event === 'budget_exceeded') {
      this.#exceeded?.push(record.message ?? 'a budget');
    }
  }

  finish(): RunEvaluation | undefined {
    const evaluation = this.#sink.finish(this.#collector?.finish()[0]);
    if (evaluation === undefined || this.#exceeded === undefined || this.#exceeded.length === 0)
      return evaluation;
    const names = this.#exceeded.join('; ');
    evaluation.warnings.push(
      `NOT EVALUATED: no budgets were given, but the recording names exceeded budgets: ${names}`,
    );
    return evaluation;
  }
}

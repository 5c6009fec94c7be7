/** Evaluates recordings like live runs. */

import { type Baseline, valuesOfBaseline } from '../../budget/comparison/baseline.ts';
import { doubtsOf, type Side } from '../../budget/comparison/host-doubts.ts';
import { type ReadSide, readBaseline } from '../../budget/comparison/inputs.ts';
import { RunCollector } from '../../budget/comparison/run-figures.ts';
import type { NamedBudget } from '../../budget/expression/budget.ts';
import { parseBudget } from '../../budget/expression/parse-budget.ts';
import { InputError } from '../../errors.ts';
import type { RecordLine, StartRecord } from '../../model/recording.ts';
import type { Verdict } from '../../model/verdict.ts';
import { scanRecording } from '../../recording/read-recording.ts';
import type { LineCounts } from '../../recording/record-lines.ts';
import { tryStat } from '../../try-stat.ts';
import { BudgetSink, type RunEvaluation } from './budget-sink.ts';
import { UNKNOWN_FILE, verdictOn } from './gate-runs.ts';
import type { GatePlan } from './plan.ts';

/** Receives what is read from the recordings, for reports that show more than the verdict. */
export interface RecordingWatch {
  /** @param bytes the size of a regular file. */
  open(file: string, bytes: number | undefined): RecordingReceiver;
}

/** Receives one recording. */
export interface RecordingReceiver {
  addLine(text: string): void;
  observe(record: RecordLine): void;
  close(): Promise<void>;
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
  const evaluation = await RecordingsEvaluation.open(plan);
  for (const file of files) {
    const receiver = watch?.open(file, sizeOf(file));
    const reader = evaluation.openFile(file);
    const onRecord = (record: RecordLine) => {
      reader.observe(record);
      receiver?.observe(record);
    };
    const onLine = receiver === undefined ? undefined : (text: string) => receiver.addLine(text);
    reader.counts = await scanRecording(file, onRecord, onLine === undefined ? {} : { onLine });
    await receiver?.close();
    if (!reader.hasRuns) throw new InputError(file, `${file}: contains no runs`);
  }
  const verdict = evaluation.verdict();
  if (verdict === undefined) throw new InputError('', 'no recording to evaluate');
  return verdict;
}

function sizeOf(file: string): number | undefined {
  const stat = file === '-' ? undefined : tryStat(file);
  return stat?.isFile() === true ? Number(stat.size) : undefined;
}

/** Recordings that are evaluated with the same budgets. */
export class RecordingsEvaluation {
  readonly #plan: GatePlan;
  readonly #baseline: ReadSide | undefined;
  readonly #files: RecordedRuns[] = [];
  #budgets: readonly NamedBudget[] | undefined;
  /** The properties that the other runs must match. */
  #first: Side | undefined;

  /** @throws InputError if the baseline cannot be read. */
  static async open(plan: GatePlan): Promise<RecordingsEvaluation> {
    const baseline = plan.baseline === undefined ? undefined : await readBaseline(plan.baseline);
    return new RecordingsEvaluation(plan, baseline);
  }

  private constructor(plan: GatePlan, baseline: ReadSide | undefined) {
    this.#plan = plan;
    this.#budgets = plan.budgets.length === 0 ? undefined : plan.budgets;
    this.#baseline = baseline;
  }

  /** Adds a recording, whose records may arrive while the others are read. */
  openFile(file: string): RecordedRuns {
    const runs = new RecordedRuns(file, {
      read: (start) => {
        this.#budgets ??= budgetsOf(start, file);
        return new RunReader(this.#budgets, this.#baseline?.baseline);
      },
      findDoubts: (start) => this.#findDoubts(start, file),
    });
    this.#files.push(runs);
    return runs;
  }

  /** The verdict on what was read so far; undefined without runs. */
  verdict(): Verdict | undefined {
    const runs = this.#files.flatMap((runs) =>
      runs.finish().map((evaluation) => ({ file: runs.file, evaluation })),
    );
    const fileOf = (run: number) => {
      const file = runs[run - 1]?.file;
      return file === '-' ? UNKNOWN_FILE : file;
    };
    const evaluations = runs.map(({ evaluation }) => evaluation);
    return verdictOn(evaluations, this.#plan, this.#baseline, fileOf);
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

/** What the recordings have in common. */
interface CommonPlan {
  read(start: StartRecord): RunReader;
  findDoubts(start: StartRecord): string[];
}

/** The runs of one recording. */
export class RecordedRuns {
  readonly file: string;
  readonly #common: CommonPlan;
  readonly #readers: RunReader[] = [];
  readonly #doubts: string[] = [];
  /** Of the lines that were read. */
  counts: LineCounts | undefined;

  constructor(file: string, common: CommonPlan) {
    this.file = file;
    this.#common = common;
  }

  /** Whether a start record was read. */
  get hasRuns(): boolean {
    return this.#readers.length > 0;
  }

  observe(record: RecordLine): void {
    if (record.type === 'start') {
      this.#readers.push(this.#common.read(record));
      this.#doubts.push(...this.#common.findDoubts(record));
    }
    this.#readers.at(-1)?.observe(record);
  }

  finish(): RunEvaluation[] {
    const evaluations = this.#readers.flatMap((reader) => reader.finish() ?? []);
    const damage = this.counts === undefined ? undefined : describeDamage(this.counts);
    evaluations[0]?.warnings.push(
      ...this.#doubts,
      ...(damage === undefined ? [] : [`${this.file}: ${damage}`]),
    );
    return evaluations;
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

/** The options of budgets, of several runs and of comparisons with a baseline. */
import { type Command, Option } from 'commander';
import { REPORT_FORMATS } from '../../report/report-formats.ts';
import { oneOfOption } from './one-of.ts';
import { acceptFormer } from './renamed-option.ts';
import { once, repeatable } from './repeatable.ts';
import { DependentOption, type Requirement } from './requirements.ts';

/** Which value of several runs is evaluated. */
export const DECIDING_RUNS = ['median', 'worst'] as const;

/** The hint for options that accept several rules. */
export const COMMAS = "commas between them: 'anon=5%,bpf=1%'";

/** What the comparison options require; a budget file may provide it too. */
export const A_BASELINE: Requirement = {
  name: '--baseline',
  options: ['--baseline', '--budget-file'],
  hint: '--baseline FILE',
};

/** What the options that act on budgets require. */
export const A_BUDGET: Requirement = {
  name: '--budget or --budget-file',
  options: ['--budget', '--budget-file'],
  hint: "--budget 'anon<=64MiB'",
};

/** What the options for the outcome of budgets require: a regression counts as a failed budget. */
const A_GATE: Requirement = { ...A_BUDGET, options: [...A_BUDGET.options, '--max-regression'] };

/** What the choice between several runs requires. */
const RUNS: Requirement = { name: '--runs', options: ['--runs', '--budget-file'], hint: '--runs 5' };

/** The options of budgets as commander returns them: unparsed text. */
export interface BudgetFlags {
  budget?: string[];
  budgetFile?: string;
  budgetOptional?: true;
  budgetFirst?: true;
  timeoutOk?: true;
  budgetExitCode?: string;
  strictSampling?: true;
}

/** The options of comparisons. */
export interface BaselineFlags {
  baseline?: string;
  maxRegression?: string;
  strictHost?: true;
}

/** The options of several runs. */
export interface SeriesFlags {
  runs?: string;
  warmup?: string;
  prepare?: string;
  cleanup?: string;
  dropCaches?: true;
  warm?: true;
}

/** All options of a run with budgets, baselines or repetitions. */
export interface GateFlags extends BudgetFlags, BaselineFlags, SeriesFlags {
  stopOnExceeded?: true;
  report?: string[];
  evaluate?: string;
  saveBaseline?: string;
}

/** Declares all options of a run that is evaluated, and returns them. */
export function addGateOptions(program: Command): readonly Option[] {
  const before = program.options.length;
  addBudgetOptions(program.optionsGroup('Memory budgets:'));
  program.addOption(
    new DependentOption(
      '--stop-on-exceeded',
      'terminate the target as soon as a budget can no longer pass',
    ).requires(A_BUDGET),
  );
  acceptFormer(program, '--stop-on-breach', '--stop-on-exceeded');
  addReportOption(program);
  addSeriesOptions(program.optionsGroup('Several runs and a baseline:'));
  addEvaluateOption(program, RUNS);
  addBaselineOptions(program);
  program.option('--save-baseline <file>', 'save the measured values as a baseline');
  return program.options.slice(before);
}

/** Declares the options of budgets. */
export function addBudgetOptions(command: Command): void {
  command
    .option(
      '--budget <expression>',
      "fail if exceeded: 'anon<=64MiB', 'bpf.max<=32MiB', 'anon.growth<=1MiB' (repeatable; quote it)",
      repeatable,
    )
    .option(
      '--budget-file <file>',
      'read budgets and settings from a JSON file (see docs/budgets.md)',
      once('--budget-file'),
    )
    .addOption(
      new DependentOption(
        '--budget-optional',
        'treat budgets that could not be measured as warnings',
      ).requires(A_GATE),
    )
    .addOption(
      new DependentOption(
        '--budget-first',
        "let a failed budget take precedence over the target's exit status",
      ).requires({ ...A_GATE, options: [...A_GATE.options, '--fail-on-leftover', '--strict-host'] }),
    )
    .addOption(
      new DependentOption(
        '--timeout-ok',
        'treat the time limit as the expected end, for servers: exit with 0 if all passed',
      ).requires(A_GATE),
    )
    .addOption(
      new DependentOption('--budget-exit-code <n>', 'exit status when a budget failed (default: 3)').requires(
        A_GATE,
      ),
    )
    .addOption(
      new DependentOption(
        '--strict-sampling',
        'exit with 5 if a metric may have exceeded its limit between two readings',
      ).requires(A_GATE),
    );
}

/** Declares where reports go. */
export function addReportOption(command: Command): void {
  command.addOption(
    new Option(
      '--report <format[:file]>',
      'write a report: text, markdown, junit, github, json, tap or html (repeatable; default: text)',
    )
      .choices(REPORT_FORMATS)
      .argParser(repeatable),
  );
}

/** Declares which value of several runs is evaluated. */
export function addEvaluateOption(command: Command, required?: Requirement): void {
  const option = oneOfOption(
    '--evaluate <which>',
    'evaluate the "median" or the "worst" of several runs (default: median)',
    DECIDING_RUNS,
  );
  command.addOption(required === undefined ? option : option.requires(required));
  acceptFormer(command, '--judge <which>', '--evaluate');
}

/** Declares the options of several runs. */
export function addSeriesOptions(command: Command): void {
  command
    .option(
      '--runs <n>',
      'number of measured runs, each in a fresh cgroup; --output run.jsonl writes run.1.jsonl, run.2.jsonl, ...',
    )
    .option('--warmup <n>', 'number of warm-up runs before them')
    .option('--prepare <command>', 'run this shell command before each run')
    .option('--cleanup <command>', 'run this shell command after all runs')
    .option('--drop-caches', "drop the host's page cache before each run (needs root)")
    .addOption(
      new Option(
        '--warm',
        "read the target's files first, so that their page cache is not charged to the run",
      ).conflicts('dropCaches'),
    );
}

/** Declares the options of comparisons with a baseline. */
export function addBaselineOptions(command: Command): void {
  command
    .option('--baseline <file>', 'compare with a baseline, summary or recording', once('--baseline'))
    .addOption(
      new DependentOption(
        '--max-regression <rule>',
        "fail if a metric regressed by more: 5%, 2MiB, 'bpf=1%,anon=10%+2MiB'",
      )
        .requires(A_BASELINE)
        .argParser(once('--max-regression', COMMAS)),
    )
    .addOption(
      new DependentOption(
        '--strict-host',
        'exit with 5 if the baseline is from another kind of host',
      ).requires(A_BASELINE),
    );
}

/**
 * Whether any of these options was given; if not, none of the code of evaluation and repetition is loaded.
 */
export function wantsGate(flags: GateFlags, options: readonly Option[]): boolean {
  const given: Readonly<Record<string, unknown>> = { ...flags };
  return options.some((option) => given[option.attributeName()] !== undefined);
}

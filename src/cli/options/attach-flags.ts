/** The options of `cmemstat attach`. */
import type { Command, Option } from 'commander';
import {
  A_BUDGET,
  addBaselineOptions,
  addBudgetOptions,
  addReportOption,
  type GateFlags,
  type SeriesFlags,
} from './gate-flags.ts';
import { DependentOption } from './requirements.ts';
import { addOutputOptions, addSamplingOptions, addViewOptions, type RunFlags } from './run-flags.ts';

/** The options as commander passes them on: unparsed text. */
export type AttachFlags = Omit<RunFlags, 'wait' | 'killAfter' | 'inheritRatio'> &
  Omit<GateFlags, keyof SeriesFlags> & {
    /** Undefined if neither `--follow` nor `--no-follow` was given. */
    follow?: boolean;
    process?: true;
  };

/** Declares the argument and the options of `cmemstat attach`; returns those of the evaluation. */
export function addAttachOptions(command: Command): readonly Option[] {
  command.argument(
    '<target>',
    'a memory cgroup by its path, or by what runs in it: pid:N, unit:NAME, container:NAME-or-ID, pod:NAMESPACE/NAME, comm:NAME',
  );
  addSamplingOptions(command);
  command.option('--timeout <duration>', 'end the measurement after this time');
  command.option(
    '--follow',
    'when the cgroup is gone, continue in the next one with this name; the default for names, not for paths',
  );
  command.option('--no-follow', 'end when the cgroup is gone');
  command.option(
    '--process',
    'list only the process of the target and its descendants; all figures remain those of the cgroup',
  );
  addOutputOptions(command);
  addViewOptions(command);
  const before = command.options.length;
  addBudgetOptions(command.optionsGroup('Memory budgets:'));
  command.addOption(
    new DependentOption(
      '--stop-on-exceeded',
      'end the measurement as soon as a budget can no longer pass',
    ).requires(A_BUDGET),
  );
  addReportOption(command);
  addBaselineOptions(command.optionsGroup('A baseline:'));
  command.option('--save-baseline <file>', 'save the measured values as a baseline');
  return command.options.slice(before);
}

/**
 * A rule that commander does not support: an option that requires another one. Commander checks choices and
 * conflicts.
 */
import { type Command, Option } from 'commander';
import { UsageError } from '../../errors.ts';

/** The requirement of an option. */
export interface Requirement {
  /** The name in errors. */
  name: string;
  /** The long names of the options that satisfy it: one is sufficient. */
  options: readonly string[];
  /** What to add to the command line. */
  hint: string;
}

/** An option that requires another one. */
export class DependentOption extends Option {
  #required: Requirement | undefined;

  requires(requirement: Requirement): this {
    this.#required = requirement;
    return this;
  }

  /** @throws UsageError if the requirement is not met. */
  check(isGiven: (long: string) => boolean): void {
    const required = this.#required;
    if (required !== undefined && !required.options.some(isGiven)) {
      throw missingOption(this.long ?? '', required);
    }
  }
}

/** The error for an option whose requirement is not met. */
export function missingOption(option: string, { name, hint }: Requirement): UsageError {
  return new UsageError(option, `${option} requires ${name}`, hint);
}

/** Checks the given options of a command. @throws UsageError. */
export function checkRequirements(command: Command): void {
  const isGiven = (long: string) =>
    command.options.some((option) => option.long === long && isSet(command, option));
  for (const option of command.options) {
    if (option instanceof DependentOption && isSet(command, option)) option.check(isGiven);
  }
}

function isSet(command: Command, option: Option): boolean {
  const source = command.getOptionValueSource(option.attributeName());
  return source !== undefined && source !== 'default';
}

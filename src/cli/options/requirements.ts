/** The rule that commander does not know: an option that makes no sense without another one. Choices and conflicts are its own. */
import { type Command, Option } from 'commander';
import { UsageError } from '../../errors.ts';

/** What an option requires. */
export interface Requirement {
  /** As errors name it. */
  name: string;
  /** The long names of the options that meet it: one of them is enough. */
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

  /** @throws UsageError when what it requires was not given. */
  check(isGiven: (long: string) => boolean): void {
    const required = this.#required;
    if (required !== undefined && !required.options.some(isGiven)) {
      throw missingOption(this.long ?? '', required);
    }
  }
}

/** The error for an option without the one that it requires. */
export function missingOption(option: string, { name, hint }: Requirement): UsageError {
  return new UsageError(option, `${option} requires ${name}`, hint);
}

/** Checks the options that were given to a command. @throws UsageError. */
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

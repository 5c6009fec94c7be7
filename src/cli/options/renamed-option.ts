/** Former names of options, which are still accepted but not shown in the help. */
import { type Command, Option } from 'commander';

/** A hidden option that sets the option that replaced it. */
class RenamedOption extends Option {
  readonly #current: Option;

  constructor(flags: string, current: Option) {
    super(flags);
    this.#current = current;
    if (current.parseArg !== undefined) this.parseArg = current.parseArg;
    this.hideHelp();
  }

  override attributeName(): string {
    return this.#current.attributeName();
  }
}

/**
 * Accepts the former flags of an option that the command has: `acceptFormer(command, '--judge <which>',
 * '--evaluate')`.
 */
export function acceptFormer(command: Command, former: string, long: string): void {
  const current = command.options.find((option) => option.long === long);
  if (current === undefined) throw new Error(`no option ${long}`);
  command.addOption(new RenamedOption(former, current));
}

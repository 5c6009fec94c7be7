/**
 * A command whose errors are our own: each names the option or argument and says what to write instead.
 * Commander calls these methods for every fault that it finds; they are not in its published types, so that
 * its version is pinned and a test triggers each of them.
 */
import { Command, type Option } from 'commander';
import { UsageError } from '../errors.ts';
import { nearestName } from '../format/nearest-name.ts';
import { readStrings, wasDecodedExactly } from '../target/byte-string.ts';

/** A command, or one of its subcommands, that throws UsageErrors. */
export class CheckedCommand extends Command {
  readonly #byFlag = new Map<string, Option>();
  #indexed = 0;

  override createCommand(name?: string): Command {
    return new CheckedCommand(name);
  }

  /** The command as it is typed: `cmemstat budget check`. */
  get path(): string {
    return this.parent instanceof CheckedCommand ? `${this.parent.path} ${this.name()}` : this.name();
  }

  /** The same in messages, which start with the name of the program. */
  get label(): string {
    return this.path.replace(/^cmemstat /, '');
  }

  /** No option means anything without a value, and a decoded name is that of another file. */
  override addOption(option: Option): this {
    if (option.required || option.optional) {
      const words = option.attributeName() === 'env' ? undefined : readStrings;
      this.on(`option:${option.name()}`, (value: unknown) => checkValue(longName(option), value, words));
    }
    return super.addOption(option);
  }

  /** As `addOption` does for options; the words of a command to measure are for the target. */
  checkArguments(): void {
    for (const [index, argument] of this.registeredArguments.entries()) {
      if (argument.name() === 'command') return;
      const given = argument.variadic ? this.args.slice(index) : this.args.slice(index, index + 1);
      for (const each of given) checkValue(`${this.label} <${argument.name()}>`, each, readStrings);
    }
  }

  /** A switch and its negation: the last one would win silently. */
  override setOptionValueWithSource(key: string, value: unknown, source: string): this {
    const isContradiction = typeof value === 'boolean' && this.getOptionValue(key) === !value;
    if (isContradiction && source === 'cli' && this.getOptionValueSource(key) === 'cli') {
      const names = this.options.filter((option) => option.attributeName() === key).map(longName);
      throw new UsageError(names[0] ?? key, `${names.join(' conflicts with ')}`, 'give one of them');
    }
    return super.setOptionValueWithSource(key, value, source);
  }

  /** Commander searches all options for each that is declared. */
  _findOption(flag: string): Option | undefined {
    for (const option of this.options.slice(this.#indexed)) {
      for (const each of [option.short, option.long]) {
        if (each !== undefined && !this.#byFlag.has(each)) this.#byFlag.set(each, option);
      }
    }
    this.#indexed = this.options.length;
    return this.#byFlag.get(flag);
  }

  unknownOption(flag: string): never {
    const [name = flag] = flag.split('=');
    const known = this.options.filter(({ hidden }) => !hidden).map(longName);
    const similar = name.startsWith('--') ? nearestOption(name, [...known, '--help']) : undefined;
    throw new UsageError(
      name,
      `unknown option ${name}`,
      similar === undefined ? `${this.path} --help` : `did you mean ${similar}?`,
    );
  }

  unknownCommand(): never {
    const name = this.args[0] ?? '';
    const names = this.commands.map((each) => each.name());
    const similar = nearestName(name, names);
    throw new UsageError(
      'command',
      `${this.label}: unknown command ${name}`,
      similar === undefined ? `one of: ${names.join(', ')}` : `did you mean ${this.path} ${similar}?`,
    );
  }

  missingArgument(name: string): never {
    throw new UsageError(name, `${this.label}: missing argument <${name}>`, `${this.path} ${this.usage()}`);
  }

  /** Commander's name for arguments that are left over. */
  _excessArguments(given: readonly string[]): void {
    const [first] = given.slice(this.registeredArguments.length);
    if (first === undefined) return;
    throw new UsageError(
      'command',
      `${this.label}: unexpected argument ${first}`,
      `${this.path} ${this.usage()}`,
    );
  }

  optionMissingArgument(option: Option): never {
    throw new UsageError(longName(option), `${longName(option)}: missing value`, option.flags);
  }

  _conflictingOption(option: Option, other: Option): never {
    throw new UsageError(
      longName(option),
      `${longName(option)} conflicts with ${longName(other)}`,
      'give one of them',
    );
  }
}

/**
 * Refuses an empty value, and with `read` one that Node.js has decoded from bytes that are not UTF-8.
 * @throws UsageError.
 */
function checkValue(name: string, value: unknown, read: typeof readStrings | undefined): void {
  if (value === '') throw new UsageError(name, `${name}: the value is empty`);
  if (read === undefined || typeof value !== 'string' || wasDecodedExactly(value, read)) return;
  throw new UsageError(name, `${name} ${value}: not UTF-8`, 'use a name in UTF-8, such as a link to it');
}

/** Without the dashes, which all options have in common. */
function nearestOption(name: string, options: readonly string[]): string | undefined {
  const nearest = nearestName(
    name.slice(2),
    options.map((option) => option.slice(2)),
  );
  return nearest === undefined ? undefined : `--${nearest}`;
}

function longName(option: Option): string {
  return option.long ?? option.flags;
}

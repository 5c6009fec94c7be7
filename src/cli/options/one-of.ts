import { UsageError } from '../../errors.ts';
import { listWords } from '../../format/list-words.ts';
import { DependentOption } from './requirements.ts';

/**
 * Validates a value against several words; undefined if the option was not given.
 * @throws UsageError that names the option and lists the words.
 */
export function oneOf<T extends string>(
  text: string | undefined,
  allowed: readonly T[],
  option: string,
): T | undefined {
  if (text === undefined) return undefined;
  const found = allowed.find((each) => each === text);
  if (found === undefined) throw new UsageError(option, `${option} ${text}: expected ${listWords(allowed)}`);
  return found;
}

/**
 * An option that takes one of a few words, which help and completions list.
 * Invalid values are rejected by `oneOf`.
 */
export function oneOfOption(flags: string, description: string, allowed: readonly string[]): DependentOption {
  const option = new DependentOption(flags, description).choices(allowed);
  return option.argParser((text: string) => oneOf(text, allowed, option.long ?? flags));
}

import { UsageError } from '../../errors.ts';

/**
 * One of a few words; undefined where the option was not given.
 * @throws UsageError that names the option and lists the words, with `separator` between them.
 */
export function oneOf<T extends string>(
  text: string | undefined,
  allowed: readonly T[],
  option: string,
  separator: ' or ' | ', ' = ' or ',
): T | undefined {
  if (text === undefined) return undefined;
  const found = allowed.find((each) => each === text);
  if (found === undefined)
    throw new UsageError(option, `${option} ${text}: expected ${allowed.join(separator)}`);
  return found;
}

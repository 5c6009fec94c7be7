/** Verdicts with arbitrary texts in every external field: for property tests. */
import fc from 'fast-check';
import type { Verdict } from '#src/model/verdict.ts';
import { examples } from './example-verdicts.ts';

/**
 * Characters with a meaning for parsers and terminals, mixed with arbitrary ones. Also sampled where no setup
 * file sets the sizes.
 */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\n',
        '\r',
        '\r\n',
        '\u2028',
        '\u0085',
        '\u0000',
        '\u001b[31m',
        '\u001b]0;title\u0007',
        '\u202e',
        '\ud800',
        '\udc00',
        '\uffff',
        '::error::smuggled',
        '::set-output name=x::y',
        '##[error]smuggled',
        '::error title=x::smuggled',
        '##vso[task.complete]',
        '##teamcity[x]',
        ']]>',
        '</testsuite>',
        '<testcase name="x"/>',
        '<!--',
        '&amp;',
        '&',
        '"',
        "'",
        '|',
        '\\|',
        '\\\\|',
        '\\',
        '`',
        '``',
        '```',
        '\n```\n',
        '# SKIP',
        '#',
        'not ok 1',
        'ok',
        '  ...',
        '---',
        '@everyone',
        'https://example.invalid/',
        '#1',
        '[a](javascript:b)',
        '</details>',
        '<script>',
        '%0A',
        '%',
        ',',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 8, size: 'max' },
  )
  .map((parts) => parts.join(''));

/** The keys whose texts are not external. */
const OURS = new Set(
  'type time status verdict op unit kind evaluatedOn state moment method baseline'.split(' '),
);

/** Replaces all external texts in a value, each by the next of a list. */
export function withTexts<T>(value: T, texts: readonly string[]): T {
  let next = 0;
  const replace = (part: unknown, key: string): unknown => {
    if (typeof part === 'string') return OURS.has(key) ? part : (texts[next++ % texts.length] ?? '');
    if (Array.isArray(part)) return part.map((each) => replace(each, key));
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, replace(each, name)]));
  };
  return replace(value, '') as T;
}

/** Texts for {@link withTexts}. */
export const hostileTexts = fc.array(hostileText, { minLength: 1, maxLength: 20, size: 'max' });

/** An example with all external texts replaced. */
export const hostileVerdict: fc.Arbitrary<Verdict> = fc
  .tuple(fc.constantFrom(...Object.values(examples)), hostileTexts)
  .map(([example, texts]) => withTexts(example, texts));

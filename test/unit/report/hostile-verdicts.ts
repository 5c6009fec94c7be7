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
const OURS = new Set(['type', 'time', 'status', 'verdict', 'op', 'unit', 'kind', 'evaluatedOn']);

/** An example with all external texts replaced. */
export const hostileVerdict: fc.Arbitrary<Verdict> = fc
  .tuple(
    fc.constantFrom(...Object.values(examples)),
    fc.array(hostileText, { minLength: 1, maxLength: 20, size: 'max' }),
  )
  .map(([example, texts]) => {
    let next = 0;
    const replace = (value: unknown, key: string): unknown => {
      if (typeof value === 'string') return OURS.has(key) ? value : (texts[next++ % texts.length] ?? '');
      if (Array.isArray(value)) return value.map((each) => replace(each, key));
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, replace(each, name)]));
    };
    return replace(example, '') as Verdict;
  });

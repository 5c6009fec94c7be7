import { expect, it } from 'vitest';
import { hintSuffix } from '#src/format/hint.ts';
import { safeText } from '#src/format/safe-text.ts';

it.each([
  [undefined, ''],
  ['run as root', ' (hint: run as root)'],
  ['a\x1bb', ' (hint: a\\x1bb)'],
])('%o is shown as %o', (hint, expected) => {
  expect(hintSuffix(hint, safeText)).toBe(expected);
});

it('leaves the text as it is by default', () => {
  expect(hintSuffix('a\x1bb')).toBe(' (hint: a\x1bb)');
});

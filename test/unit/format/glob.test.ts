import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findBadSet, globToRegExp, hasWildcards } from '#src/format/glob.ts';

it.each([
  ['flows', 'flows', true],
  ['flows', 'flows2', false],
  ['flow*', 'flows2', true],
  ['*', '', true],
  ['f?ow', 'flow', true],
  ['f?ow', 'fow', false],
  ['map_[0-3]', 'map_2', true],
  ['map_[0-3]', 'map_7', false],
  ['map_[!0-3]', 'map_7', true],
  ['[]', '[]', true],
  ['.bss', 'xbss', false],
  ['a+(b)|c\\', 'a+(b)|c\\', true],
  ['a/b-c', 'a/b-c', true],
  ['two\nlines*', 'two\nlines\n', true],
  ['[a\\]', 'a', true],
])('%j on %j: %s', (glob, text, matches) => {
  expect(globToRegExp(glob).test(text)).toBe(matches);
});

it.each([
  ['x*[a-c]?', undefined],
  ['[z-a]', { from: 0, text: '[z-a]' }],
  ['a[b]c[!z-a].max', { from: 5, text: '[!z-a]' }],
  ['[]', undefined],
  ['[a', undefined],
])('the invalid set of %j is %j', (glob, bad) => {
  expect(findBadSet(glob)).toEqual(bad);
});

it('every glob without an invalid set is accepted', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-d[\]!*?\\^-]{0,9}$/), (glob) => {
      if (findBadSet(glob) === undefined) expect(globToRegExp(glob)).toBeInstanceOf(RegExp);
      else expect(() => globToRegExp(glob)).toThrow(SyntaxError);
    }),
  );
});

it.each([
  ['flows', false],
  ['a.b-c', false],
  ['[', false],
  ['flow*', true],
  ['f?', true],
  ['[f]lows', true],
])('%j can match several names: %s', (glob, has) => {
  expect(hasWildcards(glob)).toBe(has);
});

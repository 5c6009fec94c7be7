import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileGlob, findBadSet, hasWildcards } from '#src/format/glob.ts';

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
  ['*b*a*', 'abba', true],
  ['*b*b*a*b', 'abba', false],
  ['a**b?*', 'acbbx', true],
  ['*ab', 'aab', true],
  ['*1*2*3*4*5*6*7*8*9*a*b*c', '123456789abc', true],
])('%j on %j: %s', (glob, text, matches) => {
  expect(compileGlob(glob).test(text)).toBe(matches);
});

it('matches what backtracking matches, for any glob', () => {
  const matches = ([glob = '', ...rest]: string[], text: string): boolean => {
    if (glob === '') return text === '';
    if (glob === '*') return matches(rest, text) || (text !== '' && matches([glob, ...rest], text.slice(1)));
    return text !== '' && (glob === '?' || glob === text[0]) && matches(rest, text.slice(1));
  };
  fc.assert(
    fc.property(fc.stringMatching(/^[ab*?]{0,7}$/), fc.stringMatching(/^[ab]{0,7}$/), (glob, text) => {
      expect(compileGlob(glob).test(text)).toBe(matches([...glob], text));
    }),
  );
});

it('matches a glob of many wildcards, and a long one', () => {
  // With backtracking, this would not end.
  expect(compileGlob(`${'*a'.repeat(40)}b`).test('a'.repeat(200))).toBe(false);
  expect(compileGlob(`${'*'.repeat(200)}b`).test('a'.repeat(200))).toBe(false);
  expect(compileGlob('a'.repeat(100_000)).test('a'.repeat(100_000))).toBe(true);
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
      if (findBadSet(glob) === undefined) expect(compileGlob(glob)).toHaveProperty('test');
      else expect(() => compileGlob(glob)).toThrow(SyntaxError);
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

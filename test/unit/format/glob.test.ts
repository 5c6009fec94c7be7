import { expect, it } from 'vitest';
import { globToRegExp } from '../../../src/format/glob.ts';

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

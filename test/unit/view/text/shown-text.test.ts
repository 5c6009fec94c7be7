import fc from 'fast-check';
import { expect, test } from 'vitest';
import { widthOf } from '#src/view/text/cells.ts';
import { gauge, shownText, wrapText } from '#src/view/text/shown-text.ts';

test('untrusted text is escaped, in ASCII with the same width', () => {
  expect(shownText('a\u001b[31m日本é', true)).toBe('a\\x1b[31m日本é');
  expect(shownText('a\u001b[31m日本é🚀', false)).toBe('a\\x1b[31m?????' + '??');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const shown = shownText(text, false);
      expect(shown).toMatch(/^[\x20-\x7e]*$/);
    }),
  );
});

test('text is wrapped at blanks, and inside words that are too long', () => {
  expect(wrapText('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrapText('abcdefgh ij', 3)).toEqual(['abc', 'def', 'gh', 'ij']);
  expect(wrapText('', 5)).toEqual(['']);
  expect(wrapText('日本語', 1)).toEqual(['']);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 30 }), (text, width) => {
      for (const line of wrapText(shownText(text, true), width))
        expect(widthOf(line)).toBeLessThanOrEqual(width);
    }),
  );
});

test('a gauge has its width, and draws any value above 0', () => {
  expect(gauge(0, 4, true)).toBe('····');
  expect(gauge(0.0001, 4, true)).toBe('▏···');
  expect(gauge(0.5, 4, true)).toBe('██··');
  expect(gauge(2, 4, true)).toBe('████');
  expect(gauge(0.0001, 4, false)).toBe('#...');
  expect(gauge(1, 4, false)).toBe('####');
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.nat(20), fc.boolean(), (share, width, unicode) => {
      expect(widthOf(gauge(share, width, unicode))).toBe(width);
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  clip,
  fitLine,
  fitRight,
  fitText,
  overlay,
  sliceLine,
  textOf,
  widthOf,
} from '#src/view/text/cells.ts';

test.each([
  ['agent', 5],
  ['日本', 4],
  ['e\u0301', 1],
  ['👩‍👩‍👧', 2],
  ['', 0],
])('%j occupies %i columns', (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test('a wide character that is cut leaves a blank', () => {
  expect(clip('a日', 2)).toBe('a');
  expect(fitText('a日本', 3, true)).toBe('a… ');
  expect(fitText('a日本', 4, false)).toBe('a日~');
});

test('short text is padded on the requested side', () => {
  expect(fitText('ab', 4, true)).toBe('ab  ');
  expect(fitRight('ab', 4, true)).toBe('  ab');
  expect(fitRight('abcdef', 4, true)).toBe('abc…');
});

test('a line keeps the styles of its spans and is cut at its end', () => {
  const spans = [{ text: 'ab', style: 'bad' as const }, { text: '日本' }];
  expect(fitLine(spans, 5)).toEqual([{ text: 'ab', style: 'bad' }, { text: '日' }, { text: ' ' }]);
  expect(fitLine(spans, 7, 'selected').at(-1)).toEqual({ text: ' ', style: 'selected' });
});

test('a fitted line has exactly the width, for any text', () => {
  const text = fc.string({ unit: 'grapheme' }).map((each) => each.replaceAll(/\p{Cc}/gu, ''));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), fc.nat(40), (texts, width) => {
      expect(
        widthOf(
          textOf(
            fitLine(
              texts.map((each) => ({ text: each })),
              width,
            ),
          ),
        ),
      ).toBe(width);
    }),
  );
  fc.assert(
    fc.property(text, fc.nat(40), fc.boolean(), (each, width, unicode) => {
      expect(widthOf(fitText(each, width, unicode))).toBe(width);
    }),
  );
});

test('a slice through wide characters keeps its width', () => {
  const line = [{ text: 'a日本b', style: 'bad' as const }, { text: 'cd' }];
  expect(sliceLine(line, 2, 7)).toEqual([{ text: ' 本b', style: 'bad' }, { text: 'c' }]);
  expect(textOf(sliceLine(line, 0, 2))).toBe('a ');
  expect(textOf(overlay(line, 2, [{ text: 'XY' }], 2))).toBe('a XY bcd');
});

test('a line keeps its width under any overlay', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 }).map((each) => each.replaceAll(/\p{Cc}/gu, ''));
  fc.assert(
    fc.property(text, fc.nat(18), fc.nat(6), (each, left, width) => {
      const line = fitLine([{ text: each }], 24);
      expect(widthOf(textOf(overlay(line, left, [{ text: '#'.repeat(width) }], width)))).toBe(24);
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutLine, cutMiddle, widthOfText, wrapLines } from '#src/format/wrap-lines.ts';

describe('wrapLines', () => {
  it('breaks between words and indents what follows', () => {
    expect(wrapLines(['  advice: one two three four'], 22)).toEqual(['  advice: one two', '    three four']);
  });

  it('leaves lines that fit, and all lines without a width', () => {
    const lines = ['short', '', 'x'.repeat(30)];
    expect(wrapLines(lines, 30)).toEqual(lines);
    expect(wrapLines([`${'word '.repeat(100)}`], undefined)).toHaveLength(1);
  });

  it('leaves a word whole that is wider than the line, so that a path can be copied', () => {
    expect(wrapLines(['x'.repeat(45)], 20)).toEqual(['x'.repeat(45)]);
    expect(wrapLines(['  written to /a/long/path/of/a/file.json and to another'], 20)).toEqual([
      '  written to',
      '    /a/long/path/of/a/file.json',
      '    and to another',
    ]);
    expect(wrapLines(['  /a/path/of/1234567 KiB and more'], 20)).toEqual([
      '  /a/path/of/1234567 KiB',
      '    and more',
    ]);
  });

  it('keeps a number and its unit together', () => {
    expect(wrapLines(['averages: current 108 KiB'], 22)).toEqual(['averages: current', '  108 KiB']);
    expect(wrapLines(['the difference is 12.5 % or so'], 23)).toEqual([
      'the difference is',
      '  12.5 % or so',
    ]);
  });

  it('counts columns, not characters', () => {
    expect(wrapLines(['日本語日本語 日本語日本語'], 20)).toEqual(['日本語日本語', '  日本語日本語']);
    // Combining marks take no column.
    expect(wrapLines([`${'e\u0301'.repeat(10)} ${'e\u0301'.repeat(9)}`], 20)).toHaveLength(1);
    expect(wrapLines(['✅✅✅✅✅ ✅✅✅✅ 🚀'], 20)).toEqual(['✅✅✅✅✅ ✅✅✅✅', '  🚀']);
  });

  it.each([20, 33, 80])('keeps every line within %i columns, and every word', (width) => {
    const line = `  ${Array.from({ length: 60 }, (_, at) => 'w'.repeat((at * 7) % 16)).join(' ')}`;
    const wrapped = wrapLines([line], width);
    expect(Math.max(...wrapped.map(({ length }) => length))).toBeLessThanOrEqual(width);
    expect(wrapped.join('').replaceAll(' ', '')).toBe(line.replaceAll(' ', ''));
  });

  it('ends for any text', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('', ' ', '1', ' MiB', ' %', '日本', 'x'.repeat(30))), (parts) => {
        const line = parts.join('');
        const joined = wrapLines([line], 20).join('').replaceAll(' ', '');
        expect(joined).toBe(line.replaceAll(' ', ''));
      }),
    );
  });
});

describe('cutLine', () => {
  it('shows where a line was cut', () => {
    expect(cutLine('0123456789', 10)).toBe('0123456789');
    expect(cutLine('0123456789a', 10)).toBe('0123456...');
    expect(cutLine('日本語日本語', 8)).toBe('日本...');
    expect(cutLine('0123456789', undefined)).toBe('0123456789');
  });
});

it('leaves out the middle of a name', () => {
  expect(cutMiddle('/usr/lib/x.so', 13)).toBe('/usr/lib/x.so');
  expect(cutMiddle('/usr/lib/long/x.so', 13)).toBe('/usr…ong/x.so');
  expect(cutMiddle('/usr/lib/long/x.so', 13, 1)).toBe('/usr/lib/lon…');
  expect(cutMiddle('名前名前名前', 8)).toBe('名…名前');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (name, width) => {
      const cut = cutMiddle(name, width);
      expect(cut === name || widthOfText(cut) <= Math.max(1, width)).toBe(true);
    }),
  );
});

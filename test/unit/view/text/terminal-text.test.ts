import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textOf } from '#src/view/text/cells.ts';
import type { Line, TextStyle } from '#src/view/text/line.ts';
import { MAX_LINE_LENGTH, TerminalText } from '#src/view/text/terminal-text.ts';

/** All lines, including the unterminated one at the end. */
function linesOf(...chunks: (string | Uint8Array)[]): Line[] {
  const text = new TerminalText();
  const lines = chunks.flatMap((chunk) => text.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
  const { open } = text;
  return open === undefined ? lines : [...lines, open];
}

const textsOf = (...chunks: (string | Uint8Array)[]) => linesOf(...chunks).map(textOf);

/** The style of the last span. */
const styleAfter = (sequence: string) => linesOf(`${sequence}x`).at(-1)?.at(-1)?.style;

describe('colours and attributes', () => {
  test.each<[string, TextStyle | undefined]>([
    ['\u001b[31m', { fg: 1 }],
    ['\u001b[97;44m', { fg: 15, bg: 4 }],
    ['\u001b[107m', { bg: 15 }],
    ['\u001b[38;5;208m', { fg: 208 }],
    ['\u001b[38:5:208m', { fg: 208 }],
    ['\u001b[48;2;1;2;3m', { bg: [1, 2, 3] }],
    ['\u001b[38:2:1:2:3m', { fg: [1, 2, 3] }],
    ['\u001b[38:2::1:2:3m', { fg: [1, 2, 3] }],
    ['\u001b[1;2;3;4;7m', { bold: true, dim: true, italic: true, underline: true, inverse: true }],
    ['\u001b[1;4m\u001b[22;24m', undefined],
    ['\u001b[4:3m', { underline: true }],
    ['\u001b[4m\u001b[4:0m', undefined],
    ['\u001b[31;42m\u001b[39m', { bg: 2 }],
    ['\u001b[31m\u001b[m', undefined],
    ['\u001b[31m\u001b[0;1m', { bold: true }],
    ['\u001b[58;5;9;1m', { bold: true }],
    ['\u001b[58:2::1:2:3;31m', { fg: 1 }],
    ['\u001b[38;5;300m', undefined],
    ['\u001b[38;2;1;2m', undefined],
    ['\u001b[38m', undefined],
    ['\u001b[5;8;9;53;999m', undefined],
    ['\u001b[>4;1m', undefined],
    ['\u001b[31m\u001bc', undefined],
    ['\u009b32m', { fg: 2 }],
  ])('%j', (sequence, style) => {
    expect(styleAfter(sequence)).toEqual(style);
  });

  test('continue after the end of a line and of a chunk', () => {
    expect(linesOf('\u001b[3', '1ma\nb\u001b[', '0mc')).toEqual([
      [{ text: 'a', style: { fg: 1 } }],
      [{ text: 'b', style: { fg: 1 } }, { text: 'c' }],
    ]);
  });

  test('that have no effect produce one span', () => {
    expect(linesOf('a\u001b[0mb\u001b[mc')).toEqual([[{ text: 'abc' }]]);
  });
});

describe('within a line', () => {
  test.each([
    ['a\r\nb\r\n', ['a', 'b']],
    ['10%\r50%\r100%\ndone', ['100%', 'done']],
    ['10%\r', ['10%']],
    ['a\tb\t\tc', ['a       b               c']],
    ['日本\tx', ['日本    x']],
    ['👩‍👩‍👧\tx', ['👩‍👩‍👧      x']],
    ['12345678\tx', ['12345678        x']],
    ['a\t\b\b\tx', ['a       x']],
    ['abcdefgh\t\b\b\b\b\b\b\b\b\b\b\tx', ['abcdef  x']],
    ['N\bNA\bA', ['NA']],
    ['|\b/\b-', ['-']],
    ['🚀\bx', ['x']],
    ['\b\bx', ['x']],
    ['⠋ a\u001b[2K\u001b[1G⠙ a', ['⠙ a']],
  ])('%j', (printed, expected) => {
    expect(textsOf(printed)).toEqual(expected);
  });
});

describe('sequences that could damage the screen', () => {
  test.each([
    ['clears and moves', 'a\u001b[2J\u001b[H\u001b[10;20Hb\u001b[1Ac\u001b[3Xd'],
    ['scroll regions and modes', 'a\u001b[5;10r\u001b[?1049h\u001b[?25lb\u001b[!pc\u001b7\u001b8\u001b=d'],
    ['character sets', 'a\u001b(0b\u001b)B\u000ec\u000f\u001b#8d'],
    ['a title', 'a\u001b]0;title\u0007bcd'],
    ['a title that ends in ST', 'a\u001b]2;title\u001b\\b\u001b]2;x\u009ccd'],
    ['a hyperlink', '\u001b]8;;https://example.org\u001b\\ab\u001b]8;;\u001b\\cd'],
    ['the clipboard', 'ab\u001b]52;c;aGVsbG8=\u0007cd'],
    [
      'device control, application, privacy and other strings',
      'a\u001bPq#0\u001b\\b\u001b_Ga\u001b\\c\u001b^x\u001b\\\u001bXy\u001b\\d',
    ],
    ['the same as single characters', 'a\u0090q\u009cb\u009fG\u009cc\u009ex\u009c\u0098y\u009cd\u0085'],
    ['a string that is broken off', 'a\u001bPx\u0018b\u001b]x\u001b[31mcd'],
  ])('%s is dropped', (_, printed) => {
    expect(textsOf(printed)).toEqual(['abcd']);
  });

  test('other controls are shown', () => {
    expect(textsOf('a\u0000\u0007\u007f\u001b\u0001\u202eb\u2066\u2028c')).toEqual([
      'a^@^G^?^[^A\\u202eb\\u2066 c',
    ]);
  });

  test('bytes that are not UTF-8 are shown as such', () => {
    expect(textsOf(Buffer.from([0x61, 0x9b, 0x33, 0xff, 0x62]))).toEqual(['a\ufffd3\ufffdb']);
  });

  test('a character in chunks is joined', () => {
    const [first = 0, ...rest] = Buffer.from('🚀');
    expect(textsOf(Buffer.from([first]), Buffer.from(rest))).toEqual(['🚀']);
  });
});

describe('unterminated sequences', () => {
  test('a title ends with its line', () => {
    expect(textsOf('a\u001b]0;title\nb')).toEqual(['a', 'b']);
  });

  test.each(['\u001bP', '\u001b_', '\u001b]', '\u001b[', '\u001b(', '\u009b'])('%j is abandoned', (start) => {
    const filling = start.endsWith('[') || start === '\u009b' ? '1' : start.endsWith('(') ? ' ' : 'x';
    const lines = textsOf(start, filling.repeat(10_000), '\nafter');
    expect(lines[0]?.length).toBeLessThan(4000);
    expect(lines[1]).toBe('after');
  });

  test('a line is cut, and the next one is complete', () => {
    const [long, next] = textsOf('x'.repeat(MAX_LINE_LENGTH - 1), '🚀yy\tz\n', 'next');
    expect(long).toBe('x'.repeat(MAX_LINE_LENGTH - 1));
    expect(next).toBe('next');
  });
});

const fragment = fc.oneof(
  fc.constantFrom(
    ...[
      '\u001b[',
      '\u001b]',
      '\u001bP',
      '\u001b\\',
      '\u0007',
      '\u001b',
      '\r',
      '\n',
      '\t',
      '\b',
      'm',
      '31;1',
      ':',
      '\u009b',
    ],
    ...[
      '\u009c',
      '\u202e',
      '\u2028',
      '日本',
      '👩‍👩‍👧',
      'e\u0301',
      '\u001b[0m',
      '\u001b[38;5;9m',
      '\u0018',
      ' ',
      'x'.repeat(900),
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const bytes = fc.oneof(
  fc.array(fragment, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(''))),
  fc.uint8Array({ maxLength: 60 }).map((each) => Buffer.from(each)),
);

test('no control character and no half character remains, for any bytes', () => {
  fc.assert(
    fc.property(bytes, (printed) => {
      for (const text of textsOf(printed)) {
        expect(text).not.toMatch(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
        expect(text.length).toBeLessThanOrEqual(MAX_LINE_LENGTH);
      }
    }),
    { numRuns: 300 },
  );
});

test('the lines are the same for any chunks', () => {
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 12 }), (printed, cuts) => {
      const at = [0, ...cuts.map((cut) => cut % (printed.length + 1)), printed.length].sort((a, b) => a - b);
      const chunks = at.slice(1).map((to, index) => printed.subarray(at[index], to));
      expect(linesOf(...chunks)).toEqual(linesOf(printed));
    }),
    { numRuns: 300 },
  );
});

import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCommand, formatShortCommand, safeText } from '#src/format/safe-text.ts';

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b',
      '\u009b',
      '\r',
      '\n',
      '\t',
      '\u0000',
      '\u007f',
      '\u202e',
      '\u2066',
      '\u200f',
      'a',
      '[',
      '1',
      'é',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

describe('safeText', () => {
  it.each([
    ['plain text, é and 漢字', 'plain text, é and 漢字'],
    ['\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['a\nb\tc\r', 'a\\x0ab\\x09c\\x0d'],
    ['\u0000\u007f\u009b', '\\x00\\x7f\\x9b'],
    ['abc\u202etxt.exe', 'abc\\u202etxt.exe'],
    ['\u2066\u2069\u200e\u200f', '\\u2066\\u2069\\u200e\\u200f'],
    ['', ''],
  ])('writes %o as %o', (text, safe) => {
    expect(safeText(text)).toBe(safe);
  });

  it('removes every control character, and those that change the direction of text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(safeText(text)).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  it('is idempotent', () => {
    fc.assert(fc.property(hostile, (text) => safeText(safeText(text)) === safeText(text)));
  });
});

describe('formatCommand', () => {
  it.each([
    [['ls', '-l', '/tmp'], 'ls -l /tmp'],
    [['sh', '-c', 'echo $HOME'], "sh -c 'echo $HOME'"],
    [['printf', ''], "printf ''"],
    [['echo', "it's"], "echo 'it'\\''s'"],
    [['a=b', '--x=1,2:3@4%5+6'], 'a=b --x=1,2:3@4%5+6'],
    [['*', '~', '!', '#'], "'*' '~' '!' '#'"],
    [[], ''],
  ])('writes %o as %s', (words, line) => {
    expect(formatCommand(words)).toBe(line);
  });

  it('can be read back by a shell, argument by argument', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', ' ', "'", '"', '\\', '$', '`', '\n', '*', ';', '-', 'é'),
    });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const script = `for word in ${formatCommand(words)}; do printf '%s\\0' "$word"; done`;
        expect(execFileSync('sh', ['-c', script]).toString().split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 25 },
    );
  });
});

describe('formatShortCommand', () => {
  it.each([
    [['node', 'agent.mjs', '--text', 'two words'], "node agent.mjs --text 'two words'"],
    [['a\u001b'], "'a\\x1b'"],
    [[], ''],
  ])('leaves %o unchanged', (words, text) => {
    expect(formatShortCommand(words)).toBe(text);
  });

  it('shortens 100,000 arguments, and one very long argument', () => {
    const many = ['rm', ...Array.from({ length: 100_000 }, (_, index) => `file${index}`)];
    expect(formatShortCommand(many)).toMatch(/^rm file0 file1 .{1,190}\.\.\. \(100001 words\)$/);
    expect(formatShortCommand(['sh', '-c', 'x'.repeat(1000)], 20)).toBe('sh -c xxxxxxxxxxxxxx... (3 words)');
  });

  it('does not split a character', () => {
    expect(formatShortCommand(['\u{1f600}'.repeat(20)], 4)).toBe("'\u{1f600}... (1 word)");
  });
});

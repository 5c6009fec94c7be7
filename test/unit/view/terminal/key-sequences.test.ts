import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type InputPiece, KeySequences } from '#src/view/terminal/key-sequences.ts';

function pieces(...texts: string[]): string[] {
  const sequences = new KeySequences();
  return texts.flatMap((text) => sequences.take(text)).map(describePiece);
}

function describePiece({ kind, text }: InputPiece): string {
  return kind === 'key' ? text : `${kind} ${text}`;
}

describe('one chunk each', () => {
  test.each([
    ['ab', ['a', 'b']],
    ['é全👍', ['é', '全', '👍']],
    ['\x1b[A\x1b[B', ['\x1b[A', '\x1b[B']],
    ['\x1bOPx', ['\x1bOP', 'x']],
    ['\x1bO5Px', ['\x1bO5P', 'x']],
    ['\x1b[1;5Cq', ['\x1b[1;5C', 'q']],
    ['\x1b[15~\x1b[[A', ['\x1b[15~', '\x1b[[A']],
    ['\x1ba\x1b/', ['\x1ba', '\x1b/']],
    ['\x1b\x1b[A', ['\x1b', '\x1b[A']],
    ['\x1b[<64;10;5M\x1b[<0;1;1m', ['mouse \x1b[<64;10;5M', 'mouse \x1b[<0;1;1m']],
    ['\x1b[M !!q', ['mouse \x1b[M !!', 'q']],
    ['\x1b]11;rgb:0/0/0\x07q', ['\x1b]11;rgb:0/0/0\x07', 'q']],
    ['\x1bP>|xterm\x1b\\q', ['\x1bP>|xterm\x1b\\', 'q']],
    ['\x1b[200~q\x1b[A\r\n\x1b[201~z', ['paste q\x1b[A\r\n', 'z']],
    ['\x1b[27;5;9~k', ['\x1b[27;5;9~', 'k']],
    ['\x1b[é', ['\x1b[', 'é']],
    ['\x1bO\x1b[A', ['\x1bO', '\x1b[A']],
  ])('%j', (text, expected) => {
    expect(pieces(text)).toEqual(expected);
    // Split at every position, the result is the same.
    expect(pieces(...text)).toEqual(expected);
  });
});

test('a lone Escape waits, and is a key if nothing follows', () => {
  const sequences = new KeySequences();
  expect(sequences.take('\x1b')).toEqual([]);
  expect(sequences.isWaiting).toBe('sequence');
  expect(sequences.flush()).toEqual([{ kind: 'key', text: '\x1b' }]);
  expect(sequences.isWaiting).toBeUndefined();
});

test('a paste whose end never arrives is returned', () => {
  const sequences = new KeySequences();
  expect(sequences.take('\x1b[200~abc')).toEqual([]);
  expect(sequences.isWaiting).toBe('paste');
  expect(sequences.flush()).toEqual([{ kind: 'paste', text: 'abc' }]);
  expect(sequences.take('q')).toEqual([{ kind: 'key', text: 'q' }]);
});

test('neither a long paste nor an unterminated sequence fills the memory', () => {
  const sequences = new KeySequences();
  sequences.take('\x1b[200~');
  for (let count = 0; count < 100; count += 1) sequences.take('p'.repeat(10_000));
  const [paste] = sequences.take('\x1b[201~');
  expect(paste?.text.length).toBe(65_536);
  expect(sequences.take(`\x1b]${'x'.repeat(10_000)}`)).toEqual([]);
  expect(sequences.isWaiting).toBeUndefined();
});

test('any bytes in any chunks lose nothing and throw nothing', () => {
  const bits = fc.array(fc.constantFrom('\x1b', '[', 'O', '2', '0', '~', 'M', '<', ';', 'a', '\x07', '\r'), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(bits, fc.integer({ min: 0, max: 30 }), (parts, cut) => {
      const text = parts.join('');
      fc.pre(!text.includes('\x1b[200~'));
      const sequences = new KeySequences();
      const got = [
        ...sequences.take(text.slice(0, cut)),
        ...sequences.take(text.slice(cut)),
        ...sequences.flush(),
      ];
      expect(got.map((piece) => piece.text).join('')).toBe(text);
    }),
  );
});

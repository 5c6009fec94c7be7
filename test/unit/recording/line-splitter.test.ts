import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '#src/recording/line-splitter.ts';

/** Splits chunks, each in a buffer that is overwritten afterwards. */
function split(chunks: readonly Buffer[], maxBytes?: number) {
  const lines: [text: string | undefined, offset: number, end: number][] = [];
  const splitter = maxBytes === undefined ? new LineSplitter() : new LineSplitter(0, maxBytes);
  for (const chunk of chunks) {
    const reused = Buffer.from(chunk);
    splitter.push(reused, (...line) => lines.push(line));
    reused.fill(0x21);
  }
  splitter.end((...line) => lines.push(line));
  return lines;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let from = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(from, from + size));
    from += size;
  }
  return [...chunks, bytes.subarray(from)];
}

describe('LineSplitter', () => {
  it('returns each line with its position', () => {
    expect(split([Buffer.from('ab\n\ncd')])).toEqual([
      ['ab', 0, 3],
      ['', 3, 4],
      ['cd', 4, 6],
    ]);
  });

  it('finds the same lines in any chunks, also with multi-byte characters', () => {
    const text = fc.array(fc.string({ unit: 'binary', maxLength: 8 }), { maxLength: 8 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(5)), (lines, sizes) => {
        const bytes = Buffer.from(lines.map((line) => `${line.replaceAll('\n', '')}\n`).join(''));
        expect(split(cut(bytes, sizes))).toEqual(split([bytes]));
        expect(
          split([bytes])
            .map(([line]) => `${line}\n`)
            .join(''),
        ).toBe(bytes.toString());
      }),
    );
  });

  it('drops a line that is too long, and continues after it', () => {
    const bytes = Buffer.from(`a\n${'x'.repeat(20)}\nb\n`);
    const expected = [
      ['a', 0, 2],
      [undefined, 2, 23],
      ['b', 23, 25],
    ];
    expect(split([bytes], 10)).toEqual(expected);
    expect(split(cut(bytes, [5, 5, 5, 5, 5]), 10)).toEqual(expected);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputBuffer } from '#src/view/state/output-buffer.ts';
import { textOf } from '#src/view/text/cells.ts';

const textsOf = (buffer: OutputBuffer) => buffer.view().lines.map(textOf);

test('both streams are in the order of their line ends, stderr with a mark', () => {
  const buffer = new OutputBuffer();
  buffer.push('stdout', Buffer.from('one\nnot en'));
  buffer.push('stderr', Buffer.from('\u001b[31merror\u001b[0m\nand '));
  buffer.push('stdout', Buffer.from('ded\nlast'));
  expect(textsOf(buffer)).toEqual(['  one', '! error', '  not ended', '  last', '! and ']);
  expect(buffer.view().lines[1]?.slice(1)).toEqual([{ text: 'error', style: { fg: 1 } }]);
});

test('colours of one stream do not affect the other', () => {
  const buffer = new OutputBuffer();
  buffer.push('stdout', Buffer.from('\u001b[31m'));
  buffer.push('stderr', Buffer.from('plain\n'));
  buffer.push('stdout', Buffer.from('red\n'));
  expect(buffer.view().lines.map((line) => line[1]?.style)).toEqual([undefined, { fg: 1 }]);
});

test('the last lines are kept, earlier ones are counted', () => {
  const buffer = new OutputBuffer({ lines: 10, bytes: 1e6 });
  for (let line = 0; line < 95; line++) buffer.push('stdout', Buffer.from(`${line}\n`));
  expect(textsOf(buffer)).toEqual(Array.from({ length: 10 }, (_, index) => `  ${85 + index}`));
  expect(buffer.view().dropped).toBe(85);
});

test('the memory of the lines is bounded too', () => {
  const buffer = new OutputBuffer({ lines: 10_000, bytes: 100_000 });
  buffer.push('stdout', Buffer.from(`${'x'.repeat(4000)}\n`.repeat(500)));
  const { lines, dropped } = buffer.view();
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.length).toBeLessThan(25);
  expect(lines.length + dropped).toBe(500);
});

test('a snapshot does not change with later lines', () => {
  const buffer = new OutputBuffer({ lines: 3, bytes: 1e6 });
  buffer.push('stdout', Buffer.from('a\nb\nop'));
  const before = buffer.view();
  buffer.push('stdout', Buffer.from('en\nc\nd\ne\n'));
  expect(before.lines.map(textOf)).toEqual(['  a', '  b', '  op']);
});

test('lines that are dropped immediately are counted, and change nothing', () => {
  const plain = fc.constantFrom('\n', '\n', 'a\n', 'bc\r', '\t', 'ä');
  const controls = fc.constantFrom(
    '\u001b[31m',
    '\u001b[m',
    '\u001b]0;t',
    '\u0007',
    '\u009b1m',
    '\u001bP',
    '\u001b\\',
  );
  const pieces = fc.oneof({ arbitrary: plain, weight: 30 }, { arbitrary: controls, weight: 1 });
  const chunk = fc
    .array(pieces, { minLength: 20, maxLength: 60 })
    .map((parts) => Buffer.from(parts.join('')));
  const chunks = fc.array(chunk, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(chunks, (all) => {
      const bounds = { lines: 4, bytes: 1e6 };
      const [whole, byByte] = [new OutputBuffer(bounds), new OutputBuffer(bounds)];
      for (const chunk of all) {
        whole.push('stdout', chunk);
        for (const byte of chunk) byByte.push('stdout', Buffer.of(byte));
      }
      expect(whole.view()).toEqual(byByte.view());
    }),
    { numRuns: 500 },
  );
});

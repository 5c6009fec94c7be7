import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputBuffer } from '#src/view/state/output-buffer.ts';
import { textOf } from '#src/view/text/cells.ts';

const textsOf = (buffer: OutputBuffer) => buffer.view().lines.map(textOf);

test('both streams are in the order in which their lines end, stderr with a mark', () => {
  const buffer = new OutputBuffer();
  buffer.push('stdout', Buffer.from('one\nnot en'));
  buffer.push('stderr', Buffer.from('\u001b[31merror\u001b[0m\nand '));
  buffer.push('stdout', Buffer.from('ded\nlast'));
  expect(textsOf(buffer)).toEqual(['  one', '! error', '  not ended', '  last', '! and ']);
  expect(buffer.view().lines[1]?.slice(1)).toEqual([{ text: 'error', style: { fg: 1 } }]);
});

test('colours of one stream do not run into the other', () => {
  const buffer = new OutputBuffer();
  buffer.push('stdout', Buffer.from('\u001b[31m'));
  buffer.push('stderr', Buffer.from('plain\n'));
  buffer.push('stdout', Buffer.from('red\n'));
  expect(buffer.view().lines.map((line) => line[1]?.style)).toEqual([undefined, { fg: 1 }]);
});

test('the last lines are kept, those before are counted', () => {
  const buffer = new OutputBuffer({ lines: 10, bytes: 1e6 });
  for (let line = 0; line < 95; line++) buffer.push('stdout', Buffer.from(`${line}\n`));
  expect(textsOf(buffer)).toEqual(Array.from({ length: 10 }, (_, index) => `  ${85 + index}`));
  expect(buffer.view().dropped).toBe(85);
});

test('the memory that lines take is bounded too', () => {
  const buffer = new OutputBuffer({ lines: 10_000, bytes: 100_000 });
  buffer.push('stdout', Buffer.from(`${'x'.repeat(4000)}\n`.repeat(500)));
  const { lines, dropped } = buffer.view();
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.length).toBeLessThan(25);
  expect(lines.length + dropped).toBe(500);
});

test('what was shown does not change with what comes after it', () => {
  const buffer = new OutputBuffer({ lines: 3, bytes: 1e6 });
  buffer.push('stdout', Buffer.from('a\nb\nop'));
  const before = buffer.view();
  buffer.push('stdout', Buffer.from('en\nc\nd\ne\n'));
  expect(before.lines.map(textOf)).toEqual(['  a', '  b', '  op']);
});

test('lines that are gone at once are counted, and change nothing', () => {
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

/** What is in use after a program in a process of its own, beyond what was before. Unit: bytes. */
function heapAfter(pushes: string): number {
  const file = resolve(import.meta.dirname, '../../../../src/view/state/output-buffer.ts');
  const program = `
    import { OutputBuffer } from ${JSON.stringify(file)};
    const buffer = new OutputBuffer();
    const used = () => (globalThis.gc(), process.memoryUsage().heapUsed);
    const before = used();
    ${pushes}
    const after = used();
    console.log(after - before, buffer.view().lines.length);
  `;
  const args = ['--expose-gc', '--import', 'tsx', '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const [bytes = Number.NaN, lines = 0] = stdout.split(' ').map(Number);
  expect(lines).toBeGreaterThan(100);
  return bytes;
}

// 8 MiB are counted for the worst that a character takes.
const MAX_HEAP_BYTES = 16 * 1024 * 1024;

test.each([
  [
    'lines that are cut',
    "for (let i = 0; i < 4000; i++) buffer.push('stdout', Buffer.from('x'.repeat(60_000) + i + '\\n'));",
  ],
  [
    'lines that are not',
    "for (let i = 0; i < 20_000; i++) buffer.push('stdout', Buffer.from('x'.repeat(4000) + i + '\\n'));",
  ],
  [
    'short lines among much that is not shown',
    "for (let i = 0; i < 9000; i++) buffer.push('stdout', Buffer.from('\\x1b[m'.repeat(5000) + 'a line of text that is kept ' + i + '\\n'));",
  ],
  [
    'lines of many pieces',
    "for (let i = 0; i < 5000; i++) buffer.push('stdout', Buffer.from('a\\0'.repeat(1300) + i + '\\n'));",
  ],
  [
    'lines of many styles',
    "for (let i = 0; i < 500; i++) buffer.push('stdout', Buffer.from(Array.from({ length: 500 }, (_, at) => '\\x1b[38;2;' + (i % 256) + ';' + (at % 256) + ';7mx').join('') + '\\n'));",
  ],
])('the memory of %s', (_, pushes) => {
  expect(heapAfter(pushes)).toBeLessThan(MAX_HEAP_BYTES);
});

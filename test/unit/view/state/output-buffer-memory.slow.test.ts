/** The memory of the output: megabytes of it, each in a separate process. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { source } from '../../../paths.ts';

/** The additional memory in use after a program in a separate process. Unit: bytes. */
function heapAfter(pushes: string): number {
  const file = source('view/state/output-buffer.ts');
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

// 8 MiB are counted at the maximum size of a character.
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

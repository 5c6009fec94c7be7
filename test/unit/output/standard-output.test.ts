import { expect, it, vi } from 'vitest';
import { StandardOutput } from '#src/output/standard-output.ts';

const written: string[] = [];
let failure: NodeJS.ErrnoException | null = null;

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  write: (
    _fd: number,
    bytes: Buffer,
    from: number,
    length: number,
    _position: null,
    done: (error: Error | null, length: number) => void,
  ) => {
    if (failure === null) written.push(bytes.toString('utf8', from, from + length));
    setImmediate(done, failure, length);
  },
}));

function* linesOf(count: number, made: number[]): Generator<string> {
  for (let number = 0; number < count; number += 1) {
    made.push(number);
    yield `${number} ${'x'.repeat(1000)}`;
  }
}

it('writes all lines, some at a time', async () => {
  await new StandardOutput().writeAll(linesOf(300, []));
  expect(written.length).toBeGreaterThan(3);
  const lines = written.join('').split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(Array.from({ length: 300 }, (_, at) => at));
});

it('makes no more lines for a reader that is gone', async () => {
  failure = Object.assign(new Error(), { code: 'EPIPE' });
  const made: number[] = [];
  const output = new StandardOutput();
  await output.writeAll(linesOf(300, made));
  expect(output.isClosed).toBe(true);
  expect(made.length).toBeLessThan(100);
});

import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StandardOutput } from '#src/output/standard-output.ts';
import { makeTree } from '../temporary-tree.ts';
import { makePipe } from './pipe.ts';

function* linesOf(count: number, made: number[] = []): Generator<string> {
  for (let number = 0; number < count; number += 1) {
    made.push(number);
    yield `${number} ${'x'.repeat(1000)}`;
  }
}

it('writes all lines, in several pieces', async () => {
  const file = join(makeTree(), 'out');
  const fd = openSync(file, 'w');
  await new StandardOutput(fd).writeAll(linesOf(300));
  closeSync(fd);
  expect(readFileSync(file, 'utf8')).toBe([...linesOf(300), ''].join('\n'));
});

it('makes no more lines for a reader that is gone', async () => {
  const { reader, writer } = makePipe();
  closeSync(reader);
  const made: number[] = [];
  const output = new StandardOutput(writer);
  await output.writeAll(linesOf(300, made));
  closeSync(writer);
  expect(output.isClosed).toBe(true);
  expect(made.length).toBeLessThan(100);
});

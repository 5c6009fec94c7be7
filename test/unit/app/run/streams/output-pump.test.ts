import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { OutputPump } from '#src/app/run/streams/output-pump.ts';

/** Longer than any of these tests. Unit: milliseconds. */
const FOR_EVER = 600_000;

/** Accepts chunks, each completed by a call of `release`. */
function slowTaker() {
  const taken: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    taken,
    take: (chunk: Buffer) => {
      taken.push(chunk.toString());
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    release: () => waiting.shift()?.(),
  };
}

test('passes the next chunk after the previous one is written', async () => {
  const pipe = new PassThrough();
  const { taken, take, release } = slowTaker();
  const pump = new OutputPump(pipe, take);
  for (const text of ['one', 'two', 'three']) pipe.write(text);
  await sleep(20);
  expect(taken).toEqual(['one']);
  release();
  await sleep(20);
  expect(taken).toEqual(['one', 'two']);
  pump.stop();
});

test('makes the producer wait', async () => {
  const pipe = new PassThrough();
  const { take } = slowTaker();
  const pump = new OutputPump(pipe, take);
  pipe.write('first');
  await sleep(20);
  for (let chunk = 0; chunk < 100; chunk += 1) pipe.write(Buffer.alloc(65_536));
  await sleep(20);
  expect(pipe.writableNeedDrain).toBe(true);
  pump.stop();
});

test('reads everything before it finishes', async () => {
  const pipe = new PassThrough();
  const taken: string[] = [];
  const pump = new OutputPump(pipe, async (chunk) => {
    await sleep(5);
    taken.push(chunk.toString());
  });
  for (const text of ['one', 'two', 'three']) pipe.write(text);
  pipe.end('four');
  await pump.finish(FOR_EVER);
  expect(taken.join()).toBe('one,two,three,four');
});

test('abandons a pipe that another process holds open', async () => {
  const pipe = new PassThrough();
  const taken: string[] = [];
  const pump = new OutputPump(pipe, async (chunk) => void taken.push(chunk.toString()));
  pipe.write('one');
  await pump.finish(50);
  expect(taken).toEqual(['one']);
  expect(pipe.destroyed).toBe(true);
});

test('does not abandon a slow pipe', async () => {
  const pipe = new PassThrough();
  const { take, release } = slowTaker();
  const pump = new OutputPump(pipe, take);
  pipe.write('one');
  await sleep(20);
  let isFinished = false;
  const finished = pump.finish(0).then(() => {
    isFinished = true;
  });
  await sleep(50);
  expect(isFinished).toBe(false);
  release();
  await finished;
});

test('ends when the pipe fails', async () => {
  const pipe = new PassThrough();
  const pump = new OutputPump(pipe, () => Promise.resolve());
  pipe.destroy(new Error('reset'));
  await pump.finish(FOR_EVER);
  expect(pipe.destroyed).toBe(true);
});

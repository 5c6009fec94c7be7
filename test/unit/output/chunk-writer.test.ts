import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ChunkWriter } from '#src/output/chunk-writer.ts';
import { makeTree } from '../temporary-tree.ts';

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

const fail = (error: Error) => {
  throw error;
};
const countOpen = () => readdirSync('/proc/self/fd').length;

/** A named pipe, whose writing end would block. */
function makePipe(): { reader: number; writer: number } {
  const path = join(makeTree(), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, O_RDONLY | O_NONBLOCK);
  return { reader, writer: openSync(path, O_WRONLY) };
}

/** All data available now. */
function readSome(reader: number): Buffer {
  const buffer = Buffer.alloc(1024 * 1024);
  try {
    return buffer.subarray(0, readSync(reader, buffer));
  } catch {
    return Buffer.alloc(0);
  }
}

test('continues a file at its current position', async () => {
  const path = join(makeTree(), 'file');
  const fd = openSync(path, 'w');
  writeSync(fd, 'before ');
  const writer = new ChunkWriter(fd, fail);
  await writer.write(Buffer.from('one '));
  await writer.write(Buffer.from('two'));
  writer.close();
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe('before one two');
});

test('completes a write when a slow reader has read all of it', async () => {
  const { reader, writer: fd } = makePipe();
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  const writer = new ChunkWriter(fd, fail);
  let isWritten = false;
  const written = writer.write(sent).then(() => {
    isWritten = true;
  });
  await sleep(50);
  expect(isWritten).toBe(false);
  const parts: Buffer[] = [];
  while (!isWritten) {
    parts.push(readSome(reader));
    await sleep(1);
  }
  await written;
  parts.push(readSome(reader));
  expect(Buffer.concat(parts).equals(sent)).toBe(true);
  writer.close();
  closeSync(fd);
  closeSync(reader);
});

test('a pipe without a reader does not delay other writers', async () => {
  // More than Node.js has threads for.
  const pipes = Array.from({ length: 6 }, makePipe);
  const stuck = pipes.map(({ writer }) => new ChunkWriter(writer, fail));
  const writes = stuck.map((writer) => writer.write(Buffer.alloc(200_000)));
  const path = join(makeTree(), 'file');
  const fd = openSync(path, 'w');
  await new ChunkWriter(fd, fail).write(Buffer.from('through'));
  expect(readFileSync(path, 'utf8')).toBe('through');
  for (const writer of stuck) writer.close();
  await Promise.all(writes);
  for (const each of [...pipes.flatMap(({ reader, writer }) => [reader, writer]), fd]) closeSync(each);
});

test('reports a failure once, and discards later data', async () => {
  const fd = openSync('/dev/full', 'w');
  const errors: (string | undefined)[] = [];
  const writer = new ChunkWriter(fd, (error) => errors.push(error.code));
  await writer.write(Buffer.from('one'));
  await writer.write(Buffer.from('two'));
  closeSync(fd);
  expect(errors).toEqual(['ENOSPC']);
});

test("closes all descriptors but the caller's", async () => {
  const { reader, writer: fd } = makePipe();
  const before = countOpen();
  const writer = new ChunkWriter(fd, fail);
  writer.close();
  writer.close();
  expect(countOpen()).toBe(before);
  expect(writeSync(fd, 'x')).toBe(1);
  closeSync(fd);
  closeSync(reader);
});

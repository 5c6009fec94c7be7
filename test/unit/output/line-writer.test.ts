import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { OutputError } from '#src/errors.ts';
import { LineWriter } from '#src/output/line-writer.ts';
import { makeTree } from '../temporary-tree.ts';
import { makePipe } from './pipe.ts';

const { O_RDWR, O_NONBLOCK } = constants;
const MIB = 1024 * 1024;

const fail = (error: OutputError) => {
  throw error;
};

const buffer = Buffer.allocUnsafe(MIB);

/** What is read from a pipe, 64 KiB at a time, until this length. Unit: bytes. */
async function readBytes(reader: number, length: number): Promise<string> {
  const chunks: Buffer[] = [];
  const deadlineMs = Date.now() + 10_000;
  for (let left = length; left > 0; await setImmediate()) {
    if (Date.now() > deadlineMs) throw new Error(`${left} of ${length} bytes did not arrive`);
    try {
      const read = readSync(reader, buffer);
      chunks.push(Buffer.from(buffer.subarray(0, read)));
      left -= read;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
  return Buffer.concat(chunks).toString();
}

describe('LineWriter', () => {
  it('writes lines in order', async () => {
    const lines = fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', '')));
    await fc.assert(
      fc.asyncProperty(lines, async (texts) => {
        const file = join(makeTree(), 'out');
        const fd = openSync(file, 'w');
        const writer = new LineWriter(fd, file, fail);
        for (const [index, line] of texts.entries()) {
          writer.write(line);
          // Some of them during a write, some after it.
          if (index % 3 === 0) await writer.flush();
        }
        await writer.flush();
        closeSync(fd);
        expect(readFileSync(file, 'utf8')).toBe(texts.map((line) => `${line}\n`).join(''));
      }),
      { numRuns: 20 },
    );
  });

  it('uses one buffer for all writes, and another one only for a longer text', async () => {
    const file = join(makeTree(), 'out');
    const fd = openSync(file, 'w');
    const writer = new LineWriter(fd, file, fail);
    const texts = ['é'.repeat(500), 'b'.repeat(999), 'c', 'd'.repeat(MIB), 'e'.repeat(100)];
    const allocations = vi.spyOn(Buffer, 'allocUnsafeSlow');
    const copies = vi.spyOn(Buffer, 'from');
    try {
      for (const text of texts) {
        writer.write(text);
        await writer.flush();
      }
      expect(allocations.mock.calls).toEqual([[1024], [2 * MIB]]);
      expect(copies).not.toHaveBeenCalled();
    } finally {
      vi.restoreAllMocks();
      closeSync(fd);
    }
    expect(readFileSync(file, 'utf8')).toBe(texts.map((text) => `${text}\n`).join(''));
  });

  it('flushes immediately when nothing was written', async () => {
    await expect(new LineWriter(-1, 'nothing', fail).flush()).resolves.toBeUndefined();
  });

  it('does not block its caller on a full pipe, and loses nothing when the reader continues', async () => {
    const { reader, writer: fd } = makePipe();
    const writer = new LineWriter(fd, 'pipe', fail);
    const line = 'x'.repeat(99_999);
    for (let count = 0; count < 10; count += 1) writer.write(line);
    let flushed = false;
    const flush = writer.flush().then(() => {
      flushed = true;
    });
    expect(flushed).toBe(false);
    const text = await readBytes(reader, 1_000_000);
    await flush;
    expect(text).toBe(`${line}\n`.repeat(10));
    expect(writer.dropped).toBe(0);
    closeSync(fd);
    closeSync(reader);
  });

  it('retries when another process made the pipe non-blocking', async () => {
    const { reader, writer: fd } = makePipe(O_NONBLOCK);
    const writer = new LineWriter(fd, 'pipe', fail);
    const line = 'y'.repeat(199_999);
    writer.write(line);
    const text = await readBytes(reader, 200_000);
    await writer.flush();
    expect(text).toBe(`${line}\n`);
    closeSync(fd);
    closeSync(reader);
  });

  it('drops and counts whole lines when the reader is too slow, but never required ones', async () => {
    const { reader, writer: fd } = makePipe();
    const writer = new LineWriter(fd, 'pipe', fail);
    const line = (name: string) => name.repeat(MIB - 1);
    // The first is being written to the pipe; 9 more are one more than may wait.
    for (const name of 'abcdefghij') writer.write(line(name));
    expect(writer.dropped).toBe(0);
    writer.write(line('k'));
    writer.write(line('l'));
    expect(writer.dropped).toBe(2);
    writer.write('the end', true);
    const text = await readBytes(reader, 10 * MIB + 'the end\n'.length);
    await writer.flush();
    expect(text.split('\n').map((each) => each.slice(0, 1))).toEqual([...'abcdefghijt', '']);
    expect(writer.dropped).toBe(2);
    closeSync(fd);
    closeSync(reader);
  });

  it('reports once that the reader has closed the pipe, and accepts no more', async () => {
    const { reader, writer: fd } = makePipe();
    closeSync(reader);
    const onError = vi.fn();
    const writer = new LineWriter(fd, 'standard output', onError);
    writer.write('one');
    writer.write('two');
    await writer.flush();
    writer.write('three', true);
    await writer.flush();
    expect(onError.mock.calls).toEqual([
      [
        expect.objectContaining({
          code: 'OUTPUT',
          output: 'standard output',
          message: 'cannot write to standard output: the reader has closed the pipe',
          cause: expect.objectContaining({ code: 'EPIPE' }),
        }),
      ],
    ]);
    closeSync(fd);
  });

  it('reports a full device', async () => {
    const fd = openSync('/dev/full', O_RDWR);
    const onError = vi.fn();
    const writer = new LineWriter(fd, '/dev/full', onError);
    writer.write('one');
    await writer.flush();
    expect(onError).toHaveBeenCalledWith(
      expect.objectContaining({ message: 'cannot write to /dev/full: no space left on the device' }),
    );
    closeSync(fd);
  });

  it('removes the partial line at the end of a file, so that whole lines remain', async () => {
    const file = join(makeTree(), 'out');
    const fd = openSync(file, 'w');
    const onError = vi.fn();
    const writer = new LineWriter(fd, file, onError);
    writer.write('first');
    await writer.flush();
    // No file of ours can grow beyond this size from here on, like on a full disk.
    const prlimit = (...args: string[]) =>
      execFileSync('prlimit', ['--pid', String(process.pid), ...args], { encoding: 'utf8' }).trim();
    const before = prlimit('--fsize', '--raw', '--noheadings', '--output', 'SOFT');
    prlimit('--fsize=20:');
    try {
      writer.write('second');
      writer.write('third, which does not fit');
      await writer.flush();
      writer.write('fourth');
      await writer.flush();
    } finally {
      prlimit(`--fsize=${before}:`);
    }
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ output: file, cause: { code: 'EFBIG' } });
    expect(readFileSync(file, 'utf8')).toBe('first\nsecond\n');
    closeSync(fd);
  });
});

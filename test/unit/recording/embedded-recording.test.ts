import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '#src/errors.ts';
import {
  isHtmlFile,
  MAX_PACKED_LENGTH,
  RecordingPacker,
  unpackRecordings,
} from '#src/recording/embedded-recording.ts';
import { LineEncoder } from '#src/recording/line-differences.ts';
import { makeTree, removeTrees } from '../temporary-tree.ts';

const LINES = [
  '{"type":"start","version":2}',
  '{"type":"sample","elapsedMs":1,"current":5}',
  'damaged \u0001 line',
];

const element = (text: string) =>
  `<script type="application/octet-stream" class="recording" data-name="a">${text}</script>`;

describe('embedded recordings', () => {
  const folder = makeTree();
  afterAll(removeTrees);
  const write = (content: string) => {
    const path = join(folder, 'report.html');
    writeFileSync(path, content);
    return path;
  };

  it('are read back to the last character', async () => {
    const packer = new RecordingPacker();
    for (const line of LINES) packer.add(line);
    const path = write(`<!DOCTYPE html>\n${element((await packer.finish()) ?? '')}`);
    expect(isHtmlFile(path)).toBe(true);
    expect([...unpackRecordings(path)]).toEqual([`${LINES.join('\n')}\n`]);
  });

  it('refuses a page without one, and a damaged one', () => {
    expect(() => [...unpackRecordings(write('<!DOCTYPE html>'))]).toThrow(InputError);
    expect(() => [...unpackRecordings(write(`<!DOCTYPE html>${element('AAAA')}`))]).toThrow(/damaged/);
  });

  it('refuses a small one that becomes larger than any that is packed', () => {
    const line = 'x'.repeat(4 * 1024 * 1024);
    const encoder = new LineEncoder();
    const count = MAX_PACKED_LENGTH / line.length;
    const lines = Array.from({ length: count }, () => encoder.encode(line)).join('\n');
    expect(lines.length).toBeLessThan(2 * line.length);
    const packed = brotliCompressSync(lines, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
    const path = write(`<!DOCTYPE html>${element(packed.toString('base64'))}`);
    expect(() => [...unpackRecordings(path)]).toThrow(
      expect.objectContaining({ cause: new RangeError('the recording is too large') }),
    );
  });

  it('packs nothing as nothing', async () => {
    await expect(new RecordingPacker().finish()).resolves.toBeUndefined();
  });

  it('does not take a recording for HTML', () => {
    expect(isHtmlFile(write(LINES.join('\n')))).toBe(false);
    expect(isHtmlFile(join(folder, 'missing'))).toBe(false);
  });
});

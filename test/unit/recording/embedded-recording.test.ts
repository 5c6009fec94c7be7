import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '#src/errors.ts';
import { isHtmlFile, RecordingPacker, unpackRecordings } from '#src/recording/embedded-recording.ts';
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

  it('refuses a small one that holds endless lines, before they are in memory', () => {
    const lines = brotliCompressSync(Buffer.alloc(200 * 1024 * 1024, '\n'), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
    });
    expect(lines.length).toBeLessThan(100_000);
    const path = write(`<!DOCTYPE html>${element(lines.toString('base64'))}`);
    expect(() => [...unpackRecordings(path)]).toThrow(/damaged/);
  }, 60_000);

  it('packs nothing as nothing', async () => {
    await expect(new RecordingPacker().finish()).resolves.toBeUndefined();
  });

  it('does not take a recording for HTML', () => {
    expect(isHtmlFile(write(LINES.join('\n')))).toBe(false);
    expect(isHtmlFile(join(folder, 'missing'))).toBe(false);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { expect, it } from 'vitest';
import { unpackRecordings } from '#src/recording/embedded-recording.ts';
import { makeTree } from '../temporary-tree.ts';

it('refuses a small recording that holds endless lines, before they are in memory', () => {
  const lines = brotliCompressSync(Buffer.alloc(200 * 1024 * 1024, '\n'), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
  });
  expect(lines.length).toBeLessThan(100_000);
  const path = join(makeTree(), 'report.html');
  const type = 'type="application/octet-stream" class="recording"';
  writeFileSync(path, `<!DOCTYPE html><script ${type}>${lines.toString('base64')}</script>`);
  expect(() => [...unpackRecordings(path)]).toThrow(/damaged/);
});

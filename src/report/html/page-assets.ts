/** The script and the styles of pages, which the build stores next to the bundle. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { UnsupportedError } from '../../errors.ts';
import type { PageAssets } from './sections/page-input.ts';

/** @throws UnsupportedError if the file is missing or damaged: the installation is incomplete. */
export function readPageAssets(file = new URL('./page.json.br', import.meta.url)): PageAssets {
  try {
    return JSON.parse(brotliDecompressSync(readFileSync(file)).toString()) as PageAssets;
  } catch (error) {
    throw new UnsupportedError('HTML reports', `cannot read ${file.pathname}`, {
      hint: 'reinstall cmemstat: one of its files is missing or damaged',
      cause: error,
    });
  }
}

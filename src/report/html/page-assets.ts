/** The script and the styles of pages, which the build stores next to the bundle. */
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { UnsupportedError } from '../../errors.ts';
import { readProgramFile } from '../../kernel/files/program-files.ts';
import type { PageAssets } from './sections/page-input.ts';

/** @throws UnsupportedError if the file is missing or damaged: the installation is incomplete. */
export function readPageAssets(file = new URL('./page.json.br', import.meta.url)): PageAssets {
  try {
    return JSON.parse(brotliDecompressSync(readProgramFile(fileURLToPath(file))).toString()) as PageAssets;
  } catch (error) {
    throw new UnsupportedError('HTML reports', `cannot read ${file.pathname}`, {
      hint: 'reinstall cmemstat: one of its files is missing or damaged',
      cause: error,
    });
  }
}

/** The inputs that once failed: `corpus/TARGET/NAME`. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PROJECT } from '../paths.ts';
import { listFiles } from './documents/seeds.ts';

const CORPUS = join(import.meta.dirname, 'corpus');

/** An input of the corpus. */
export interface KeptInput {
  /** Relative to the project. */
  file: string;
  input: Buffer;
}

/** The kept inputs of a target. */
export function readCorpus(target: string): KeptInput[] {
  const folder = join(CORPUS, target);
  if (!existsSync(folder)) return [];
  return listFiles(folder).map((file) => ({ file: relative(PROJECT, file), input: readFileSync(file) }));
}

/** Keeps an input that failed; returns its file, relative to the project. */
export function keepInput(target: string, extension: string, input: Buffer): string {
  const folder = join(CORPUS, target);
  mkdirSync(folder, { recursive: true });
  const name = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const file = join(folder, `${name}.${extension}`);
  writeFileSync(file, input);
  return relative(PROJECT, file);
}

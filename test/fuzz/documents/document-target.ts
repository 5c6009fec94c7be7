/** A target that reads documents, in this process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ToolError } from '#src/errors.ts';
import type { Random } from '../random.ts';

/** Parsers, and the inputs that they get. */
export interface DocumentTarget {
  /** Of the folder in the corpus, too. */
  name: string;
  /** For the list of targets. */
  about: string;
  /** The file name of an input: errors have to name it. */
  extension: string;
  /** Makes one input. */
  make(random: Random): Buffer;
  /**
   * Reads an input and shows what is in it. Returns what was written for people or other programs.
   * @throws ToolError for an input that is refused; anything else is a fault.
   */
  read(input: Buffer): Promise<readonly string[]> | readonly string[];
}

let directory: string | undefined;

/** Writes an input to a file, for what reads files; the next one replaces it. */
export function inputFile(input: Buffer, extension: string): string {
  if (directory === undefined) {
    directory = mkdtempSync(join(tmpdir(), 'cmemstat-fuzz-'));
    process.once('exit', removeInputFiles);
  }
  const file = join(directory, `input.${extension}`);
  writeFileSync(file, input);
  return file;
}

/** Removes the files of this process. */
export function removeInputFiles(): void {
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  directory = undefined;
}

/**
 * Calls all readers of one input, and returns what they return; one that refuses it leaves it to the others.
 * @throws ToolError if all refuse it; anything else that one throws.
 */
export async function callAll(
  readers: readonly (() => Promise<readonly string[]> | readonly string[])[],
): Promise<readonly string[]> {
  const output: (readonly string[])[] = [];
  let refused: unknown;
  for (const read of readers) {
    try {
      output.push(await read());
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      refused = error;
    }
  }
  if (refused !== undefined && output.length === 0) throw refused;
  return output.flat();
}

import { execFileSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree } from '../temporary-tree.ts';

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** A pipe, as two descriptors. */
export function makePipe(writeFlags = 0): { reader: number; writer: number } {
  const path = join(makeTree(), 'pipe');
  execFileSync('mkfifo', [path]);
  // A pipe without a writer can only be opened for reading this way.
  const reader = openSync(path, O_RDONLY | O_NONBLOCK);
  return { reader, writer: openSync(path, O_WRONLY | writeFlags) };
}

/** Programs of this host, for tests and for the programs that they start, which import no harness. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The path of a program in a folder of PATH; undefined if none has it. */
export function findProgram(name: string): string | undefined {
  const directories = (process.env.PATH ?? '').split(':');
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path));
}

/** Whether a folder of PATH has this program. */
export function hasProgram(name: string): boolean {
  return findProgram(name) !== undefined;
}

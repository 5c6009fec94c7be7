/** Programs of this host, for tests and for the programs that they start, which import no harness. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a folder of PATH has this program. */
export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, name)));
}

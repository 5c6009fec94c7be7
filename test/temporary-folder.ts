/**
 * Gives the tests a folder for temporary files, which is removed at their end with whatever programs left in
 * it.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Called by vitest before all tests; returns what it calls after them. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'cmemstat-tests-'));
  // Tests start programs in it as other users.
  chmodSync(folder, 0o755);
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** The same for a program without vitest: it is removed whether the program ends, fails or is interrupted. */
export function removeTemporaryFolderAtExit(): void {
  process.once('exit', setup());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
}

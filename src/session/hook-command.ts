/** `--prepare` and `--cleanup`: commands of the user's beside the runs, outside of every leaf. */
import { spawn } from 'node:child_process';
import { UsageError } from '../errors.ts';

const STANDARD_ERROR = 2;

/**
 * Runs a command line by /bin/sh and waits for it. Its output goes to standard error: ours may hold JSON.
 * @throws UsageError when it fails: what is measured after it would not be what was meant.
 */
export async function runHook(option: '--prepare' | '--cleanup', commandLine: string): Promise<void> {
  const child = spawn('/bin/sh', ['-c', commandLine], { stdio: ['ignore', STANDARD_ERROR, STANDARD_ERROR] });
  const problem = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`);
    });
  });
  if (problem !== undefined) {
    throw new UsageError(option, `${option} ${JSON.stringify(commandLine)}: ${problem}`);
  }
}

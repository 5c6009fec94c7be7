/** `--prepare` and `--cleanup`: commands of the user's beside the runs, outside of every leaf. */
import { type ChildProcess, spawn } from 'node:child_process';
import { UsageError } from '../../errors.ts';

const STANDARD_ERROR = 2;

/** What ends a series: a hook is ended by it as we are, and `--cleanup` still comes. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a command line by /bin/sh and waits for it. Its output goes to standard error: ours may hold JSON.
 * @throws UsageError when it fails: what is measured after it would not be what was meant.
 */
export async function runHook(option: '--prepare' | '--cleanup', commandLine: string): Promise<void> {
  let received: NodeJS.Signals | undefined;
  let child: ChildProcess | undefined;
  const passOn = (signal: NodeJS.Signals) => {
    received = signal;
    child?.kill(signal);
  };
  // Before there is something to be ended: it may already run when spawn() returns.
  for (const signal of SIGNALS) process.on(signal, passOn);
  const hook = spawn('/bin/sh', ['-c', commandLine], { stdio: ['ignore', STANDARD_ERROR, STANDARD_ERROR] });
  child = hook;
  const problem = await new Promise<string | undefined>((resolve) => {
    hook.once('error', (error) => resolve(error.message));
    hook.once('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`);
    });
  });
  for (const signal of SIGNALS) process.off(signal, passOn);
  const fault = received === undefined ? problem : `ended by ${received}`;
  if (fault !== undefined) throw new UsageError(option, `${option} ${JSON.stringify(commandLine)}: ${fault}`);
}

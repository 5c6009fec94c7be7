/** `--prepare` and `--cleanup`: user commands that run outside any leaf. */
import { type ChildProcess, spawn } from 'node:child_process';
import { UsageError } from '../../errors.ts';
import { shorten } from '../../format/shorten.ts';
import { endingSignals } from '../../target/signals.ts';

const STANDARD_ERROR = 2;

/** The part of a command line that an error shows. Unit: characters. */
const MAX_SHOWN = 200;

/**
 * Runs a command line with /bin/sh and waits for it. Its output goes to standard error because ours may be
 * JSON.
 * @throws UsageError if it fails: measurements after a failed preparation would be wrong.
 */
export async function runHook(option: '--prepare' | '--cleanup', commandLine: string): Promise<void> {
  let received: NodeJS.Signals | undefined;
  let child: ChildProcess | undefined;
  const passOn = (signal: NodeJS.Signals) => {
    received = signal;
    child?.kill(signal);
  };
  // A signal that ends a series ends a hook too, and `--cleanup` still runs.
  // Registered before spawn() because the child may already be running when it returns.
  for (const signal of endingSignals()) process.on(signal, passOn);
  const problem = await new Promise<string | undefined>((resolve) => {
    let hook: ChildProcess;
    try {
      hook = spawn('/bin/sh', ['-c', commandLine], { stdio: ['ignore', STANDARD_ERROR, STANDARD_ERROR] });
    } catch (error) {
      // Errors such as E2BIG are thrown.
      resolve(error instanceof Error ? error.message : String(error));
      return;
    }
    child = hook;
    hook.once('error', (error) => resolve(error.message));
    hook.once('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`);
    });
  });
  for (const signal of endingSignals()) process.off(signal, passOn);
  const fault = received === undefined ? problem : `ended by ${received}`;
  if (fault !== undefined)
    throw new UsageError(option, `${option} ${JSON.stringify(shorten(commandLine, MAX_SHOWN))}: ${fault}`);
}

/** The entry point: the only place that prints an error and sets the exit status. */

import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import {
  errnoOf,
  InterruptedError,
  LaunchError,
  missingPackageError,
  systemError,
  ToolError,
} from '../errors.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { hintSuffix } from '../format/hint.ts';
import { safeLine } from '../format/safe-text.ts';
import { shellStatus } from '../target/exit-status.ts';
import { noteOpenDescriptors } from '../target/inherited-state.ts';
import { runCommandLine } from './program.ts';

async function main(): Promise<number> {
  noteOpenDescriptors();
  try {
    return await runCommandLine(process.argv.slice(2));
  } catch (thrown) {
    return thrown instanceof InterruptedError ? endBy(thrown.signal) : report(thrown);
  }
}

/** Prints what ends cmemstat; returns the exit status. */
function report(thrown: unknown): number {
  if (isWorkingDirectoryGone(thrown)) {
    printError('cmemstat: the working directory does not exist any more (hint: cd to one that exists)');
    return EXIT_CODES.FAILED;
  }
  if (!(thrown instanceof ToolError) && ['EMFILE', 'ENFILE'].includes(errnoOf(thrown) ?? '')) {
    printError('cmemstat: too many files are open (hint: ulimit -n 1024)');
    return EXIT_CODES.FAILED;
  }
  const error = thrown instanceof ToolError ? thrown : (missingPackageError(thrown) ?? systemError(thrown));
  if (error === undefined) {
    // A bug: print the stack for the bug report.
    printError(`cmemstat: internal error: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
    return EXIT_CODES.FAILED;
  }
  printError(`cmemstat: ${oneLine(error.message)}${hintSuffix(error.hint, oneLine)}`);
  if (error.detail !== undefined) printError(error.detail);
  return error instanceof LaunchError ? error.exitCode : EXIT_CODES.FAILED;
}

/**
 * Ends this process by the signal: Node.js would wait for its threads, one of which is writing to the output
 * that is not read. Returns the exit status where that has no effect, as for the first process of a pid
 * namespace.
 */
function endBy(signal: NodeJS.Signals): number {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  return shellStatus({ signal });
}

/** Relative paths cannot be resolved in a directory that has been removed: Node's process.cwd() throws. */
function isWorkingDirectoryGone(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd';
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ');
}

function printError(text: string): void {
  try {
    writeSync(2, `${text.split('\n').map(safeLine).join('\n')}\n`);
  } catch {
    // Standard error is closed: only the exit status can report the failure.
  }
}

/**
 * Puts /dev/null in the place of terminals: at its exit Node.js sets their modes, which cmemstat has left as
 * they were, and is aborted if a terminal is gone.
 */
function leaveTerminals(): void {
  for (const fd of [0, 1, 2]) {
    try {
      if (!fstatSync(fd).isCharacterDevice()) continue;
      closeSync(fd);
      // The lowest free number.
      openSync('/dev/null', 'r+');
    } catch {
      // It is closed.
    }
  }
}

function exit(status: number): never {
  leaveTerminals();
  process.exit(status);
}

// What is thrown outside of the command ends it in the same way; the cgroup of a run is removed at the exit.
process.on('uncaughtException', (thrown) => exit(report(thrown)));
void main().then(exit);

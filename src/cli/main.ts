/** The entry point: the only place that prints an error and sets the exit status. */
import { writeSync } from 'node:fs';
import { LaunchError, ToolError } from '../errors.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { safeText } from '../format/safe-text.ts';
import { runCommandLine } from './program.ts';

async function main(): Promise<number> {
  try {
    return await runCommandLine(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ToolError)) {
      // Not foreseen: the stack is what a report of the fault needs.
      printError(`cmemstat: internal error: ${error instanceof Error ? error.stack : String(error)}`);
      return EXIT_CODES.FAILED;
    }
    printError(
      `cmemstat: ${oneLine(error.message)}${error.hint === undefined ? '' : ` (try: ${oneLine(error.hint)})`}`,
    );
    if (error.detail !== undefined) printError(error.detail.split('\n').map(safeText).join('\n'));
    return error instanceof LaunchError ? error.exitCode : EXIT_CODES.FAILED;
  }
}

function oneLine(text: string): string {
  return safeText(text.trim().replaceAll(/\s*\n\s*/g, ' '));
}

function printError(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody reads standard error: the exit status has to say it.
  }
}

void main().then((status) => process.exit(status));

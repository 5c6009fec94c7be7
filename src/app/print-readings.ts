/** Prints readings on standard output, once or at an interval until a signal. */
import { jsonLines } from '../format/json-lines.ts';
import { StandardOutput } from '../output/standard-output.ts';
import { stopSignal } from './stop-signal.ts';

const CLEAR_SCREEN = '\x1b[H\x1b[2J\x1b[3J';

/**
 * Prints the lines of one reading after the other, until a signal or until the output is closed.
 * @param intervalMs the time between two readings; undefined prints one.
 * @throws OutputError, and what `read` throws.
 */
export async function printReadings(
  intervalMs: number | undefined,
  read: () => Iterable<string> | Promise<Iterable<string>>,
): Promise<void> {
  const output = new StandardOutput();
  const stop = intervalMs === undefined ? undefined : stopSignal();
  do {
    await output.writeAll(await read());
  } while (
    !output.isClosed &&
    stop !== undefined &&
    intervalMs !== undefined &&
    (await stop.after(intervalMs))
  );
}

/** The lines of a document: one for each reading if they are repeated. */
export function documentLines(
  document: Readonly<Record<string, unknown>>,
  intervalMs: number | undefined,
): Iterable<string> {
  const lines = jsonLines(document);
  return intervalMs === undefined ? lines : [Array.from(lines, (line) => line.trimStart()).join('')];
}

/** The lines of a table: if they are repeated, each one takes the place of the one before on a terminal. */
export function tableLines(lines: readonly string[], intervalMs: number | undefined): string[] {
  const clear = intervalMs !== undefined && process.stdout.isTTY ? CLEAR_SCREEN : '';
  return [`${clear}${lines.join('\n')}`];
}

/** `cmemstat top` without the view: a table or JSON, once or at an interval. */
import { jsonLines } from '../../format/json-lines.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { terminalWidth } from '../../output/terminal-width.ts';
import { VERSION } from '../../version.ts';
import { stopSignal } from '../stop-signal.ts';
import { withSmallYoungGeneration } from '../v8-flags.ts';
import { chooseRows, openTop, type TopChoice, type TopSource } from './open-top.ts';
import { toTopDocument } from './top-document.ts';
import { renderTopTable } from './top-table.ts';

const CLEAR_SCREEN = '\x1b[H\x1b[2J\x1b[3J';

/** What to print. */
export interface PrintTopOptions {
  choice: TopChoice;
  json: boolean;
  plainBytes: boolean;
  /** Repeats at this interval until a signal; undefined prints once. */
  intervalMs: number | undefined;
}

/**
 * Prints the cgroups of this host.
 * @throws UsageError, KernelFileError if there are none to read; OutputError.
 */
export async function printTop(options: PrintTopOptions): Promise<void> {
  const source = await openTop(options.intervalMs !== undefined);
  try {
    await withSmallYoungGeneration(() => printReadings(source, options));
  } finally {
    source.reader.close();
  }
}

async function printReadings(source: TopSource, options: PrintTopOptions): Promise<void> {
  const { intervalMs } = options;
  const output = new StandardOutput();
  const stop = intervalMs === undefined ? undefined : stopSignal();
  do {
    await output.writeAll(await render(source, options));
  } while (
    !output.isClosed &&
    stop !== undefined &&
    intervalMs !== undefined &&
    (await stop.after(intervalMs))
  );
}

/** The lines; repeated JSON has one line for each reading. */
async function render({ reader, labels }: TopSource, options: PrintTopOptions): Promise<Iterable<string>> {
  const { choice, json, plainBytes, intervalMs } = options;
  const reading = reader.read();
  await labels.resolve(reading.cgroups);
  const labelOf = labels.labelOf.bind(labels);
  const rows = chooseRows(reading, labelOf, choice);
  if (json) {
    const lines = jsonLines(toTopDocument({ reading, rows, labelOf }, VERSION));
    return intervalMs === undefined ? lines : [Array.from(lines, (line) => line.trimStart()).join('')];
  }
  const nameOf = ({ cgroup }: (typeof rows)[number]) => labelOf(cgroup).name;
  const lines = renderTopTable({ reading, rows, nameOf, plainBytes, columns: terminalWidth(1) });
  const clear = intervalMs !== undefined && process.stdout.isTTY ? CLEAR_SCREEN : '';
  return [`${clear}${lines.join('\n')}`];
}

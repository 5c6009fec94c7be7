/** `cmemstat top` without the view: a table or JSON, once or at an interval. */
import { terminalWidth } from '../../output/terminal-width.ts';
import { VERSION } from '../../version.ts';
import { documentLines, printReadings, tableLines } from '../print-readings.ts';
import { withSmallYoungGeneration } from '../v8-flags.ts';
import { chooseRows, openTop, type TopChoice, type TopSource } from './open-top.ts';
import { toTopDocument } from './top-document.ts';
import { renderTopTable } from './top-table.ts';

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
    await withSmallYoungGeneration(() => printReadings(options.intervalMs, () => render(source, options)));
  } finally {
    source.reader.close();
  }
}

async function render({ reader, labels }: TopSource, options: PrintTopOptions): Promise<Iterable<string>> {
  const { choice, json, plainBytes, intervalMs } = options;
  const reading = reader.read();
  await labels.resolve(reading.cgroups);
  const labelOf = labels.labelOf.bind(labels);
  const rows = chooseRows(reading, labelOf, choice);
  if (json) return documentLines(toTopDocument({ reading, rows, labelOf }, VERSION), intervalMs);
  const nameOf = ({ cgroup }: (typeof rows)[number]) => labelOf(cgroup).name;
  const lines = renderTopTable({ reading, rows, nameOf, plainBytes, columns: terminalWidth(1) });
  return tableLines(lines, intervalMs);
}

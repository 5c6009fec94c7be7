/** `cmemstat maps`: reads the BPF maps of this host and prints them, once or at an interval. */

import type { Separator } from '../../export/delimited-text.ts';
import { jsonLines } from '../../format/json-lines.ts';
import { safeJson } from '../../format/safe-text.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { terminalWidth } from '../../output/terminal-width.ts';
import { VERSION } from '../../version.ts';
import { stopSignal } from '../stop-signal.ts';
import { withSmallYoungGeneration } from '../v8-flags.ts';
import { toBpftoolMaps } from './bpftool-json.ts';
import { toMapDocument } from './document.ts';
import { evaluateListing, type ListingOptions } from './listing.ts';
import { renderMapTable, renderMapTotal } from './map-table.ts';
import { type MapsOptions, type MapsReader, type MapsReading, openMaps } from './maps.ts';

const CLEAR_SCREEN = '\x1b[H\x1b[2J\x1b[3J';

/** Which maps to print, and in which format. */
export interface PrintMapsOptions {
  reading: MapsOptions;
  listing: ListingOptions;
  /** `bpftool` prints the format of `bpftool map --json`. */
  format: 'table' | 'json' | 'bpftool' | { separator: Separator };
  /** Only the sums over all maps. */
  totalOnly: boolean;
  /** Sizes as plain numbers of bytes. */
  plainBytes: boolean;
  /** Repeats at this interval until a signal; undefined prints once. */
  watchMs: number | undefined;
  /** Writes a page to this file instead; undefined for none. */
  htmlFile: string | undefined;
}

/**
 * Prints the BPF maps of this host.
 * @throws ToolError that names the capability if maps cannot be read; OutputError.
 */
export async function printMaps(options: PrintMapsOptions): Promise<void> {
  if (options.htmlFile !== undefined) return writePage(options.htmlFile, options);
  const reader = await openMaps(options.reading);
  try {
    await withSmallYoungGeneration(() => printReadings(reader, options));
  } finally {
    reader.close();
  }
}

/** What writes a page is only loaded here. */
async function writePage(file: string, { reading, listing }: PrintMapsOptions): Promise<void> {
  const { openTextFile } = await import('../../output/text-file.ts');
  const target = openTextFile('--html', file);
  const reader = await openMaps(reading);
  try {
    const { renderMapsPage } = await import('./maps-page.ts');
    await target.write(renderMapsPage(reader.read(), listing.threshold, new Date()));
  } finally {
    reader.close();
  }
}

async function printReadings(reader: MapsReader, options: PrintMapsOptions): Promise<void> {
  const { watchMs } = options;
  const output = new StandardOutput();
  const stop = watchMs === undefined ? undefined : stopSignal();
  const { format } = options;
  const rows = typeof format === 'string' ? undefined : await import('./map-rows.ts');
  let isFirst = true;
  do {
    const reading = reader.read();
    if (rows === undefined || typeof format === 'string') await output.writeAll(render(reading, options));
    else {
      const listing = evaluateListing(reading.maps, options.listing);
      const time = new Date().toISOString();
      await output.writeAll(rows.mapRows(listing, { ...format, time, isFirst }));
    }
    isFirst = false;
  } while (!output.isClosed && stop !== undefined && watchMs !== undefined && (await stop.after(watchMs)));
}

/** The lines; repeated JSON has one line for each reading. */
function render(reading: MapsReading, options: PrintMapsOptions): Iterable<string> {
  const { format, totalOnly, plainBytes, watchMs } = options;
  if (format === 'bpftool') return [safeJson(toBpftoolMaps(reading.maps))];
  const listing = evaluateListing(reading.maps, options.listing);
  if (format === 'json') {
    const document = toMapDocument({ ...reading, listing, totalOnly }, VERSION);
    const lines = jsonLines(document);
    return watchMs === undefined ? lines : [Array.from(lines, (line) => line.trimStart()).join('')];
  }
  const style = {
    plainBytes,
    groupedBy: options.listing.groupBy,
    columns: terminalWidth(1),
  };
  const lines =
    totalOnly && reading.advice === undefined
      ? [renderMapTotal(listing.totals, style)]
      : renderMapTable(totalOnly ? { ...listing, maps: [], groups: undefined } : listing, reading, style);
  const clear = watchMs !== undefined && process.stdout.isTTY ? CLEAR_SCREEN : '';
  return [`${clear}${lines.join('\n')}`];
}

/** `cmemstat maps`: reads the BPF maps of this host and prints them, once or at an interval. */

import type { Separator } from '../../export/delimited-text.ts';
import { safeJson } from '../../format/safe-text.ts';
import { terminalWidth } from '../../output/terminal-width.ts';
import { VERSION } from '../../version.ts';
import type { ListenAddress } from '../http/listen-address.ts';
import { documentLines, printReadings, tableLines } from '../print-readings.ts';
import { withSmallYoungGeneration } from '../v8-flags.ts';
import { toBpftoolMaps } from './bpftool-json.ts';
import { toMapDocument } from './document.ts';
import { evaluateListing, type ListingOptions } from './listing.ts';
import { renderMapTable, renderMapTotal } from './map-table.ts';
import { type MapsOptions, type MapsReading, openMaps } from './maps.ts';

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
  /** Serves a page at this address instead; undefined for none. */
  serve: ListenAddress | undefined;
}

/**
 * Prints the BPF maps of this host.
 * @throws ToolError that names the capability if maps cannot be read; OutputError.
 */
export async function printMaps(options: PrintMapsOptions): Promise<void> {
  if (options.htmlFile !== undefined) return writePage(options.htmlFile, options);
  if (options.serve !== undefined) return serve(options.serve, options);
  const reader = await openMaps(options.reading);
  try {
    await withSmallYoungGeneration(async () => {
      const linesOf = await rendererOf(options);
      await printReadings(options.watchMs, () => linesOf(reader.read()));
    });
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

const DEFAULT_REFRESH_MS = 2_000;

/** HTTP is only loaded here. */
async function serve(address: ListenAddress, { reading, listing, watchMs }: PrintMapsOptions): Promise<void> {
  const { serveMaps } = await import('./serve-maps.ts');
  const refreshMs = watchMs ?? DEFAULT_REFRESH_MS;
  await serveMaps({ address, reading, threshold: listing.threshold, refreshMs });
}

/** What makes the lines of each reading. */
async function rendererOf(options: PrintMapsOptions): Promise<(reading: MapsReading) => Iterable<string>> {
  const { format } = options;
  if (typeof format === 'string') return (reading) => render(reading, options);
  const { mapRows } = await import('./map-rows.ts');
  let isFirst = true;
  return ({ maps }) => {
    const listing = evaluateListing(maps, options.listing);
    const rows = mapRows(listing, { ...format, time: new Date().toISOString(), isFirst });
    isFirst = false;
    return rows;
  };
}

function render(reading: MapsReading, options: PrintMapsOptions): Iterable<string> {
  const { format, totalOnly, plainBytes, watchMs } = options;
  if (format === 'bpftool') return [safeJson(toBpftoolMaps(reading.maps))];
  const listing = evaluateListing(reading.maps, options.listing);
  if (format === 'json') {
    return documentLines(toMapDocument({ ...reading, listing, totalOnly }, VERSION), watchMs);
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
  return tableLines(lines, watchMs);
}

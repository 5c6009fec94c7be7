/** `cmemstat maps --serve`: the page of the maps of this host, read again when it is requested. */
import { monotonicMs } from '../../kernel/monotonic.ts';
import { readPageAssets } from '../../report/html/page-assets.ts';
import type { ListenAddress } from '../http/listen-address.ts';
import type { ServedPage } from '../http/page-server.ts';
import { servePage } from '../http/serve-page.ts';
import { type MapsOptions, openMaps } from './maps.ts';
import { renderMapsPage } from './maps-page.ts';

/** What to serve, and where. */
export interface ServeMapsOptions {
  address: ListenAddress;
  reading: MapsOptions;
  threshold: number | undefined;
  /** How often the script of the page requests it. Unit: milliseconds. */
  refreshMs: number;
}

/**
 * Serves the page until a signal.
 * @throws ToolError if maps cannot be read; ToolError as `servePage`.
 */
export async function serveMaps({ address, reading, threshold, refreshMs }: ServeMapsOptions): Promise<void> {
  const assets = readPageAssets();
  const reader = await openMaps(reading);
  let page: ServedPage | undefined;
  let [version, readMs] = [0, 0];
  const render = async () => {
    const nowMs = monotonicMs();
    // A request at this interval may arrive slightly early.
    if (page !== undefined && nowMs - readMs < refreshMs / 2) return page;
    const html = renderMapsPage(reader.read(), threshold, new Date(), assets, refreshMs);
    version += 1;
    readMs = nowMs;
    page = { tag: `${process.pid}-${version}`, body: Buffer.from(html) };
    return page;
  };
  try {
    await servePage(address, render);
  } finally {
    reader.close();
  }
}

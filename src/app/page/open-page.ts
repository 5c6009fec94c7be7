/** Loads what renders HTML reports only where one is requested. */
import type { PageCollector, PageOptions } from './page-collector.ts';

/** The collector of a page of `count` recordings or runs, as far as that is known. */
export async function openPage(options: Partial<PageOptions>, count: number): Promise<PageCollector> {
  const page = await import('./page-collector.ts');
  return new page.PageCollector(options, count);
}

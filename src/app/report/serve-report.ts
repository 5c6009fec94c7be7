/** `cmemstat report --serve`: the page of recordings while they grow. */
import type { GatePlan } from '../gate/plan.ts';
import type { ListenAddress } from '../http/listen-address.ts';
import { servePage } from '../http/serve-page.ts';
import type { PageOptions } from '../page/page-collector.ts';
import { LiveReport } from './live-report.ts';

/**
 * Serves the page until a signal. Returns the exit status.
 * @throws InputError if a recording cannot be read; ToolError as `servePage`.
 */
export async function serveReport(
  address: ListenAddress,
  files: readonly string[],
  plan: GatePlan,
  options: Partial<PageOptions>,
): Promise<number> {
  const report = await LiveReport.open(files, plan, options);
  try {
    await servePage(address, () => report.render());
  } finally {
    await report.close();
  }
  return 0;
}

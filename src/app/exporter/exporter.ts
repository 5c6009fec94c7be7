/** `cmemstat exporter`: serves the memory of this host to Prometheus until a signal. */
import { type FoundCgroup, findRootCgroup } from '../../cgroup/find-cgroup.ts';
import { CgroupLabels } from '../../cgroup/resolve/cgroup-labels.ts';
import { MAX_TIMER_MS } from '../../format/longest-timer.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { openLog } from '../../output/log.ts';
import { openHostReader } from '../../sampler/host/host-reader.ts';
import { stopSignal } from '../stop-signal.ts';
import { keepHeapSmall, withSmallYoungGeneration } from '../v8-flags.ts';
import { Collector } from './collect/collector.ts';
import { ExplainedClasses } from './explained-classes.ts';
import { ExporterPages } from './http/exporter-pages.ts';
import { listen } from './http/exporter-server.ts';

/** What to export, and where. */
export interface ExporterOptions {
  readonly host: string;
  readonly port: number;
  /** Only cgroups whose name or path one of them accepts; all that have a name without any. */
  readonly matches: ((text: string) => boolean) | undefined;
  readonly maxSeries: number | undefined;
  readonly withCadvisorNames: boolean;
  /** How often to scan the pages of the host; undefined for never. Unit: milliseconds. */
  readonly explainEveryMs: number | undefined;
}

/**
 * Serves until SIGINT, SIGTERM or SIGHUP.
 * @throws UsageError if the address cannot be used, or if there is no hierarchy to read.
 */
export async function runExporter(options: ExporterOptions): Promise<void> {
  // The first reading makes more garbage than all others.
  await withSmallYoungGeneration(() => serve(options));
}

async function serve(options: ExporterOptions): Promise<void> {
  const root: FoundCgroup = findRootCgroup('exporter');
  const reader = await openHostReader({ root, repeats: true, activity: false, holders: true });
  try {
    const { explainEveryMs } = options;
    const explained =
      explainEveryMs === undefined ? undefined : new ExplainedClasses(explainEveryMs, monotonicMs);
    const collector = new Collector({
      ...options,
      reader,
      cgroupVersion: root.version,
      names: new CgroupLabels(),
      explained: explained && (() => explained.classes),
      now: monotonicMs,
    });
    const pages = new ExporterPages({
      collect: () => collector.collect(),
      now: monotonicMs,
      afterCollection: () => explained?.start(() => collector.countError('explain')),
    });
    const server = await listen(options, pages.answer);
    const stop = stopSignal();
    keepHeapSmall();
    openLog().warn(`listening on ${server.url}/metrics`);
    while (await stop.after(MAX_TIMER_MS));
    await server.close();
    explained?.stop();
  } finally {
    reader.close();
  }
}

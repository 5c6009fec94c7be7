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
import { keepPrivileges } from './keep-privileges.ts';
import type { OtlpOptions, OtlpPush } from './otlp/otlp-push.ts';
import type { PushCounts } from './otlp/otlp-queue.ts';

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
  /** A file with TLS and users. */
  readonly webConfig: string | undefined;
  /** Where to push to; undefined: nowhere. */
  readonly otlp: OtlpOptions | undefined;
}

/**
 * Serves until SIGINT, SIGTERM or SIGHUP.
 * @throws UsageError if the address cannot be used, or if there is no hierarchy to read; InputError,
 * PermissionError for the web config file.
 */
export async function runExporter(options: ExporterOptions): Promise<void> {
  // The first reading makes more garbage than all others.
  await withSmallYoungGeneration(() => serve(options));
}

async function serve(options: ExporterOptions): Promise<void> {
  const root: FoundCgroup = findRootCgroup('exporter');
  const log = openLog();
  const reportBug = (error: unknown) =>
    log.warn(`internal error: ${error instanceof Error ? error.stack : String(error)}`);
  const { explainEveryMs, webConfig, otlp } = options;
  let collector: Collector | undefined;
  let push: OtlpPush | undefined;
  // Only with a file are the modules of TLS and cryptography loaded.
  const web =
    webConfig === undefined
      ? undefined
      : await (await import('./web/open-web.ts')).openWeb(webConfig, (message) => {
          collector?.countError('web_config');
          log.warn(message);
        });
  // Threads that are started later, such as those of libuv, have no more privileges.
  await keepPrivileges({ scansPages: explainEveryMs !== undefined, port: options.port });
  const reader = await openHostReader({ root, repeats: true, activity: false, holders: true });
  try {
    const explained =
      explainEveryMs === undefined ? undefined : new ExplainedClasses(explainEveryMs, monotonicMs);
    const current = new Collector({
      ...options,
      reader,
      cgroupVersion: root.version,
      names: new CgroupLabels(),
      explained: explained && (() => explained.classes),
      readsWebConfig: web !== undefined,
      pushes: otlp && (() => outcomes(push?.counts)),
      now: monotonicMs,
    });
    collector = current;
    const pages = new ExporterPages({
      collect: () => current.collect(),
      now: monotonicMs,
      afterCollection: () => explained?.start(() => current.countError('explain')),
    });
    const server = await listen({ ...options, ...web?.listenOptions, reportBug }, pages.answer);
    if (otlp !== undefined) {
      const { startPush } = await import('./otlp/otlp-push.ts');
      push = await startPush({
        ...otlp,
        collect: async () => (await pages.current()).collection,
        report: (message) => log.warn(message),
        reportBug,
      });
    }
    const stop = stopSignal();
    keepHeapSmall();
    log.warn(`listening on ${server.url}/metrics`);
    while (await stop.after(MAX_TIMER_MS));
    await push?.close();
    await server.close();
    await web?.close();
    explained?.stop();
  } finally {
    reader.close();
  }
}

function outcomes({ sent = 0, failed = 0, dropped = 0 }: Partial<PushCounts> = {}): Record<string, number> {
  return { sent, failed, dropped };
}

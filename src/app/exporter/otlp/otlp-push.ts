/** Pushes figures with OTLP/HTTP, at an interval of its own. */
import { hostname } from 'node:os';
import { EXPOSED } from '../../../export/exporter-names.ts';
import { renderOtlpMetrics } from '../../../export/otlp/otlp-metrics.ts';
import { sleep } from '../../../kernel/sleep.ts';
import { VERSION } from '../../../version.ts';
import type { Collection } from '../collect/collector.ts';
import { OtlpClient } from './otlp-client.ts';
import { OtlpQueue, type PushCounts } from './otlp-queue.ts';
import { type OtlpTarget, pairsOf } from './otlp-target.ts';

/** Where to push to, and how often. */
export interface OtlpOptions {
  readonly target: OtlpTarget;
  /** Unit: milliseconds. */
  readonly everyMs: number;
}

/** What is pushed, and where failures are reported. */
export interface PushParts extends OtlpOptions {
  readonly collect: () => Promise<Collection>;
  readonly report: (message: string) => void;
  /** Receives what `collect` throws. */
  readonly reportBug: (error: unknown) => void;
}

/** A running push. */
export interface OtlpPush {
  readonly counts: PushCounts;
  /** Ends it; what was not sent yet is lost. */
  close(): Promise<void>;
}

/**
 * Begins at a random moment within the interval, so that the nodes of a fleet push at different times. A
 * failure is reported once, and again after a success.
 */
export async function startPush(parts: PushParts): Promise<OtlpPush> {
  const { target, everyMs, collect, report, reportBug } = parts;
  const client = await OtlpClient.create(target);
  const resources = readResources(process.env);
  let hasFailed = false;
  const queue = new OtlpQueue({
    send: async (document) => {
      const result = await client.send(document);
      if (result.outcome === 'sent') hasFailed = false;
      return result;
    },
    sleep,
    random: Math.random,
    report: (reason) => {
      if (!hasFailed) report(`--otlp ${target.url.origin}: ${reason}`);
      hasFailed = true;
    },
  });
  const push = async () => {
    const { figures } = await collect();
    const context = { ...resources, version: VERSION, timeMs: Date.now() };
    queue.push(renderOtlpMetrics(figures.entries(Object.values(EXPOSED)), context));
  };
  const tryPush = () => void push().catch(reportBug);
  let timer = setTimeout(() => {
    timer = setInterval(tryPush, everyMs);
    tryPush();
  }, Math.random() * everyMs);
  return {
    counts: queue.counts,
    close: async () => {
      clearTimeout(timer);
      // A receiver that does not answer must not delay the end.
      client.close();
      await queue.close();
    },
  };
}

/** The attributes that all resources have, and those of the host. OTEL_RESOURCE_ATTRIBUTES wins. */
function readResources(environment: NodeJS.ProcessEnv): {
  resource: Record<string, string>;
  service: Record<string, string>;
} {
  const given = pairsOf(environment.OTEL_RESOURCE_ATTRIBUTES);
  const isOfService = ([name]: [string, string]) => name.startsWith('service.');
  return {
    resource: { 'host.name': hostname(), ...Object.fromEntries(given.filter((pair) => !isOfService(pair))) },
    service: {
      'service.name': 'cmemstat',
      'service.version': VERSION,
      ...Object.fromEntries(given.filter(isOfService)),
      ...(environment.OTEL_SERVICE_NAME ? { 'service.name': environment.OTEL_SERVICE_NAME } : {}),
    },
  };
}

/**
 * Current figures as a request of OTLP/HTTP in JSON: `ExportMetricsServiceRequest`.
 * Source: opentelemetry-proto 1.9; "JSON Protobuf Encoding" of the OTLP specification.
 */
import type { Samples } from '../exposition.ts';
import type { MetricFamily } from '../metric-names.ts';
import { type OtlpMetricName, ownMetricName, PROCESS_NAMES, placeOf, semanticName } from './otlp-names.ts';

/** A family with its name in other documents, and its figures; labels are as in OpenMetrics. */
export type FamilyFigures = readonly [{ readonly family: MetricFamily; readonly name: string }, Samples];

/** What is the same for all figures. */
export interface OtlpContext {
  /** Attributes of each resource: `host.name`, ... */
  readonly resource: Readonly<Record<string, string>>;
  /** Those that are only of the host as a whole and of the exporter. */
  readonly service: Readonly<Record<string, string>>;
  readonly version: string;
  /** Since the Unix epoch. Unit: milliseconds. */
  readonly timeMs: number;
}

interface DataPoint {
  attributes?: KeyValue[];
  timeUnixNano: string;
  asInt?: string;
  asDouble?: number;
}

interface KeyValue {
  key: string;
  value: { stringValue: string };
}

interface Resource {
  attributes: Readonly<Record<string, string>>;
  metrics: Map<string, { metric: OtlpMetricName; points: DataPoint[] }>;
}

/** Source: `AggregationTemporality` of metrics.proto. */
const CUMULATIVE = 2;

/**
 * The request as JSON text. A container has its figures by the names of the semantic conventions, and ours
 * beside them. A limit that is not set is left out, because JSON has no infinity.
 */
export function renderOtlpMetrics(families: Iterable<FamilyFigures>, context: OtlpContext): string {
  const resources = new Map<string, Resource>();
  const timeUnixNano = `${Math.round(context.timeMs)}000000`;
  const add = (
    attributes: Readonly<Record<string, string>>,
    metric: OtlpMetricName,
    labels: Readonly<Record<string, string>>,
    value: number,
  ) => {
    const key = JSON.stringify(attributes);
    const resource = resources.get(key) ?? { attributes, metrics: new Map() };
    resources.set(key, resource);
    const entry = resource.metrics.get(metric.name) ?? { metric, points: [] };
    resource.metrics.set(metric.name, entry);
    entry.points.push({
      ...(Object.keys(labels).length === 0 ? {} : { attributes: keyValues(labels) }),
      timeUnixNano,
      ...(Number.isSafeInteger(value) ? { asInt: String(value) } : { asDouble: value }),
    });
  };
  const limits = new Limits();
  for (const [{ family, name }, samples] of families) {
    // The same figures under other names.
    if (name.startsWith('container_')) continue;
    const metric = name.startsWith('process_') ? PROCESS_NAMES[name] : ownMetricName(family);
    if (metric === undefined) continue;
    for (const [index, value] of samples.values.entries()) {
      const { resource, attributes, type } = placeOf(parseLabels(samples.labels[index] ?? ''));
      const whole = { ...context.resource, ...(type === 'host' ? context.service : resource) };
      limits.note(whole, type, family.name, attributes.kind, value);
      if (!Number.isFinite(value)) continue;
      add(whole, metric, attributes, value);
      if (family.name !== 'memory' || (type !== 'container' && type !== 'pod')) continue;
      const semantic = semanticName(attributes.kind ?? '', type === 'pod');
      if (semantic !== undefined) add(whole, semantic, {}, value);
    }
  }
  for (const { resource, isPod, bytes } of limits.available()) {
    const semantic = semanticName('available', isPod);
    if (semantic !== undefined) add(resource, semantic, {}, bytes);
  }
  return JSON.stringify({
    resourceMetrics: [...resources.values()].map((each) => toResource(each, context)),
  });
}

/** Finds what containers may still use: the limit without the working set. */
class Limits {
  readonly #found = new Map<
    string,
    { resource: Readonly<Record<string, string>>; isPod: boolean; limit?: number; workingSet?: number }
  >();

  note(
    resource: Readonly<Record<string, string>>,
    type: string,
    family: string,
    kind: string | undefined,
    value: number,
  ): void {
    if (type !== 'container' && type !== 'pod') return;
    const isLimit = family === 'memory_limit' && kind === 'max';
    if (!isLimit && !(family === 'memory' && kind === 'working_set')) return;
    const key = JSON.stringify(resource);
    const entry = this.#found.get(key) ?? { resource, isPod: type === 'pod' };
    if (isLimit) entry.limit = value;
    else entry.workingSet = value;
    this.#found.set(key, entry);
  }

  *available(): Generator<{ resource: Readonly<Record<string, string>>; isPod: boolean; bytes: number }> {
    for (const { resource, isPod, limit, workingSet } of this.#found.values()) {
      if (limit === undefined || workingSet === undefined || !Number.isFinite(limit)) continue;
      yield { resource, isPod, bytes: Math.max(0, limit - workingSet) };
    }
  }
}

function toResource({ attributes, metrics }: Resource, { version }: OtlpContext): object {
  return {
    resource: { attributes: keyValues(attributes) },
    scopeMetrics: [{ scope: { name: 'cmemstat', version }, metrics: [...metrics.values()].map(toMetric) }],
  };
}

function toMetric({ metric, points }: { metric: OtlpMetricName; points: DataPoint[] }): object {
  const { name, unit, description, instrument } = metric;
  const head = { name, description, ...(unit === '' ? {} : { unit }) };
  if (instrument === 'gauge') return { ...head, gauge: { dataPoints: points } };
  // When the counting began is not known: the cgroup is older than the exporter.
  const isMonotonic = instrument === 'counter' ? { isMonotonic: true } : {};
  return { ...head, sum: { aggregationTemporality: CUMULATIVE, ...isMonotonic, dataPoints: points } };
}

const keyValues = (values: Readonly<Record<string, string>>): KeyValue[] =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));

/** The labels of a figure in OpenMetrics: `kind="anon",name="a\"b"`. */
export function parseLabels(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [
      name,
      value.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character)),
    ]),
  );
}

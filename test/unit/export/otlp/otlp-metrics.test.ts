/** Requests of OTLP, read by the public definition of the protocol. */
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { FAMILIES, type MetricFamily, openMetricsName } from '#src/export/metric-names.ts';
import { type FamilyFigures, parseLabels, renderOtlpMetrics } from '#src/export/otlp/otlp-metrics.ts';
import { fixture } from '../../../paths.ts';

const root = new protobuf.Root();
root.resolvePath = (_, target) => fixture(`otlp/${target}`);
root.loadSync('opentelemetry/proto/collector/metrics/v1/metrics_service.proto');
const Request = root.lookupType('opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest');

const family = (definition: MetricFamily, ...samples: [labels: string, value: number][]): FamilyFigures => [
  { family: definition, name: openMetricsName(definition) },
  { labels: samples.map(([labels]) => labels), values: samples.map(([, value]) => value) },
];
const usual = (name: string, type: MetricFamily['type'], value: number): FamilyFigures => [
  { family: { name, type, help: '' }, name },
  { labels: [''], values: [value] },
];

const CONTEXT = {
  resource: { 'host.name': 'node-1' },
  service: { 'service.name': 'cmemstat' },
  version: '0.1.0',
  timeMs: 1_700_000_000_123,
};

const POD = 'namespace="shop",pod="cart",container="app"';

const EXAMPLE: FamilyFigures[] = [
  family(
    FAMILIES.memory,
    [`${POD},kind="current"`, 4096],
    [`${POD},kind="working_set"`, 3000],
    [`${POD},kind="anon"`, 2048],
    [`${POD},kind="slab"`, 100],
    ['namespace="shop",pod="cart",kind="current"', 8192],
    ['container="web",kind="current"', 5],
    ['unit="nginx.service",kind="current"', 6],
    ['cgroup="/a",kind="current"', 7],
  ),
  family(
    FAMILIES.memoryLimit,
    [`${POD},kind="max"`, 10_000],
    ['container="web",kind="max"', Number.POSITIVE_INFINITY],
  ),
  family(FAMILIES.memoryEvents, [`${POD},event="oom_kill"`, 3]),
  family(FAMILIES.memoryStall, [`${POD},kind="some"`, 1.5]),
  family(FAMILIES.mapElements, ['name="flows"', 9]),
  usual('container_memory_usage_bytes', 'gauge', 1),
  usual('process_start_time_seconds', 'gauge', 1),
  usual('process_cpu_seconds', 'counter', 0.25),
];

/** A value of a field in JSON; throws unless it has the form that the specification prescribes. */
function checkMessage(type: protobuf.Type, value: unknown, path: string): void {
  expect(value, path).toBeTypeOf('object');
  for (const [key, content] of Object.entries(value as object)) {
    const field = type.fieldsArray.find(({ name }) => protobuf.util.camelCase(name) === key);
    if (field === undefined) throw new Error(`${path}.${key}: ${type.fullName} has no such field`);
    field.resolve();
    const items: unknown[] = field.repeated ? (content as unknown[]) : [content];
    for (const item of items) checkField(field, item, `${path}.${key}`);
  }
}

function checkField(field: protobuf.Field, item: unknown, path: string): void {
  if (field.resolvedType instanceof protobuf.Type) checkMessage(field.resolvedType, item, path);
  else if (/64$/.test(field.type)) expect(item, path).toMatch(/^\d+$/);
  else if (field.type === 'string') expect(item, path).toBeTypeOf('string');
  else if (field.type === 'bool') expect(item, path).toBeTypeOf('boolean');
  else expect(item, path).toBeTypeOf('number');
}

interface Point {
  attributes?: { key: string; value: { stringValue: string } }[];
  asInt?: string;
  asDouble?: number;
  timeUnixNano: string;
}
interface Metric {
  name: string;
  unit?: string;
  gauge?: { dataPoints: Point[] };
  sum?: { dataPoints: Point[]; isMonotonic?: boolean; aggregationTemporality: number };
}
interface Document {
  resourceMetrics: {
    resource: { attributes: Point['attributes'] };
    scopeMetrics: { scope: object; metrics: Metric[] }[];
  }[];
}

const attributesOf = (list: Point['attributes'] = []) =>
  Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue]));

/** `name attributes value unit form` of each point, by resource. */
function rows(document: Document): Record<string, string[]> {
  return Object.fromEntries(
    document.resourceMetrics.map(({ resource, scopeMetrics }) => [
      Object.entries(attributesOf(resource.attributes))
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap(({ name, unit = '-', gauge, sum }) => {
          const form = gauge ? 'gauge' : sum?.isMonotonic ? 'counter' : 'up-down';
          return (gauge ?? sum)?.dataPoints.map(
            ({ attributes, asInt, asDouble }) =>
              `${[name, ...Object.values(attributesOf(attributes))].join(' ')} ${asInt ?? asDouble} ${unit} ${form}`,
          );
        }),
      ) as string[],
    ]),
  );
}

describe('a request of OTLP', () => {
  const document = JSON.parse(renderOtlpMetrics(EXAMPLE, CONTEXT)) as Document;

  it('has the fields and forms of the definition alone, and loses nothing as protobuf', () => {
    checkMessage(Request, document, 'request');
    const message = Request.fromObject(document);
    const bytes = Request.encode(message).finish();
    const back = Request.toObject(Request.decode(bytes), { longs: String, enums: Number });
    expect(back).toEqual(document);
    const wrong = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ title: 'x' }] }] }] };
    expect(() => checkMessage(Request, wrong, 'request')).toThrow('has no such field');
  });

  it('names the figures of containers and pods as the conventions do, and as we do', () => {
    expect(rows(document)).toEqual({
      'host.name=node-1 k8s.namespace.name=shop k8s.pod.name=cart k8s.container.name=app': [
        'cmemstat.memory current 4096 By gauge',
        'cmemstat.memory working_set 3000 By gauge',
        'cmemstat.memory anon 2048 By gauge',
        'cmemstat.memory slab 100 By gauge',
        'container.memory.usage 4096 By gauge',
        'container.memory.working_set 3000 By up-down',
        'container.memory.rss 2048 By up-down',
        'cmemstat.memory_limit max 10000 By gauge',
        'cmemstat.memory_events oom_kill 3 - counter',
        'cmemstat.memory_stall some 1.5 s counter',
        'container.memory.available 7000 By up-down',
      ],
      'host.name=node-1 k8s.namespace.name=shop k8s.pod.name=cart': [
        'cmemstat.memory current 8192 By gauge',
        'k8s.pod.memory.usage 8192 By gauge',
      ],
      'host.name=node-1 container.name=web': [
        'cmemstat.memory current 5 By gauge',
        'container.memory.usage 5 By gauge',
      ],
      'host.name=node-1 service.name=nginx.service': ['cmemstat.memory current 6 By gauge'],
      'host.name=node-1 process.linux.cgroup=/a': ['cmemstat.memory current 7 By gauge'],
      'host.name=node-1 service.name=cmemstat': [
        'cmemstat.bpf_map_elements flows 9 - gauge',
        'process.cpu.time 0.25 s counter',
      ],
    });
  });

  it('has the time of the figures, and cumulative sums', () => {
    const metrics = document.resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap((each) => each.metrics),
    );
    const points = metrics.flatMap(({ gauge, sum }) => (gauge ?? sum)?.dataPoints ?? []);
    expect(new Set(points.map(({ timeUnixNano }) => timeUnixNano))).toEqual(new Set(['1700000000123000000']));
    expect(new Set(metrics.flatMap(({ sum }) => (sum ? [sum.aggregationTemporality] : [])))).toEqual(
      new Set([2]),
    );
  });

  it('reads labels as they are written', () => {
    expect([...parseLabels('a="x",b_1="y\\"z\\\\,c=",d=""')]).toEqual([
      ['a', 'x'],
      ['b_1', 'y"z\\,c='],
      ['d', ''],
    ]);
  });
});

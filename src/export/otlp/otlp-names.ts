/**
 * What OpenTelemetry calls figures and the place that they are of.
 * Source: the semantic conventions 1.43 of container, k8s, host, process and service.
 */
import type { FamilyUnit, MetricFamily } from '../metric-names.ts';

/** Units of UCUM; counts have none, so that Prometheus' receivers restore our names. */
export const UNITS: Readonly<Record<FamilyUnit, string>> = { bytes: 'By', seconds: 's', ratio: '1' };

/** How values are combined: the last one, a sum that may fall, or a sum that only grows. */
export type Instrument = 'gauge' | 'up-down-counter' | 'counter';

/** A metric as a document defines it. */
export interface OtlpMetricName {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly instrument: Instrument;
}

/** The name of a family: `cmemstat.memory` with the unit `By` is `cmemstat_memory_bytes` elsewhere. */
export function ownMetricName({ name, unit, type, help }: MetricFamily): OtlpMetricName {
  return {
    name: `cmemstat.${name}`,
    unit: unit === undefined ? '' : UNITS[unit],
    description: help,
    instrument: type,
  };
}

/** The figures of containers and pods that the conventions name, by the kind of ours. */
const SEMANTIC_KINDS: Readonly<Record<string, readonly [name: string, instrument: Instrument]>> = {
  current: ['usage', 'gauge'],
  working_set: ['working_set', 'up-down-counter'],
  anon: ['rss', 'up-down-counter'],
  available: ['available', 'up-down-counter'],
};

/** `container.memory.usage`, `k8s.pod.memory.rss`, ...; undefined for a kind without a name. */
export function semanticName(kind: string, isPod: boolean): OtlpMetricName | undefined {
  const known = Object.hasOwn(SEMANTIC_KINDS, kind) ? SEMANTIC_KINDS[kind] : undefined;
  if (known === undefined) return undefined;
  const [name, instrument] = known;
  return {
    name: `${isPod ? 'k8s.pod' : 'container'}.memory.${name}`,
    unit: 'By',
    description: `Memory of the ${isPod ? 'pod' : 'container'}.`,
    instrument,
  };
}

/** Labels that say which cgroup a figure is of. */
const PLACE_LABELS = ['namespace', 'pod', 'container', 'unit', 'cgroup'] as const;

/** The labels of a figure, and the resource that it is of. */
export interface Place {
  /** Attributes of the resource; empty: the host. */
  readonly resource: Readonly<Record<string, string>>;
  /** The labels that remain. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Figures of systemd's units and of other cgroups have no names in the conventions. */
  readonly type: 'container' | 'pod' | 'other' | 'host';
}

/** Divides the labels of a figure into the resource and the rest. */
export function placeOf(labels: ReadonlyMap<string, string>): Place {
  const attributes: Record<string, string> = {};
  for (const [name, value] of labels) {
    if (!(PLACE_LABELS as readonly string[]).includes(name)) attributes[name] = value;
  }
  const [namespace, pod, container, unit, cgroup] = PLACE_LABELS.map((name) => labels.get(name));
  const resource: Record<string, string> = {};
  if (namespace !== undefined) resource['k8s.namespace.name'] = namespace;
  if (pod !== undefined) resource['k8s.pod.name'] = pod;
  if (container !== undefined)
    resource[pod === undefined ? 'container.name' : 'k8s.container.name'] = container;
  if (unit !== undefined) resource['service.name'] = unit;
  if (cgroup !== undefined) resource['process.linux.cgroup'] = cgroup;
  if (container !== undefined) return { resource, attributes, type: 'container' };
  if (pod !== undefined) return { resource, attributes, type: 'pod' };
  return { resource, attributes, type: unit === undefined && cgroup === undefined ? 'host' : 'other' };
}

/** The names of the exporter's own process; absent: not pushed. */
export const PROCESS_NAMES: Readonly<Record<string, OtlpMetricName>> = {
  process_resident_memory_bytes: {
    name: 'process.memory.usage',
    unit: 'By',
    description: 'The amount of physical memory in use.',
    instrument: 'up-down-counter',
  },
  process_cpu_seconds: {
    name: 'process.cpu.time',
    unit: 's',
    description: 'Total CPU seconds.',
    instrument: 'counter',
  },
};

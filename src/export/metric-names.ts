/**
 * The names of all figures outside of cmemstat: one place, so that each format and each later exporter calls
 * the same figure the same. Units are those of OpenMetrics: bytes, seconds, ratios; counts have none.
 * Source: the OpenMetrics 1.0 specification; "Metric and label naming" of Prometheus.
 */
import { unitOfMetric } from '../model/figures.ts';

/** The unit of a family, as in its name; absent for counts. */
export type FamilyUnit = 'bytes' | 'seconds' | 'ratio';

/** Figures with the same name and different labels. */
export interface MetricFamily {
  /** Without prefix and unit: `memory`. */
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly unit?: FamilyUnit;
  readonly help: string;
}

/** Labels by name, in the order in which they are written. */
export type Labels = Readonly<Record<string, string>>;

/** One figure over time. */
export interface Metric {
  readonly family: MetricFamily;
  readonly labels: Labels;
  /** Its name where labels are not possible, such as a column: `anon_bytes`. */
  readonly field: string;
  /** Recorded figures times ten to this power are in the unit: -6 for microseconds. */
  readonly exponent: number;
}

/** A family of values that rise and fall. */
export const gauge = (name: string, help: string, unit?: FamilyUnit): MetricFamily => {
  return { name, type: 'gauge', help, ...(unit === undefined ? {} : { unit }) };
};
/** A family of counts and times that only grow. */
export const counter = (name: string, help: string, unit?: FamilyUnit): MetricFamily => {
  return { ...gauge(name, help, unit), type: 'counter' };
};

/** All families, in the order in which documents list them. */
export const FAMILIES = {
  memory: gauge('memory', 'Memory of the cgroup by kind, as the kernel counts it.', 'bytes'),
  memoryPeak: gauge('memory_peak', 'High-water mark of the kernel.', 'bytes'),
  memoryIntervalMax: gauge(
    'memory_interval_max',
    'Highest reading since the previous sample, where it is above the sample.',
    'bytes',
  ),
  memoryUnseen: gauge('memory_unseen', 'Rise of the high-water mark above the readings around it.', 'bytes'),
  memoryLimit: gauge('memory_limit', 'Limit of the cgroup; +Inf for none.', 'bytes'),
  memoryStat: counter('memory_stat', 'Counts of memory.stat.'),
  memoryEvents: counter('memory_events', 'Counts of memory.events, nested cgroups included.'),
  memoryEventsLocal: counter('memory_events_local', 'Counts of memory.events.local: the cgroup alone.'),
  memoryStall: counter('memory_stall', 'Time that some or all tasks waited for memory.', 'seconds'),
  memoryStallShare: gauge('memory_stall', 'Share of a window that tasks waited for memory.', 'ratio'),
  processes: gauge('processes', 'Processes of the cgroup and those nested in it.'),
  processesLimit: gauge('processes_limit', 'Limit of the number of processes; +Inf for none.'),
  nestedCgroups: gauge('nested_cgroups', 'Cgroups below the cgroup.'),
  treeCpu: gauge('process_tree_cpu', 'Share of one CPU that the process tree used.', 'ratio'),
  readings: gauge('readings', 'Readings since the previous sample.'),
  readingGap: gauge('reading_gap', 'Longest time between two readings since the previous sample.', 'seconds'),
  bpf: gauge('bpf', 'Memory of BPF objects by what it is charged to.', 'bytes'),
  bpfMemlock: gauge('bpf_memlock', 'The memlock figures of BPF objects.', 'bytes'),
  bpfObjects: gauge('bpf_objects', 'Number of BPF objects.'),
  bpfAtLeast: gauge('bpf_at_least', '1 if the kernel understates the memory of one of them.'),
  bpfPlace: gauge('bpf_place', 'Counter of the kernel that contains BPF memory; estimated.', 'bytes'),
  map: gauge('bpf_map', 'Memory of a BPF map.', 'bytes'),
  mapUncharged: gauge('bpf_map_uncharged', 'Part of it that no cgroup is charged for.', 'bytes'),
  mapBacklog: gauge('bpf_map_backlog', 'Unconsumed data in a ring buffer.', 'bytes'),
  mapElements: gauge('bpf_map_elements', 'Number of elements.'),
  mapMaxEntries: gauge('bpf_map_max_entries', 'Number of elements that it can hold.'),
  processRss: gauge('process_resident_memory', 'Resident set size of a process.', 'bytes'),
  processPss: gauge('process_proportional_memory', 'Proportional set size of a process.', 'bytes'),
  processCpu: gauge('process_cpu', 'Share of one CPU since the previous reading.', 'ratio'),
  processThreads: gauge('process_threads', 'Threads of a process.'),
  processFds: gauge('process_open_fds', 'Open descriptors of a process.'),
  recordedEvents: counter('recorded_events', 'Events of the recording.'),
  runDuration: gauge('run_duration', 'Time from the launch to the exit.', 'seconds'),
  runExitStatus: gauge('run_exit_status', 'Exit status of cmemstat for the run.'),
  runPeak: gauge('run_peak', 'The high-water mark of the run; attached, of its cgroup.', 'bytes'),
} as const satisfies Readonly<Record<string, MetricFamily>>;

const PREFIX = 'cmemstat';

/** The name of a family in OpenMetrics: `cmemstat_memory_bytes`; samples of counters add `_total`. */
export function openMetricsName({ name, unit }: MetricFamily): string {
  return unit === undefined ? `${PREFIX}_${name}` : `${PREFIX}_${name}_${unit}`;
}

/** The measurement of a kind of record in the line protocol: `cmemstat_sample`. */
export function measurementName(kind: string): string {
  return `${PREFIX}_${kind}`;
}

/** What a field ends with: `_bytes`, `_seconds_total`. */
function fieldEnd({ unit, type }: MetricFamily): string {
  return `${unit === undefined ? '' : `_${unit}`}${type === 'counter' ? '_total' : ''}`;
}

/** How a metric is made from what distinguishes it. */
interface MetricParts {
  family: MetricFamily;
  labels?: Labels;
  /** The field without its end; the name of the family by default. */
  field?: string;
  exponent?: number;
}

/** A metric, whose field ends with its unit. */
export function metric({ family, labels = {}, field = family.name, exponent = 0 }: MetricParts): Metric {
  return { family, labels, field: `${field}${fieldEnd(family)}`, exponent };
}

/** A key of memory.stat: a size, or a count of events. */
export function statMetric(key: string): Metric {
  return unitOfMetric(key) === 'bytes'
    ? memoryMetric(key)
    : metric({ family: FAMILIES.memoryStat, labels: { event: key }, field: key });
}

/** A size of the cgroup: `cmemstat_memory_bytes{kind="anon"}`. */
export function memoryMetric(kind: string): Metric {
  return metric({ family: FAMILIES.memory, labels: { kind }, field: kind });
}

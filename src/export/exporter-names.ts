/** The names of the figures of `cmemstat exporter` that no recording has, and their order in a document. */
import { counter, FAMILIES, gauge, type MetricFamily, openMetricsName } from './metric-names.ts';

/** A family with its name in a document. */
export interface ExposedFamily {
  readonly family: MetricFamily;
  /** Without `_total`. */
  readonly name: string;
}

const own = (family: MetricFamily): ExposedFamily => ({ family, name: openMetricsName(family) });
/** Names that others have made usual. */
const usual = (family: MetricFamily, name: string): ExposedFamily => ({ family, name });

/** All families of the exporter, in the order in which documents list them. */
export const EXPOSED = {
  hostMemory: own(gauge('host_memory', 'Memory of the host by kind.', 'bytes')),
  hostUncharged: own(
    gauge('host_uncharged', 'Used memory of the host that no cgroup is charged for, by kind.', 'bytes'),
  ),
  hostBpf: own(gauge('host_bpf', 'Memory of all BPF maps of the host by what it is charged to.', 'bytes')),
  hostRemoved: own(
    gauge('host_removed_cgroups', 'Removed cgroups that the kernel keeps, as memory is charged to them.'),
  ),
  memory: own(FAMILIES.memory),
  memoryPeak: own(FAMILIES.memoryPeak),
  memoryLimit: own(FAMILIES.memoryLimit),
  memoryEvents: own(FAMILIES.memoryEvents),
  memoryStall: own(FAMILIES.memoryStall),
  bpf: own(FAMILIES.bpf),
  map: own(gauge('bpf_map', 'Memory of the BPF maps of one name.', 'bytes')),
  mapElements: own(gauge('bpf_map_elements', 'Number of elements of the BPF maps of one name.')),
  mapMaxEntries: own(gauge('bpf_map_max_entries', 'Number of elements that they can hold.')),
  reclaimable: own(
    gauge(
      'bpf_reclaimable',
      'Memory of BPF maps that a setting would save, as far as was observed.',
      'bytes',
    ),
  ),
  explained: own(gauge('explained', 'Memory of the host by class, from a scan of its pages.', 'bytes')),
  containerUsage: usual(
    gauge('usage', 'Memory of the container, page cache included.', 'bytes'),
    'container_memory_usage_bytes',
  ),
  containerWorkingSet: usual(
    gauge('working_set', 'Memory of the container without inactive page cache.', 'bytes'),
    'container_memory_working_set_bytes',
  ),
  containerRss: usual(gauge('rss', 'Anonymous memory of the container, in bytes.'), 'container_memory_rss'),
  containerCache: usual(gauge('cache', 'Page cache of the container, in bytes.'), 'container_memory_cache'),
  containerSwap: usual(gauge('swap', 'Swap of the container, in bytes.'), 'container_memory_swap'),
  buildInfo: own(gauge('build_info', 'What reads the figures, and where; always 1.')),
  series: own(gauge('exporter_series', 'Series of this document.')),
  seriesLimit: own(gauge('exporter_series_limit', 'Series that it may have.')),
  seriesCut: own(gauge('exporter_series_cut', 'Series that were left out because of the limit.')),
  unnamed: own(
    gauge('exporter_unnamed_cgroups', 'Containers and pods without series, as their names were not found.'),
  ),
  absent: own(gauge('exporter_absent', '1 for each figure that cannot be read on this host.')),
  duration: own(
    gauge('exporter_collection_duration', 'Time that the readings of this document took.', 'seconds'),
  ),
  errors: own(counter('exporter_errors', 'Readings that failed, by what was read.')),
  pushes: own(counter('exporter_pushes', 'Documents that were pushed with OTLP, by what became of them.')),
  processStart: usual(
    gauge('start_time', 'Start time of the exporter since the Unix epoch.', 'seconds'),
    'process_start_time_seconds',
  ),
  processCpu: usual(
    counter('cpu', 'CPU time of the exporter, user and system.', 'seconds'),
    'process_cpu_seconds',
  ),
  processMemory: usual(
    gauge('resident_memory', 'Resident memory of the exporter.', 'bytes'),
    'process_resident_memory_bytes',
  ),
} as const satisfies Readonly<Record<string, ExposedFamily>>;

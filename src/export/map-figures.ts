/** The figures of BPF maps and of processes under their names. */

import type { ProcessRow } from '../model/recorded-processes.ts';
import type { LiveMap } from '../model/recording.ts';
import { FAMILIES, type MetricFamily } from './metric-names.ts';

/** One figure of a map or a process. */
export interface ObjectFigure<T> {
  readonly family: MetricFamily;
  /** Its name beside the others of the same object. */
  readonly name: string;
  /** As in `Metric`. */
  readonly exponent: number;
  readonly value: (row: T) => number | undefined;
}

/** Of a map. */
export const MAP_FIGURES: readonly ObjectFigure<LiveMap>[] = [
  { family: FAMILIES.map, name: 'bytes', exponent: 0, value: ({ bytes }) => bytes },
  { family: FAMILIES.mapUncharged, name: 'uncharged_bytes', exponent: 0, value: (map) => map.unchargedBytes },
  { family: FAMILIES.mapBacklog, name: 'backlog_bytes', exponent: 0, value: (map) => map.backlogBytes },
  { family: FAMILIES.mapElements, name: 'elements', exponent: 0, value: ({ elements }) => elements },
  { family: FAMILIES.mapMaxEntries, name: 'max_entries', exponent: 0, value: (map) => map.max_entries },
];

/** Of a process. */
export const PROCESS_FIGURES: readonly ObjectFigure<ProcessRow>[] = [
  { family: FAMILIES.processRss, name: 'rss_bytes', exponent: 0, value: ({ rss }) => rss },
  { family: FAMILIES.processPss, name: 'pss_bytes', exponent: 0, value: ({ pss }) => pss },
  { family: FAMILIES.processCpu, name: 'cpu_ratio', exponent: -2, value: ({ cpuPercent }) => cpuPercent },
  { family: FAMILIES.processThreads, name: 'threads', exponent: 0, value: ({ threads }) => threads },
  { family: FAMILIES.processFds, name: 'open_fds', exponent: 0, value: ({ fds }) => fds },
];

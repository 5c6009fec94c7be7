/** What a page shows, in the form that the renderer and the script of the page share. */
import type { EntityRecord, History } from './entity-history.ts';
import type { ThinnedSeries } from './thinner.ts';

/** Some memory, and what it consists of. */
export interface Part {
  name: string;
  bytes: number;
  /** What it is: `file`, `process`, ... */
  kind?: string;
  note?: string;
  parts?: Part[];
}

/** A composition that does not change. */
export interface NamedTree {
  label: string;
  /** How it was measured. */
  note: string;
  /** When, in a run. Unit: milliseconds since the launch. */
  elapsedMs?: number;
  root: Part;
}

/** An event on the timeline. */
export interface PageEvent {
  ms: number;
  event: string;
  text: string;
}

/** A horizontal line of the timeline. Unit: bytes. */
export interface LimitLine {
  label: string;
  bytes: number;
  /** The series that it applies to. */
  channel: string;
  /** Whether it was exceeded; absent for limits of the cgroup. */
  status?: string;
}

/** The definition of a BPF map. */
export interface MapInfo {
  id: number;
  name: string;
  type: string;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  /** Processes that hold it. */
  owners: string[];
  /** The kernel understates it. */
  atLeast?: true;
  uncharged?: number;
}

/** A map over a run: its values are bytes, elements and backlog; -1 if they are not known. */
export type MapEntity = MapInfo & EntityRecord;

/** The values of a map. */
export const MAP_WIDTH = 3;

/** A process over a run: its values are rss and pss, -1 if it is not known. */
export type ProcessEntity = EntityRecord & { name: string; user?: string; command?: string };

/** The values of a process. */
export const PROCESS_WIDTH = 2;

/** A container of a pod over a run: its value is its size. */
export type ContainerEntity = EntityRecord & { name: string; cgroup: string };

/** The values of a container. */
export const CONTAINER_WIDTH = 1;

/** Entities over a run. */
export type EntitiesOf<T> = Omit<History, 'entities'> & { entities: T[] };

/** One run over time. */
export interface RunModel {
  /** Its file, or what it is. */
  label: string;
  durationMs: number;
  series: ThinnedSeries;
  /** Number of samples behind the series. */
  samples: number;
  /** The highest size, and the sample that is closest. */
  peak?: { bytes: number; elapsedMs: number; source: string };
  /** The values of all channels at the highest sample. */
  atPeak: Record<string, number>;
  events: PageEvent[];
  /** Number of events that are not listed. */
  eventsOmitted: number;
  /** Where figures do not continue: another cgroup is measured. Unit: milliseconds, ascending. */
  cuts: number[];
  limits: LimitLine[];
  maps: EntitiesOf<MapEntity>;
  processes: EntitiesOf<ProcessEntity>;
  /** Empty unless a pod was attached to. */
  containers: EntitiesOf<ContainerEntity>;
  trees: NamedTree[];
}

/** What the script of the page reads. */
export interface PageModel {
  runs: RunModel[];
  trees: NamedTree[];
  /** Parts below this share of what is shown are combined. From 0 to 1. */
  threshold: number;
}

/**
 * The state of the view: what is shown (`ViewData`) and how (`UiState`). Panels get both and a size, and give
 * lines.
 */

import type { BpfAdvice } from '../../model/bpf-advice.ts';
import type { BpfTotals } from '../../model/bpf-totals.ts';
import type { EventRecord, LiveMap, ProcessRow, StartRecord, SummaryRecord } from '../../model/recording.ts';
import type { Sample } from '../../model/sample.ts';
import type { Series } from '../../model/series.ts';
import type { Line } from '../text/line.ts';

/** The panels, in the order of the keys 1 to 6. */
export const PANELS = ['breakdown', 'timeline', 'maps', 'processes', 'pressure', 'output'] as const;
export type PanelId = (typeof PANELS)[number];

/** The panels of which a small terminal shows one at a time. */
export type ListId = Exclude<PanelId, 'breakdown' | 'timeline'>;

/** The lists whose rows can be sorted, filtered and selected. */
export type TableId = 'maps' | 'processes';

/** A figure's way through the run. */
export interface Track {
  now: number;
  peak: number;
  /** When it was highest. Unit: milliseconds since the launch. */
  peakMs: number;
  /** At the sample before. */
  before: number | undefined;
  /** At the first sample that had it. */
  first: number;
  /** A minute ago, or at the first sample: for the change per minute. */
  minuteAgo: { elapsedMs: number; value: number };
}

/** One map with its way through the run. */
export interface MapEntry {
  row: LiveMap;
  firstBytes: number;
  peakBytes: number;
  /** Bytes at the reading before. */
  beforeBytes: number;
  firstElements: number | undefined;
  seenMs: number;
}

/** One process with its way through the run. */
export interface ProcessEntry {
  row: ProcessRow;
  firstRss: number;
  peakRss: number;
  seenMs: number;
}

/** What is known at the moment that is shown. Read-only for panels. */
export interface ViewData {
  readonly start: StartRecord | undefined;
  readonly latest: Sample | undefined;
  readonly samples: number;
  /** The last reading of BPF totals, and when. */
  readonly bpf: { totals: BpfTotals; elapsedMs: number } | undefined;
  /**
   * By figure: keys of memory.stat, `current`, `workingset`, `kernel`, `swap`, `rss`, `pss`, `bpf` (charged
   * maps and programs), `bpf-maps`, `bpf-programs`, `bpf-uncharged`, `unexplained` and every term of the
   * kernel breakdown as `kernel:<id>` (without the ` (rest)` in it).
   */
  readonly tracks: ReadonlyMap<string, Track>;
  readonly maps: ReadonlyMap<number, MapEntry>;
  readonly processes: ReadonlyMap<number, ProcessEntry>;
  /** The number of processes that are not listed. */
  readonly omittedProcesses: number;
  /** The last 500, and of each grave kind the first and the last 100. */
  readonly events: readonly EventRecord[];
  /** How often each event happened, and when last. */
  readonly eventCounts: ReadonlyMap<string, { count: number; lastMs: number }>;
  /** Channels: current, anon, file, kernel, bpf; in process-tree mode rss in the place of current. */
  readonly series: Series;
  readonly summary: SummaryRecord | undefined;
}

/** What is not in the records: the live run's or the replay's own state. */
export interface ViewStatus {
  /**
   * The first four are only in a live run, the others only in a replay. `waiting`: the target has ended,
   * others of the run have not (`--wait all`), or the summary is not there yet.
   */
  state: 'running' | 'stopped' | 'waiting' | 'ended' | 'playing' | 'halted' | 'at-end';
  /** The time that is shown. Unit: milliseconds since the launch. */
  elapsedMs: number;
  intervalMs: number;
  late: number;
  missed: number;
  /** The file that a live run is recorded to; absent without `--output`. */
  recording?: string;
  /** Set in a replay. */
  replay?: { speed: number; endMs: number; damagedLines: number; following: boolean };
  /** Why there are no maps, processes or output to show, by panel; with a hint. */
  absent: Partial<Record<PanelId, string>>;
}

/** The target's output as lines, the oldest first; `dropped` lines went before them. */
export interface OutputView {
  readonly lines: readonly Line[];
  readonly dropped: number;
}

/** The columns that a list can be sorted by. */
export const MAP_SORTS = ['bytes', 'growth', 'elements', 'fill', 'uncharged', 'name', 'type', 'id'] as const;
export const PROCESS_SORTS = ['rss', 'pss', 'growth', 'cpu', 'threads', 'fds', 'comm', 'pid'] as const;

/** How one list is shown. */
export interface ListState<Sort extends string> {
  sort: Sort;
  reverse: boolean;
  filter: string;
  /** The id or pid that is selected; undefined: the first row. */
  selected: number | undefined;
  /** How many rows were above those in sight when it was drawn last. */
  top: number;
}

/** What covers the panels. */
export type Dialog =
  | { kind: 'help'; scroll: number }
  | { kind: 'quit' }
  | { kind: 'signal'; pid: number; choice: number }
  | { kind: 'filter'; list: TableId; text: string; before: string }
  | { kind: 'map'; id: number; scroll: number }
  | { kind: 'goto'; text: string };

/** How it is shown; changed by keys alone. */
export interface UiState {
  focus: PanelId;
  /** The list that is shown where there is room for one alone: the one that had the focus last. */
  list: ListId;
  zoom: boolean;
  units: 'readable' | 'KiB' | 'bytes';
  /** The part of the timeline that is shown. Unit: milliseconds; undefined: the whole run. */
  windowMs: number | undefined;
  /** Figures as differences from the start of the run or from the pause. */
  relative: 'start' | 'pause' | undefined;
  paused: boolean;
  maps: ListState<(typeof MAP_SORTS)[number]>;
  processes: ListState<(typeof PROCESS_SORTS)[number]> & { tree: boolean };
  /** The lowest line in sight, counted from the first that was ever printed; undefined follows the end. */
  outputBottom: number | undefined;
  pressureScroll: number;
  breakdownScroll: number;
  dialog: Dialog | undefined;
  /** One line at the bottom, until the next key. */
  message: string | undefined;
}

/** Everything that a panel may look at. */
export interface View {
  data: ViewData;
  /** What `relative` counts from: figures by the names of `tracks`. */
  base: ReadonlyMap<string, number> | undefined;
  /** Whether there was a pause that figures can be relative to. */
  wasPaused: boolean;
  status: ViewStatus;
  output: OutputView;
  /**
   * What could be saved on BPF maps. Absent if it cannot be computed: in a replay before the summary, or
   * without BTF.
   */
  advice?: readonly BpfAdvice[];
  ui: UiState;
  /** Whether the terminal can show more than ASCII. */
  unicode: boolean;
}

/** The state at the start. */
export function initialUiState(): UiState {
  return {
    focus: 'breakdown',
    list: 'maps',
    zoom: false,
    units: 'readable',
    windowMs: undefined,
    relative: undefined,
    paused: false,
    maps: { sort: 'bytes', reverse: false, filter: '', selected: undefined, top: 0 },
    processes: { sort: 'rss', reverse: false, filter: '', selected: undefined, top: 0, tree: false },
    outputBottom: undefined,
    pressureScroll: 0,
    breakdownScroll: 0,
    dialog: undefined,
    message: undefined,
  };
}

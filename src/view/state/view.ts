/**
 * The state of the view: the data (`ViewData`) and how it is displayed (`UiState`). Panels receive both and a
 * size, and return lines.
 */

import type { BpfAdvice } from '../../model/bpf-advice.ts';
import type { BpfTotals } from '../../model/bpf-totals.ts';
import type { ExplainMoment, ExplainRecord } from '../../model/explain/explain-record.ts';
import type { Explanation } from '../../model/explain/explanation.ts';
import type { BpfMoment } from '../../model/kernel-breakdown.ts';
import type { ProcessProgram, ProcessRow } from '../../model/recorded-processes.ts';
import type { EventRecord, LiveMap, StartRecord, SummaryRecord } from '../../model/recording.ts';
import type { Sample } from '../../model/sample.ts';
import type { Series } from '../../model/series.ts';
import type { ProcessFacts } from '../../sampler/process-facts.ts';
import type { Steps } from '../../statistics/step-growth.ts';
import type { GrowthReadings } from '../../statistics/trend.ts';
import type { Line } from '../text/line.ts';

/** The panels, in the order of the keys 1 to 6. */
export const PANELS = ['breakdown', 'timeline', 'maps', 'processes', 'pressure', 'output'] as const;
/** One of the panels. */
export type PanelId = (typeof PANELS)[number];

/** The panels of which a small terminal shows one at a time. */
export type ListId = Exclude<PanelId, 'breakdown' | 'timeline'>;

/** The lists whose rows can be sorted, filtered and selected. */
export type TableId = 'maps' | 'processes';

/** A figure over the run. */
export interface Track {
  now: number;
  peak: number;
  /** The time of the maximum. Unit: milliseconds since the launch. */
  peakMs: number;
  /** The value at the first sample that has it. */
  first: number;
  /** The value at the sample with the highest total; undefined if it had none then. */
  atHighest: number | undefined;
  /** The readings while the target ran, for its growth. */
  readings: GrowthReadings;
}

/** A map over the run. */
export interface MapEntry {
  row: LiveMap;
  firstBytes: number;
  peakBytes: number;
  steps: Steps;
  firstElements: number | undefined;
  seenMs: number;
}

/** A process over the run. */
export interface ProcessEntry {
  row: ProcessRow;
  /** Its command line and user; undefined if they are unknown. */
  program: ProcessProgram | undefined;
  firstRss: number;
  peakRss: number;
  steps: Steps;
  seenMs: number;
}

/** The data at the displayed time. Read-only for panels. */
export interface ViewData {
  readonly start: StartRecord | undefined;
  readonly latest: Sample | undefined;
  readonly samples: number;
  /** The time of the last sample while the target ran. Unit: milliseconds since the launch. */
  readonly runningMs: number;
  /** The last reading of BPF totals, with its time and the sample that it belongs to. */
  readonly bpf: { totals: BpfTotals; elapsedMs: number; moment?: BpfMoment } | undefined;
  /**
   * By figure: keys of memory.stat, `current`, `workingset`, `kernel`, `swap`, `rss`, `pss`, `bpf` (charged
   * maps and programs), `bpf-maps`, `bpf-programs`, `bpf-uncharged`, `unexplained` and every term of the
   * kernel breakdown as `kernel:<id>` (without ` (rest)`).
   */
  readonly tracks: ReadonlyMap<string, Track>;
  readonly maps: ReadonlyMap<number, MapEntry>;
  readonly processes: ReadonlyMap<number, ProcessEntry>;
  /** Number of processes that are not listed. */
  readonly omittedProcesses: number;
  /** The last 500, and the first and the last 100 of each severe kind. */
  readonly events: readonly EventRecord[];
  /** Count and time of the last occurrence of each event. */
  readonly eventCounts: ReadonlyMap<string, { count: number; lastMs: number }>;
  /** Channels: current, anon, file, kernel, bpf; in process-tree mode rss instead of current. */
  readonly series: Series;
  readonly summary: SummaryRecord | undefined;
  /** The last explanation in the records. */
  readonly explained: ExplainRecord | undefined;
  /** The times of explanations, the last 500. Unit: milliseconds since the launch. */
  readonly explainedMs: readonly number[];
}

/** The memory by name at one time: of a record, or read because it was requested. */
export interface ShownExplanation extends Explanation {
  elapsedMs: number;
  moment?: ExplainMoment;
  /** The budget that was exceeded. */
  message?: string;
}

/** What is known of the memory by name. */
export type Explained =
  /** `share`: of the pages, from 0 to 1. */
  | { state: 'reading'; share: number }
  | { state: 'failed'; message: string; hint?: string }
  | { state: 'read'; explanation: ShownExplanation };

/** State that is not in the records: that of the live run or of the replay. */
export interface ViewStatus {
  /**
   * The first four only occur in a live run, the others only in a replay. `waiting`: the target has exited
   * but its descendants have not (`--wait all`), or the summary is not yet available.
   */
  state: 'running' | 'stopped' | 'waiting' | 'ended' | 'playing' | 'halted' | 'at-end';
  /** The displayed time. Unit: milliseconds since the launch. */
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

/** The output of the target as lines, oldest first; preceded by `dropped` lines. */
export interface OutputView {
  readonly lines: readonly Line[];
  readonly dropped: number;
}

/** The sort columns of the maps. */
export const MAP_SORTS = ['bytes', 'growth', 'elements', 'fill', 'uncharged', 'name', 'type', 'id'] as const;
/** The sort columns of the processes. */
export const PROCESS_SORTS = ['rss', 'pss', 'growth', 'cpu', 'threads', 'fds', 'comm', 'pid'] as const;

/** The display state of one list. */
export interface ListState<Sort extends string> {
  sort: Sort;
  reverse: boolean;
  filter: string;
  /** The selected id or pid; undefined for the first row. */
  selected: number | undefined;
  /** Number of rows above the visible part when it was last drawn. */
  top: number;
}

/** An overlay on the panels. */
export type Dialog =
  | { kind: 'help'; scroll: number }
  | { kind: 'quit' }
  | { kind: 'signal'; pid: number; choice: number }
  | { kind: 'filter'; list: TableId; text: string; before: string }
  | { kind: 'map'; id: number; scroll: number }
  | { kind: 'process'; id: number; scroll: number }
  | ExplainDialog
  | { kind: 'goto'; text: string };

/** The tree of memory by name. */
export interface ExplainDialog {
  kind: 'explain';
  /** The id of a row. */
  selected: string;
  /** The ids of rows that are opened or closed unlike at first. */
  toggled: ReadonlySet<string>;
}

/** A dialog that takes the place of the panels, and can be scrolled. */
export type Page = Extract<Dialog, { scroll: number }>;

/** Whether a dialog is a page. */
export function isPage(dialog: Dialog | undefined): dialog is Page {
  return dialog !== undefined && 'scroll' in dialog;
}

/** The display state; only changed by keys. */
export interface UiState {
  focus: PanelId;
  /** The list that is shown if there is space for only one: the last focused one. */
  list: ListId;
  zoom: boolean;
  units: 'readable' | 'KiB' | 'bytes';
  /** The displayed time window of the timeline; undefined for the whole run. Unit: milliseconds. */
  windowMs: number | undefined;
  /** Show figures as differences from the start of the run or from the pause. */
  relative: 'start' | 'pause' | undefined;
  paused: boolean;
  maps: ListState<(typeof MAP_SORTS)[number]>;
  processes: ListState<(typeof PROCESS_SORTS)[number]> & { tree: boolean };
  /** The lowest visible line, counted from the first line of output; undefined follows the end. */
  outputBottom: number | undefined;
  pressureScroll: number;
  breakdownScroll: number;
  dialog: Dialog | undefined;
  /** A message at the bottom, until the next key. */
  message: string | undefined;
}

/** All inputs of a panel. */
export interface View {
  data: ViewData;
  /** The base of `relative`: figures by the names of `tracks`. */
  base: ReadonlyMap<string, number> | undefined;
  /** Whether there was a pause that figures can be relative to. */
  wasPaused: boolean;
  status: ViewStatus;
  output: OutputView;
  /**
   * Advice on BPF maps. Absent if it cannot be computed: in a replay before the summary, or without BTF.
   */
  advice?: readonly BpfAdvice[];
  /** The details of the process of the dialog. Absent in a replay, and until they are read. */
  facts?: ProcessFacts;
  /** The memory by name. Absent while it is not shown. */
  explained?: Explained;
  ui: UiState;
  /** Whether the terminal supports more than ASCII. */
  unicode: boolean;
}

/** The initial state. */
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

/** The tables of a processed profile without its counters: threads, markers, what describes the profile. */
import { formatShortCommand, safeText } from '../format/safe-text.ts';
import type { ExportedRun } from './run-context.ts';

/** The version of the format; the profiler converts earlier ones. */
const PROCESSED_VERSION = 70;
/** The version of the format of browsers, which has to be given as well. */
const GECKO_VERSION = 36;

/** MarkerPhase. */
const INSTANT = 0;
const INTERVAL = 1;

/** A thread of the profile: a run, or one of its processes. */
export interface ProfileThread {
  readonly name: string;
  readonly pid: string;
  readonly micros: number;
}

/** An event, or a run. */
export interface ProfileMarker {
  readonly thread: number;
  readonly name: string;
  readonly startMicros: number;
  /** Absent for an event. */
  readonly endMicros?: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The strings of the profile, which tables refer to by number. */
export class Strings {
  readonly list: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.list.push(text) - 1;
    this.#numbers.set(text, number);
    return number;
  }
}

/** Tables of stacks, which a profile of memory does not have. */
export const EMPTY_TABLES = {
  stackTable: { frame: [], prefixOffset: [], length: 0 },
  frameTable: {
    ...{ address: [], lib: [], inlineDepth: [], category: [], subcategory: [], func: [], nativeSymbol: [] },
    ...{ innerWindowID: [], line: [], column: [], originalLocation: [], length: 0 },
  },
  funcTable: {
    ...{ name: [], isJS: [], relevantForJS: [], resource: [], source: [], lineNumber: [], columnNumber: [] },
    ...{ originalLocation: [], length: 0 },
  },
  resourceTable: { length: 0, name: [], host: [], type: [] },
  nativeSymbols: { libIndex: [], address: [], name: [], functionSize: [], length: 0 },
  sources: { length: 0, id: [], filename: [], startLine: [], startColumn: [], sourceMapURL: [], content: [] },
  sourceLocationTable: { source: [], line: [], column: [], length: 0 },
};

/** The only field of markers that is text of its own; others are listed as they are. */
const MARKER_FIELDS = [
  ...['message', 'hint', 'cgroup', 'moment', 'noticed'].map((key) => ({ key, format: 'string' })),
  ...['count', 'increase', 'localIncrease', 'exit_status'].map((key) => ({ key, format: 'integer' })),
  ...['bytes', 'peak_bytes'].map((key) => ({ key, format: 'bytes' })),
  { key: 'pid', format: 'pid' },
].map((field) => ({ label: field.key, ...field }));

/** What was measured. */
export function metaOf(run: ExportedRun | undefined, baseMicros: number): Record<string, unknown> {
  const { start } = run ?? {};
  return {
    interval: start?.intervalMs ?? 1000,
    startTime: run === undefined ? 0 : baseMicros / 1000,
    processType: 0,
    categories: [{ name: 'Other', color: 'grey', subcategories: ['Other'] }],
    product: safeText(start === undefined ? 'cmemstat' : formatShortCommand(start.command)),
    importedFrom: `cmemstat ${safeText(start?.cmemstat ?? '')}`,
    stackwalk: 0,
    debug: false,
    version: GECKO_VERSION,
    preprocessedProfileVersion: PROCESSED_VERSION,
    oscpu: safeText(start === undefined ? '' : `Linux ${start.host.kernel} ${start.host.arch}`),
    logicalCPUs: start?.host.cpus,
    mainMemory: start?.host.memTotalBytes,
    symbolicationNotSupported: true,
    sourceCodeIsNotOnSearchfox: true,
    keepProfileThreadOrder: true,
    markerSchema: [
      {
        name: 'cmemstat',
        tooltipLabel: '{marker.name}',
        tableLabel: '{marker.name} {marker.data.message}',
        chartLabel: '{marker.name}',
        display: ['marker-chart', 'marker-table', 'timeline-overview'],
        fields: MARKER_FIELDS,
      },
    ],
  };
}

/** A thread with its markers. */
export function formatThread(
  { name, pid, micros }: ProfileThread,
  {
    index,
    markers,
    baseMicros,
    strings,
  }: { index: number; markers: readonly ProfileMarker[]; baseMicros: number; strings: Strings },
): string {
  const ms = (each: number) => (each - baseMicros) / 1000;
  return JSON.stringify({
    processType: 'default',
    processStartupTime: ms(micros),
    processShutdownTime: null,
    registerTime: ms(micros),
    unregisterTime: null,
    pausedRanges: [],
    showMarkersInTimeline: true,
    name: 'GeckoMain',
    isMainThread: true,
    processName: safeText(name),
    pid: safeText(pid),
    tid: index,
    samples: { stack: [], time: [], weight: null, weightType: 'samples', length: 0 },
    markers: {
      data: markers.map(({ data }) => ({ type: 'cmemstat', ...withSafeTexts(data) })),
      name: markers.map((marker) => strings.numberOf(safeText(marker.name))),
      startTime: markers.map(({ startMicros }) => ms(startMicros)),
      endTime: markers.map(({ endMicros }) => (endMicros === undefined ? null : ms(endMicros))),
      phase: markers.map(({ endMicros }) => (endMicros === undefined ? INSTANT : INTERVAL)),
      category: markers.map(() => 0),
      length: markers.length,
    },
  });
}

function withSafeTexts(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(data);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === 'string' ? safeText(value) : value]),
  );
}

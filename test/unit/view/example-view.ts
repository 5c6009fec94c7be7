/**
 * A synthetic run for the panels: an agent of four minutes in a memory cgroup, with BPF maps, processes and
 * events.
 */
import type { EventRecord, RecordLine, StartRecord, SummaryRecord } from '#src/model/recording.ts';
import type { Mode, Sample } from '#src/model/sample.ts';
import { initialUiState, type UiState, type View, type ViewStatus } from '#src/view/state/view.ts';
import { ViewBuilder } from '#src/view/state/view-builder.ts';
import { MADE } from '../output/records.ts';
import { KIB, MIB, mapRecords, PAGE, processRecords } from './example-objects.ts';
import { bpfAt, type ExampleOptions, sampleAt } from './example-samples.ts';

/** The whole run. Unit: milliseconds. */
export const EXAMPLE_MS = 240_000;

/** The records of the run in the order of a recording. */
export function exampleRecords(options: ExampleOptions = {}): RecordLine[] {
  const { mode = 'cgroup2', intervalMs = 500, untilMs = EXAMPLE_MS, ended = false } = options;
  const records: RecordLine[] = [startRecord(mode, intervalMs)];
  const events = mode === 'process-tree' ? [] : eventRecords(mode);
  for (let elapsedMs = 0; elapsedMs <= untilMs; elapsedMs += intervalMs) {
    while (events[0] !== undefined && events[0].elapsedMs <= elapsedMs)
      records.push(events.shift() as EventRecord);
    const second = elapsedMs % 1000 === 0;
    const sample = sampleAt(elapsedMs, options);
    if (second && mode !== 'process-tree') sample.bpf = bpfAt(elapsedMs, mode);
    records.push(sample);
    if (second && mode !== 'process-tree') records.push(...mapRecords(elapsedMs));
    if (second) records.push(...processRecords(elapsedMs));
  }
  if (ended) records.push(...endRecords(untilMs, options));
  return records;
}

const known = new Map<string, View['data']>();

/** The view after the records; created once for the same options, since drawing does not change it. */
function exampleData(options: ExampleOptions): View['data'] {
  const key = JSON.stringify(options);
  const made = known.get(key);
  if (made !== undefined) return made;
  const builder = new ViewBuilder();
  for (const record of exampleRecords(options)) builder.apply(record);
  known.set(key, builder.data);
  return builder.data;
}

/** The view after those records; any part of it can be replaced. */
export function exampleView(
  overrides: Omit<Partial<View>, 'ui' | 'status'> & {
    ui?: Partial<UiState>;
    status?: Partial<ViewStatus>;
    options?: ExampleOptions;
  } = {},
): View {
  const { options = {}, ui, status, ...rest } = overrides;
  const view: View = {
    data: exampleData(options),
    base: undefined,
    status: {
      state: options.ended === true ? 'ended' : 'running',
      elapsedMs: options.untilMs ?? EXAMPLE_MS,
      intervalMs: options.intervalMs ?? 500,
      late: 3,
      missed: 1,
      absent: {},
      ...status,
    },
    wasPaused: false,
    output: { lines: [], dropped: 0 },
    ui: { ...initialUiState(), ...ui },
    unicode: true,
    ...rest,
  };
  if (view.ui.relative === undefined) return view;
  return { ...view, base: rest.base ?? new Map([...view.data.tracks].map(([id, { first }]) => [id, first])) };
}

function startRecord(mode: Mode, intervalMs: number): StartRecord {
  const placements: Record<Mode, { leaf?: string; placement: StartRecord['placement'] }> = {
    cgroup2: {
      leaf: '/sys/fs/cgroup/user.slice/user-1000.slice/cmemstat-4242-1000',
      placement: { kind: 'own', reason: 'our own cgroup may have children' },
    },
    cgroup1: {
      leaf: '/sys/fs/cgroup/memory/cmemstat-4242-1000',
      placement: { kind: 'top', reason: 'the top of the cgroup v1 memory hierarchy takes new cgroups' },
    },
    'process-tree': {
      placement: { kind: 'process-tree', reason: 'no memory cgroup can be made here: permission denied' },
    },
  };
  return {
    type: 'start',
    ...MADE,
    command: ['node', 'examples/agent.mjs', '--workers', '4', '--name', 'crème 🚀'],
    pid: 4711,
    mode,
    intervalMs,
    bpfIntervalMs: 1000,
    ...placements[mode],
    host: {
      kernel: '6.12.0',
      arch: 'x64',
      cpus: 8,
      possibleCpus: 8,
      pageSizeBytes: PAGE,
      memTotalBytes: 32 * KIB * MIB,
    },
  };
}

function eventRecords(mode: Mode): EventRecord[] {
  const kill: EventRecord =
    mode === 'cgroup1'
      ? { type: 'event', elapsedMs: 139_800, event: 'failcnt', count: 12, increase: 12, noticed: 'tick' }
      : {
          type: 'event',
          elapsedMs: 139_800,
          event: 'max',
          count: 12,
          increase: 12,
          localIncrease: 0,
          noticed: 'inotify',
        };
  const high: EventRecord[] = [
    { type: 'event', elapsedMs: 122_100, event: 'high', count: 5, increase: 5, noticed: 'inotify' },
    { type: 'event', elapsedMs: 126_000, event: 'high', count: 14, increase: 9, noticed: 'inotify' },
  ];
  return [
    { type: 'event', elapsedMs: 3400, event: 'exec', message: '4713 is now bpf-loader' },
    { type: 'event', elapsedMs: 31_000, event: 'exec', message: '4716 is now 日本語ワーカー \u001b[2J' },
    ...(mode === 'cgroup1' ? [] : high),
    {
      type: 'event',
      elapsedMs: 127_500,
      event: 'budget_exceeded',
      message: 'current.max <= 256MiB: 271 MiB',
    },
    kill,
    {
      type: 'event',
      elapsedMs: 139_900,
      event: 'oom_kill',
      count: 1,
      increase: 1,
      noticed: mode === 'cgroup1' ? 'eventfd' : 'inotify',
    },
    {
      type: 'event',
      elapsedMs: 180_000,
      event: 'warning',
      message: 'memory.high slows the target down',
      hint: 'raise it with --memory-high',
    },
  ];
}

function endRecords(untilMs: number, options: ExampleOptions): RecordLine[] {
  const { mode = 'cgroup2' } = options;
  const last = sampleAt(untilMs, options);
  const final: Sample = { ...last, elapsedMs: untilMs + 120, reason: 'final', processes: 0 };
  if (mode === 'process-tree') final.tree = { rss: 0, pss: 0, cpuPercent: 0 };
  else {
    final.current = 4 * MIB;
    final.workingset = 3 * MIB;
    final.kernel = MIB;
    if (final.stat !== undefined) {
      const left = { file: 3 * MIB, inactive_file: MIB, slab: 640 * KIB, percpu: 64 * KIB };
      final.stat = { ...Object.fromEntries(Object.keys(final.stat).map((key) => [key, 0])), ...left };
    }
    final.bpf = bpfAt(1000, mode);
  }
  const summary: SummaryRecord = {
    type: 'summary',
    ...MADE,
    command: startRecord(mode, 500).command,
    mode,
    durationMs: untilMs + 100,
    exit: { status: 137, signal: 'SIGKILL', oomKilled: true },
    averages: { current: 190 * MIB, anon: 130 * MIB },
    outlived: [],
    samples: { count: Math.floor(untilMs / 500) + 2, late: 3, missed: 1, longestGapMs: 1004 },
    sources: { current: 'memory.current' },
    warnings: [],
  };
  return [final, summary];
}

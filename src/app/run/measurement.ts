/**
 * One run under measurement: the sampler, the event watch and the sinks, from the launch to the last sample.
 * What does not need the target is prepared while it is being started.
 */
import { statSync } from 'node:fs';
import type { MeasuredCgroup } from '../../cgroup/foreign-cgroup.ts';
import type { Leaf } from '../../cgroup/leaf.ts';
import { errnoOf } from '../../errors.ts';
import { plural } from '../../format/plural.ts';
import { formatBytes } from '../../format/units.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { yieldToEventLoop } from '../../kernel/sleep.ts';
import type { BpfAdvice } from '../../model/bpf-advice.ts';
import type { ExplainedMoment } from '../../model/explain/explain-record.ts';
import type { AttachedTo, StartRecord, SummaryRecord } from '../../model/recording.ts';
import type { Mode, Sample } from '../../model/sample.ts';
import { SampleAggregate } from '../../model/summary.ts';
import type { Log } from '../../output/log.ts';
import { RecordStream } from '../../output/record-stream.ts';
import type { RunRecord, Sink } from '../../output/sink.ts';
import type { Containers } from '../../sampler/attached/containers.ts';
import { Descendants } from '../../sampler/attached/descendants.ts';
import type { Segments } from '../../sampler/attached/segments.ts';
import type { SinceAttachment } from '../../sampler/attached/since-attachment.ts';
import type { BpfUnavailable } from '../../sampler/bpf/bpf-clock.ts';
import type { RunMaps } from '../../sampler/bpf/leaf-bpf.ts';
import type { RunBpf } from '../../sampler/bpf/run-bpf.ts';
import { ScheduledBpf } from '../../sampler/bpf/scheduled-bpf.ts';
import { ElsewhereWatch } from '../../sampler/elsewhere/elsewhere-watch.ts';
import type { EventWatch } from '../../sampler/event-watch.ts';
import { type FigureReader, MalformedLines } from '../../sampler/figure-reader.ts';
import type { ProcessTable } from '../../sampler/process-table.ts';
import { RunGrowth } from '../../sampler/run-growth.ts';
import { Sampler } from '../../sampler/sampler.ts';
import type { Target } from '../../target/launch-request.ts';
import type { SignalActions } from '../../target/signals.ts';
import { keepHeapSmall } from '../v8-flags.ts';
import { NestedCgroups } from './nested-cgroups.ts';
import {
  type LeafClock,
  openExplainer,
  openFastClock,
  openLeafReader,
  openReader,
  REMOVED,
  watchEvents,
} from './open-readers.ts';
import type { Attachment, CgroupMoves, RunOptions } from './options.ts';
import type { MeasuredPlace, TargetPlace } from './preparation.ts';
import type { RunExplainer } from './run-explainer.ts';
import { readHost, startRecord } from './start-record.ts';

/** Targets that exit earlier are measured without expensive parts. Unit: milliseconds. */
const PREPARE_MS = 20;

/** Interval of the checks for processes elsewhere, if processes are not read. Unit: milliseconds. */
const ELSEWHERE_INTERVAL_MS = 1000;

/** Measures one target. */
export class Measurement {
  readonly mode: Mode;
  /** Changes if an attachment is followed into another cgroup. */
  placement: MeasuredPlace;
  /** The leaf if it is ours to end and to remove. */
  readonly leaf: Leaf | undefined;
  /** Set once the files are open, if a cgroup was attached to: the first one. */
  attached: AttachedTo | undefined;
  /** The cgroups that are measured one after the other; undefined for runs, and before the files are open. */
  segments: Segments | undefined;
  /** Those of the pod that is attached to. */
  containers: Containers | undefined;
  startedAt = new Date();
  readonly warnings: string[] = [];
  readonly aggregate: SampleAggregate;
  readonly growth = new RunGrowth();
  /** Whether a reading failed; the first failure was reported. */
  failed = false;
  /** Whether cmemstat killed the leaf, on a second SIGINT or after `--kill-after`. */
  killedByUs = false;
  /** Why cmemstat ended the target; undefined if it did not. */
  endedBy: SummaryRecord['exit']['endedBy'];
  readonly #options: RunOptions;
  readonly #log: Log;
  #nested: NestedCgroups | undefined;
  /** Resolves when what does not need the target is open. */
  readonly #prepared: Promise<StartRecord['host']>;
  readonly #malformed: MalformedLines;
  #target: Target | undefined;
  #launchedAt = monotonicMs();
  #elsewhere: ElsewhereWatch | undefined;
  #stream: RecordStream | undefined;
  #reader: FigureReader | undefined;
  #since: SinceAttachment | undefined;
  #bpf: ScheduledBpf | undefined;
  #sampler: Sampler | undefined;
  #fastClock: LeafClock | undefined;
  #watch: EventWatch | undefined;
  #prepareTimer: NodeJS.Timeout | undefined;
  #processTable: ProcessTable | undefined;
  #explainer: RunExplainer | undefined;
  #intervalMs: number;
  #stopped = false;
  #targetEnded = false;
  /** The step from one cgroup to the next that is in progress. */
  #moving: Promise<unknown> = Promise.resolve();
  /** The cgroup was left, and the next one is not open yet. */
  #isAway = false;
  /** Of samplers that have stopped. */
  #earlier: Sampler['punctuality'] = { late: 0, missed: 0 };
  /** The maps of the cgroup before that had most. */
  #mapsBefore: RunMaps | undefined;
  #hasOrphans = false;
  readonly #descendants = new Descendants();
  readonly #listed = { maps: new Set<number>(), processes: new Set<number>() };

  /**
   * Starts to open what the measurement needs. A failure is thrown by `start`.
   */
  constructor(options: RunOptions, { placement, leaf: own }: TargetPlace, log: Log) {
    this.#options = options;
    this.#intervalMs = options.intervalMs;
    this.#log = log;
    this.placement = placement;
    this.leaf = own;
    this.#malformed = new MalformedLines((message) => log.warn(message));
    const { leaf } = placement;
    this.#nested = leaf === undefined ? undefined : new NestedCgroups(leaf);
    this.mode = leaf === undefined ? 'process-tree' : leaf.version === 2 ? 'cgroup2' : 'cgroup1';
    this.aggregate = new SampleAggregate(this.mode, options.attachment !== undefined);
    this.#prepared = this.#open();
    // Reported by `start`.
    this.#prepared.catch(() => {});
  }

  /** Milliseconds since the launch. */
  readonly elapsedMs = (): number => Math.round((monotonicMs() - this.#launchedAt) * 1000) / 1000;

  /** Handles a signal that was sent to cmemstat. */
  readonly signalActions: SignalActions = {
    targetPid: () => (this.#targetEnded || this.#isAttached ? undefined : this.#target?.pid),
    passOn: (signal) => {
      if (!this.#targetEnded || this.#isAttached) this.#target?.kill(signal);
      // `--wait all`: the signal applies to the processes that outlived the target.
      else for (const pid of this.processes()) sendQuietly(pid, signal);
    },
    killAll: () => {
      this.killedByUs = !this.#isAttached;
      this.killAll();
    },
  };

  get #isAttached(): boolean {
    return this.#options.attachment !== undefined;
  }

  /** Timing statistics of the samples. */
  get punctuality(): Sampler['punctuality'] {
    const { late = 0, missed = 0 } = this.#sampler?.punctuality ?? {};
    return { late: this.#earlier.late + late, missed: this.#earlier.missed + missed };
  }

  /** Why BPF memory was not read; undefined if it was, or was not requested. */
  get bpfUnavailable(): BpfUnavailable | undefined {
    return this.#bpf?.unavailable;
  }

  /** The reader of the run's BPF memory; undefined if it is unavailable or not requested. */
  get bpf(): RunBpf | undefined {
    return this.#bpf?.reader;
  }

  /** Advice on the maps of the run at its maximum; computed on request. */
  advice(): readonly BpfAdvice[] {
    return this.#bpf?.advice() ?? [];
  }

  /** The current sample interval. */
  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** Changes the sample interval. */
  setIntervalMs(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#sampler?.setInterval(intervalMs);
  }

  /** Whether nothing was ever charged to the leaf, which means that the target has not joined it. */
  get wasNeverCharged(): boolean {
    return this.placement.leaf !== undefined && this.aggregate.summary().peak?.bytes === 0;
  }

  /** Whether the target has exited; its descendants may still be running. */
  get hasTargetEnded(): boolean {
    return this.#targetEnded;
  }

  /** Whether the target and all its descendants have exited. */
  get hasEnded(): boolean {
    return this.#targetEnded && this.processes().length === 0;
  }

  /**
   * The pids in the leaf, or in the process tree.
   * @throws an error with the errno if a cgroup cannot be read.
   */
  processes(): number[] {
    return this.placement.leaf?.processes() ?? this.#reader?.processes() ?? [];
  }

  /**
   * Sends SIGKILL to every process of the run, without waiting; of a cgroup that was attached to, to none.
   * @throws an error with the errno if a cgroup cannot be read or written.
   */
  killAll(): void {
    if (this.leaf !== undefined || this.#isAttached) {
      this.leaf?.killOnce();
      // It may have been moved out of the leaf.
      if (!this.#targetEnded) this.#target?.kill('SIGKILL');
    } else for (const pid of this.processes()) sendQuietly(pid, 'SIGKILL');
  }

  /** The target is running: its time starts, and so does the fast clock if it is open. */
  begin(target: Target): void {
    this.#target = target;
    this.startedAt = new Date();
    this.#launchedAt = monotonicMs();
    void target.ended.then(() => {
      this.#targetEnded = true;
    });
    this.#fastClock?.start();
  }

  /**
   * Passes the start record to all sinks of the run, and takes the first sample.
   * @throws SyscallError or KernelFileError if the files of the cgroup cannot be opened.
   */
  async start(target: Target, sinks: readonly Sink[]): Promise<void> {
    const { leaf } = this.placement;
    const host = await this.#prepared;
    const stream = new RecordStream(sinks);
    this.#stream = stream;
    const reader = this.#reader ?? (await openReader(leaf, target.pid, this.#malformed.add));
    this.#reader = reader;
    const poll = () => this.#fastClock?.poll();
    const record = startRecord(this.#options, {
      placement: this.placement,
      mode: this.mode,
      host,
      pid: target.pid,
      attached: this.attached,
      startedAt: this.startedAt,
    });
    poll();
    stream.start(record);
    poll();
    this.#elsewhere?.start();
    const sampler = this.#openSampler(reader);
    poll();
    const warning = this.#bpf?.warning(this.elapsedMs());
    if (warning !== undefined) this.emit(warning);
    keepHeapSmall();
    await sampler.start();
    this.#prepareTimer = setTimeout(() => void this.#prepare(), PREPARE_MS);
  }

  #openSampler(reader: FigureReader): Sampler {
    this.#sampler = new Sampler(
      {
        reader,
        readBpf: async (pids, each) =>
          await this.#bpf?.read(pids, {
            // The highest sample is the one that the summary explains.
            now: each.reason !== 'tick' || this.aggregate.needsBpf(each),
            isLast: this.#stopped,
          }),
        takeMaxima: () => this.#fastClock?.take(),
        elapsedMs: this.elapsedMs,
        emit: (each) => this.emit(each),
        onError: (error) => this.#onError(error),
      },
      this.#intervalMs,
    );
    return this.#sampler;
  }

  /** How the measurement of an attachment continues in another cgroup. */
  readonly moves: CgroupMoves = {
    leave: (message) => this.#move(() => this.#leave(message)).then(() => {}),
    enter: (from) => this.#move(() => this.#enter(from)),
  };

  /** One step at a time; none after the end. */
  #move(step: () => Promise<boolean>): Promise<boolean> {
    const moving = this.#moving.then(() => (this.#stopped ? false : step()));
    this.#moving = moving.catch(() => {});
    return moving;
  }

  async #leave(message: string): Promise<boolean> {
    if (this.#isAway) return true;
    const { cgroup = '' } = this.#options.attachment?.describe('creation') ?? {};
    await this.#endCgroup();
    this.emit({ type: 'event', elapsedMs: this.elapsedMs(), event: 'waiting', cgroup, message });
    return true;
  }

  /** Takes the last sample of a cgroup, and closes what was read of it. */
  async #endCgroup(): Promise<void> {
    this.#isAway = true;
    this.#fastClock?.stop();
    clearTimeout(this.#prepareTimer);
    this.#processTable?.stop();
    this.#processTable = undefined;
    await this.#sampler?.stop();
    this.#earlier = this.punctuality;
    this.#sampler = undefined;
    this.#closeFiles();
    if (this.bpf !== undefined) this.#mapsBefore = this.largestMaps(this.bpf);
    this.#bpf?.close();
    this.segments?.leave(this.elapsedMs());
    this.#emitGone();
    this.aggregate.cut();
  }

  /** What was listed belongs to the cgroup that was left. */
  #emitGone(): void {
    const elapsedMs = this.elapsedMs();
    const [maps, processes] = [[...this.#listed.maps], [...this.#listed.processes]];
    if (maps.length > 0) this.emit({ type: 'maps', elapsedMs, maps: [], gone: maps });
    if (processes.length > 0) this.emit({ type: 'processes', elapsedMs, processes: [], gone: processes });
  }

  /** Continues in the cgroup that the attachment has now. */
  async #enter(from: string): Promise<boolean> {
    const { attachment } = this.#options;
    if (attachment === undefined) return false;
    if (!this.#isAway) await this.#endCgroup();
    const leaf = attachment.cgroup;
    this.placement = { ...this.placement, leaf };
    this.#nested = new NestedCgroups(leaf);
    this.#hasOrphans = false;
    try {
      this.#openClock(leaf);
      this.#reader = await this.#openFigures(leaf);
      if (leaf.version === 2) {
        this.#watch = await watchEvents(leaf, (...event) => this.#noticeEvents(...event));
      }
      if (this.#options.bpfIntervalMs > 0) await this.#openBpf();
    } catch (error) {
      if (!REMOVED.includes(errnoOf(error) ?? '')) throw error;
      this.#fastClock?.stop();
      this.#closeFiles();
      return false;
    }
    const attached = this.segments?.attached;
    const { target = '', cgroup = '' } = attached ?? {};
    this.emit({
      type: 'event',
      elapsedMs: this.elapsedMs(),
      event: 'followed',
      message: `${target} is in ${cgroup === from ? 'a new cgroup of the same path' : cgroup} now: counters and growth start again`,
      cgroup,
      from,
      ...(attached === undefined ? {} : { attached }),
    });
    this.#isAway = false;
    const sampler = this.#openSampler(this.#reader);
    // Its ticks start now.
    sampler.setInterval(this.#intervalMs);
    await sampler.start();
    this.#prepareTimer = setTimeout(() => void this.#prepare(), PREPARE_MS);
    return true;
  }

  /** The maps of the cgroup that had most BPF memory. */
  largestMaps(bpf: RunBpf): RunMaps {
    const now = bpf.largest();
    const before = this.#mapsBefore;
    if (before === undefined) return now;
    return bytesOf(before) > bytesOf(now) ? before : now;
  }

  /**
   * Stops the clock and takes the last sample. BPF can still be read, to find maps that outlive the target.
   */
  async stop(): Promise<void> {
    this.#stopClocks();
    await this.#moving;
    await this.#sampler?.stop();
    this.segments?.finish(this.elapsedMs());
    this.#closeFiles();
    const malformed = this.#malformed.describe();
    if (malformed !== undefined) this.warn(malformed);
  }

  /** Closes what is open, also without `start` or `stop`; may be called more than once. */
  async close(): Promise<void> {
    // A failure is reported by `start`, which is not reached if the launch fails.
    await this.#prepared.catch(() => {});
    this.#stopClocks();
    this.#closeFiles();
    this.#bpf?.close();
  }

  #stopClocks(): void {
    this.#stopped = true;
    this.#fastClock?.stop();
    clearTimeout(this.#prepareTimer);
    this.#processTable?.stop();
    this.#elsewhere?.stop();
  }

  #closeFiles(): void {
    this.#watch?.stop();
    this.#watch = undefined;
    this.#reader?.close();
  }

  /** Adds a record to the stream. */
  emit(record: RunRecord): void {
    if (record.type === 'event' && record.event === 'budget_exceeded') {
      this.#explainer?.exceeded(record.message ?? '');
    }
    if (record.type === 'sample') {
      if (this.#isOfEmptyLeaf(record)) return;
      this.#explainer?.see(record.current ?? 0, record.maxima?.bytes.current);
      this.aggregate.add(record);
      this.growth.add(record);
      this.segments?.add(record);
    } else if (this.#isAttached && record.type === 'maps') {
      keepListed(this.#listed.maps, record.maps, record.gone, ({ id }) => id);
    } else if (this.#isAttached && record.type === 'processes') {
      keepListed(this.#listed.processes, record.processes, record.gone, ({ pid }) => pid);
    }
    this.#stream?.emit(record);
    if (record.type === 'sample') this.#warnOfOrphans(record);
  }

  /** Once for each cgroup that was attached to. */
  #warnOfOrphans({ elapsedMs, bpf }: Sample): void {
    const { count = 0, bytes = 0 } = bpf?.orphaned?.maps ?? {};
    if (!this.#isAttached || count === 0 || this.#hasOrphans) return;
    this.#hasOrphans = true;
    this.emit({
      type: 'event',
      elapsedMs,
      event: 'warning',
      message: `${plural(count, 'BPF map')} of ${formatBytes(bytes)} that it uses ${count === 1 ? 'was' : 'were'} charged to a cgroup that was removed: one above it pays (orphaned)`,
      hint: 'sudo cmemstat maps --orphaned',
    });
  }

  /** Passes the summary to the sinks; resolves when all of them have written everything. */
  async finish(summary: SummaryRecord): Promise<void> {
    await this.#stream?.stop(summary);
  }

  /** Takes an unscheduled snapshot of the processes; resolves immediately if they are not read. */
  async snapshotProcesses(): Promise<void> {
    await this.#processTable?.read();
  }

  /** What is not measured because it is in other cgroups, for the summary. */
  get elsewhere(): ReturnType<ElsewhereWatch['summary']> {
    return this.#elsewhere?.summary() ?? {};
  }

  /**
   * The memory by name at the requested moments. Resolves when the last one is there; call it before the
   * leaf is removed.
   */
  async explainEnd(): Promise<ExplainedMoment[] | undefined> {
    await this.#explainer?.end();
    return this.#explainer?.summary();
  }

  /** Adds a warning to the summary. */
  warn(message: string): void {
    this.warnings.push(message);
  }

  /** Opens the files of the leaf and all else that does not need the target, the fast clock first. */
  async #open(): Promise<StartRecord['host']> {
    const { leaf } = this.placement;
    if (leaf !== undefined) this.#openClock(leaf);
    // The target may be running already: its time is to start then.
    await yieldToEventLoop();
    if (leaf !== undefined) {
      this.#reader = await this.#openFigures(leaf);
      // Before slow operations, so that events are detected from now on.
      if (!this.#isAttached || leaf.version === 2) {
        this.#watch = await watchEvents(leaf, (...event) => this.#noticeEvents(...event));
      }
    }
    await yieldToEventLoop();
    this.#elsewhere = this.#isAttached ? undefined : this.#watchElsewhere();
    const host = readHost();
    await yieldToEventLoop();
    this.#explainer = await openExplainer(() => this.placement.leaf, this.#options.explain, {
      elapsedMs: this.elapsedMs,
      emit: (record) => this.emit(record),
      warn: (message) => this.warn(message),
    });
    if (this.#options.bpfIntervalMs > 0) await this.#openBpf();
    return host;
  }

  /** Opens the figures; of a cgroup that was attached to, counters and the maximum start now. */
  async #openFigures(leaf: MeasuredCgroup): Promise<FigureReader> {
    const { attachment } = this.#options;
    if (attachment === undefined) return await openReader(leaf, 0, this.#malformed.add);
    const { openOwnPeak } = await import('../../sampler/attached/own-peak.ts');
    const { SinceAttachment } = await import('../../sampler/attached/since-attachment.ts');
    const { Segments } = await import('../../sampler/attached/segments.ts');
    const ownPeak = leaf.version === 2 && !attachment.isNew ? openOwnPeak(leaf.directory) : undefined;
    const reader = openLeafReader(leaf, this.#malformed.add, ownPeak);
    const attached = attachment.describe(ownPeak === undefined ? 'creation' : 'attachment');
    this.attached ??= attached;
    this.segments ??= new Segments();
    this.segments.enter(leaf, attached, this.elapsedMs());
    this.#since = attachment.isNew ? undefined : new SinceAttachment();
    const figures = this.#since?.wrap(reader) ?? reader;
    const { findContainers } = attachment;
    return findContainers === undefined ? figures : await this.#withContainers(leaf, figures, findContainers);
  }

  /** A reader that also reads the containers of a pod. */
  async #withContainers(
    { version }: MeasuredCgroup,
    figures: FigureReader,
    find: NonNullable<Attachment['findContainers']>,
  ): Promise<FigureReader> {
    const { Containers } = await import('../../sampler/attached/containers.ts');
    const containers = new Containers(version, find);
    this.containers = containers;
    return {
      ...figures,
      read: async () => ({ ...(await figures.read()), containers: await containers.read(this.elapsedMs()) }),
      close: () => {
        figures.close();
        containers.close();
      },
    };
  }

  readonly #noticeEvents: Sampler['noticeEvents'] = (counts, noticed) => {
    const since = this.#since === undefined ? counts : this.#since.subtractEvents(counts);
    if (since !== undefined) this.#sampler?.noticeEvents(since, noticed);
  };

  #watchElsewhere(): ElsewhereWatch {
    const { leaf } = this.placement;
    return new ElsewhereWatch(
      {
        leaf,
        isPlaceGiven: this.#options.cgroupParent !== undefined,
        targetPid: () => this.#target?.pid ?? 0,
        command: this.#options.command,
        listTree: () => this.processes(),
        hasTargetEnded: () => this.#targetEnded,
        elapsedMs: () => this.elapsedMs(),
        emit: (event) => this.emit(event),
      },
      this.#options.processIntervalMs || ELSEWHERE_INTERVAL_MS,
    );
  }

  #openClock(leaf: MeasuredCgroup): void {
    this.#fastClock = openFastClock(leaf, {
      elapsedMs: this.elapsedMs,
      isAttached: this.#isAttached,
      hasBudgets: this.#options.budgets !== undefined,
      readBpf: () => this.#bpf?.readCharged(() => this.processes()),
      onError: (error) => this.#onError(error),
    });
    if (this.#target !== undefined) this.#fastClock.start();
  }

  /** Opens the parts that a short target does not need. */
  async #prepare(): Promise<void> {
    // One after the other: the process table is read less often the longer a reading takes.
    await this.#bpf?.prepare(() => this.#fastClock?.poll());
    await this.#startProcessTable();
  }

  async #startProcessTable(): Promise<void> {
    const { wantsDetails, processIntervalMs } = this.#options;
    if (!wantsDetails || processIntervalMs === 0) return;
    const { ProcessTable } = await import('../../sampler/process-table.ts');
    if (this.#stopped) return;
    this.#processTable = new ProcessTable(
      {
        list: () => this.#listProcesses(),
        targetPid: this.#target?.pid ?? 0,
        elapsedMs: this.elapsedMs,
        emit: (record) => this.emit(record),
        onError: (error) => this.#disableProcesses(error),
      },
      processIntervalMs,
    );
    this.#processTable.start();
  }

  /** Whether a reading says nothing about the target: the leaf was removed, or the target has left it. */
  #isOfEmptyLeaf({ current, stat, processes, reason }: Sample): boolean {
    if (this.placement.leaf === undefined) return false;
    const isGone = current === undefined && stat === undefined;
    if (!isGone && (processes !== 0 || reason !== 'tick' || this.#targetEnded)) return false;
    this.#elsewhere?.check();
    return isGone || this.#elsewhere?.hasTargetLeft === true;
  }

  #disableProcesses(error: unknown): void {
    this.#processTable?.stop();
    this.#processTable = undefined;
    this.warn(`the processes could not be read: ${error instanceof Error ? error.message : String(error)}`);
  }

  #listProcesses(): ReadonlyMap<number, string | undefined> {
    const all = this.#listAllProcesses();
    const pid = this.#options.attachment?.onlyPid;
    return pid === undefined ? all : this.#descendants.keep(pid, all);
  }

  #listAllProcesses(): ReadonlyMap<number, string | undefined> {
    return this.#nested?.processes() ?? new Map(this.processes().map((pid) => [pid, undefined]));
  }

  async #openBpf(): Promise<void> {
    const { leaf } = this.placement;
    const cgroupId =
      leaf === undefined ? undefined : statSync(leaf.directory, { bigint: true, throwIfNoEntry: false })?.ino;
    this.#bpf = await ScheduledBpf.open(this.#options.bpfIntervalMs, this.elapsedMs, async () => {
      // Only loaded if BPF memory is read.
      const { RunBpf } = await import('../../sampler/bpf/run-bpf.ts');
      this.#fastClock?.poll();
      return await RunBpf.open({
        cgroupId,
        nameNested: (id) => this.#nested?.nameOf(id),
        listsMaps: this.#options.wantsDetails,
      });
    });
  }

  #onError(error: unknown): void {
    if (this.failed) return;
    this.failed = true;
    const message = error instanceof Error ? error.message : String(error);
    this.warn(`a sample could not be taken: ${message}`);
    this.#log.warn(`a sample could not be taken: ${message}; the target continues`);
  }
}

function keepListed<Row>(
  listed: Set<number>,
  rows: readonly Row[],
  gone: readonly number[] | undefined,
  idOf: (row: Row) => number,
): void {
  for (const id of gone ?? []) listed.delete(id);
  for (const row of rows) listed.add(idOf(row));
}

function bytesOf({ maps }: RunMaps): number {
  return maps.reduce((sum, { bytes }) => sum + bytes, 0);
}

function sendQuietly(pid: number, signal: NodeJS.Signals): void {
  // 0 is a process outside our pid namespace.
  if (pid <= 1) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has exited meanwhile.
  }
}

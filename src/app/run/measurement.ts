/**
 * One run under measurement: the sampler, the event watch and the sinks, from the launch to the last sample.
 * What does not need the target is prepared while it is being started.
 */
import type { MeasuredCgroup } from '../../cgroup/foreign-cgroup.ts';
import type { Leaf } from '../../cgroup/leaf.ts';
import { errnoOf } from '../../errors.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { yieldToEventLoop } from '../../kernel/sleep.ts';
import type { ExplainedMoment } from '../../model/explain/explain-record.ts';
import type { StartRecord, SummaryRecord } from '../../model/recording.ts';
import type { AttachedTo } from '../../model/restarts.ts';
import type { Mode, Sample } from '../../model/sample.ts';
import { SampleAggregate } from '../../model/summary.ts';
import type { Log } from '../../output/log.ts';
import { RecordStream } from '../../output/record-stream.ts';
import type { RunRecord, Sink } from '../../output/sink.ts';
import { ElsewhereWatch } from '../../sampler/elsewhere/elsewhere-watch.ts';
import type { EventWatch } from '../../sampler/event-watch.ts';
import { type FigureReader, MalformedLines } from '../../sampler/figure-reader.ts';
import { RunGrowth } from '../../sampler/run-growth.ts';
import { Sampler } from '../../sampler/sampler.ts';
import type { Target } from '../../target/launch-request.ts';
import { keepHeapSmall } from '../v8-flags.ts';
import type { AttachedFigures } from './attached-figures.ts';
import { ListedRows } from './listed-rows.ts';
import {
  type LeafClock,
  openExplainer,
  openFastClock,
  openReader,
  REMOVED,
  watchEvents,
} from './open-readers.ts';
import type { CgroupMoves, RunOptions } from './options.ts';
import type { MeasuredPlace, TargetPlace } from './preparation.ts';
import { ProcessRounds } from './processes/process-rounds.ts';
import { RunProcesses } from './processes/run-processes.ts';
import { RunBpfMemory } from './run-bpf-memory.ts';
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
  readonly processes: RunProcesses;
  /** Set once the files are open, if a cgroup was attached to. */
  attachment: AttachedFigures | undefined;
  startedAt = new Date();
  readonly warnings: string[] = [];
  readonly aggregate: SampleAggregate;
  readonly #growth = new RunGrowth();
  readonly bpf: RunBpfMemory;
  /** Whether a reading failed; the first failure was reported. */
  failed = false;
  /** Why cmemstat ended the target; undefined if it did not. */
  endedBy: SummaryRecord['exit']['endedBy'];
  readonly #options: RunOptions;
  readonly #log: Log;
  /** Resolves when what does not need the target is open. */
  readonly #prepared: Promise<StartRecord['host']>;
  readonly #malformed: MalformedLines;
  #launchedAt = monotonicMs();
  #elsewhere: ElsewhereWatch | undefined;
  #stream: RecordStream | undefined;
  #reader: FigureReader | undefined;
  #sampler: Sampler | undefined;
  #fastClock: LeafClock | undefined;
  #watch: EventWatch | undefined;
  #prepareTimer: NodeJS.Timeout | undefined;
  readonly #rounds: ProcessRounds;
  #explainer: RunExplainer | undefined;
  #intervalMs: number;
  #stopped = false;
  /** The step from one cgroup to the next that is in progress. */
  #moving: Promise<unknown> = Promise.resolve();
  /** The cgroup was left, and the next one is not open yet. */
  #isAway = false;
  /** Of samplers that have stopped. */
  #earlier: Sampler['punctuality'] = { late: 0, missed: 0 };
  readonly #listed = new ListedRows();

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
    this.processes = new RunProcesses({
      cgroup: leaf,
      own,
      isAttached: options.attachment !== undefined,
      onlyPid: options.attachment?.onlyPid,
      listTree: () => this.#reader?.processes() ?? [],
    });
    this.mode = leaf === undefined ? 'process-tree' : leaf.version === 2 ? 'cgroup2' : 'cgroup1';
    this.aggregate = new SampleAggregate(this.mode, options.attachment !== undefined);
    this.bpf = new RunBpfMemory({
      intervalMs: options.bpfIntervalMs,
      elapsedMs: this.elapsedMs,
      nameNested: (id) => this.processes.nameNested(id),
      listsMaps: options.wantsDetails,
      pause: () => this.#fastClock?.poll(),
    });
    this.#rounds = new ProcessRounds({
      intervalMs: options.wantsDetails ? options.processIntervalMs : 0,
      processes: this.processes,
      elapsedMs: this.elapsedMs,
      emit: (record) => this.emit(record),
      warn: (message) => this.warn(message),
    });
    this.#prepared = this.#open();
    // Reported by `start`.
    this.#prepared.catch(() => {});
  }

  /** Milliseconds since the launch. */
  readonly elapsedMs = (): number => Math.round((monotonicMs() - this.#launchedAt) * 1000) / 1000;

  /** The cgroup that was attached to first; undefined for runs, and before the files are open. */
  get attached(): AttachedTo | undefined {
    return this.attachment?.attached;
  }

  /** The growth of the run; of an attachment, of the cgroup that was measured last. */
  get growth(): RunGrowth {
    return this.attachment?.segments.growth ?? this.#growth;
  }

  get #isAttached(): boolean {
    return this.#options.attachment !== undefined;
  }

  /** Timing statistics of the samples. */
  get punctuality(): Sampler['punctuality'] {
    const { late = 0, missed = 0 } = this.#sampler?.punctuality ?? {};
    return { late: this.#earlier.late + late, missed: this.#earlier.missed + missed };
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

  /** The target is running: its time starts, and so does the fast clock if it is open. */
  begin(target: Target): void {
    this.startedAt = new Date();
    this.#launchedAt = monotonicMs();
    this.processes.begin(target);
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
    const warning = this.bpf.warning();
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
          await this.bpf.read(pids, {
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
    const { cgroup = '' } = this.attachment?.segments.attached ?? {};
    await this.#endCgroup();
    this.emit({ type: 'event', elapsedMs: this.elapsedMs(), event: 'waiting', cgroup, message });
    return true;
  }

  /** Takes the last sample of a cgroup, and closes what was read of it. */
  async #endCgroup(): Promise<void> {
    this.#isAway = true;
    this.#fastClock?.stop();
    clearTimeout(this.#prepareTimer);
    this.#rounds.stop();
    await this.#sampler?.stop();
    this.#earlier = this.punctuality;
    this.#sampler = undefined;
    this.#closeFiles();
    this.bpf.leave();
    this.attachment?.segments.leave(this.elapsedMs());
    for (const record of this.#listed.goneRecords(this.elapsedMs())) this.emit(record);
    this.aggregate.cut();
  }

  /** Continues in the cgroup that the attachment has now. */
  async #enter(from: string): Promise<boolean> {
    const { attachment } = this.#options;
    if (attachment === undefined) return false;
    if (!this.#isAway) await this.#endCgroup();
    const leaf = attachment.cgroup;
    this.placement = { ...this.placement, leaf };
    this.processes.enter(leaf);
    let reader: FigureReader;
    try {
      this.#openClock(leaf);
      reader = await this.#openFiles(leaf);
      await this.bpf.open(leaf);
    } catch (error) {
      if (!REMOVED.includes(errnoOf(error) ?? '')) throw error;
      this.#fastClock?.stop();
      this.#closeFiles();
      return false;
    }
    const attached = this.attachment?.segments.attached;
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
    const sampler = this.#openSampler(reader);
    // Its ticks start now.
    sampler.setInterval(this.#intervalMs);
    await sampler.start();
    this.#prepareTimer = setTimeout(() => void this.#prepare(), PREPARE_MS);
    return true;
  }

  /**
   * Stops the clock and takes the last sample. BPF can still be read, to find maps that outlive the target.
   */
  async stop(): Promise<void> {
    this.#stopClocks();
    await this.#moving;
    await this.#sampler?.stop();
    this.attachment?.segments.finish(this.elapsedMs());
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
    this.bpf.close();
  }

  #stopClocks(): void {
    this.#stopped = true;
    this.#fastClock?.stop();
    clearTimeout(this.#prepareTimer);
    this.#rounds.stop();
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
      if (this.attachment === undefined) this.#growth.add(record);
      else this.attachment.segments.add(record);
    }
    if (this.#isAttached) this.#listed.add(record);
    this.#stream?.emit(record);
    if (record.type !== 'sample' || !this.#isAttached) return;
    const warning = this.bpf.noticeOrphans(record);
    if (warning !== undefined) this.emit(warning);
  }

  /** Passes the summary to the sinks; resolves when all of them have written everything. */
  async finish(summary: SummaryRecord): Promise<void> {
    await this.#stream?.stop(summary);
  }

  /** Takes an unscheduled snapshot of the processes; resolves immediately if they are not read. */
  async snapshotProcesses(): Promise<void> {
    await this.#rounds.read();
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
    if (leaf !== undefined) await this.#openFiles(leaf);
    await yieldToEventLoop();
    this.#elsewhere = this.#isAttached ? undefined : this.#watchElsewhere();
    const host = readHost();
    await yieldToEventLoop();
    this.#explainer = await openExplainer(() => this.placement.leaf, this.#options.explain, {
      elapsedMs: this.elapsedMs,
      emit: (record) => this.emit(record),
      warn: (message) => this.warn(message),
    });
    await this.bpf.open(this.placement.leaf);
    return host;
  }

  /** Opens the figures of a cgroup, and watches its events. */
  async #openFiles(leaf: MeasuredCgroup): Promise<FigureReader> {
    const reader = await this.#openFigures(leaf);
    this.#reader = reader;
    // Before slow operations, so that events are detected from now on.
    if (!this.#isAttached || leaf.version === 2) {
      this.#watch = await watchEvents(leaf, (...event) => this.#noticeEvents(...event));
    }
    return reader;
  }

  /** Opens the figures; of a cgroup that was attached to, counters and the maximum start now. */
  async #openFigures(leaf: MeasuredCgroup): Promise<FigureReader> {
    const { attachment } = this.#options;
    if (attachment === undefined) return await openReader(leaf, 0, this.#malformed.add);
    if (this.attachment === undefined) {
      const { AttachedFigures } = await import('./attached-figures.ts');
      this.attachment = new AttachedFigures(attachment, this.elapsedMs, this.#malformed.add);
    }
    return this.attachment.open(leaf);
  }

  readonly #noticeEvents: Sampler['noticeEvents'] = (counts, noticed) => {
    const since = this.attachment === undefined ? counts : this.attachment.subtractEvents(counts);
    if (since !== undefined) this.#sampler?.noticeEvents(since, noticed);
  };

  #watchElsewhere(): ElsewhereWatch {
    const { leaf } = this.placement;
    return new ElsewhereWatch(
      {
        leaf,
        isPlaceGiven: this.#options.cgroupParent !== undefined,
        targetPid: () => this.processes.targetPid ?? 0,
        command: this.#options.command,
        listTree: () => this.processes.list(),
        hasTargetEnded: () => this.processes.hasTargetEnded,
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
      readBpf: () => this.bpf.readCharged(() => this.processes.list()),
      onError: (error) => this.#onError(error),
    });
    if (this.processes.targetPid !== undefined) this.#fastClock.start();
  }

  /** Opens the parts that a short target does not need. */
  async #prepare(): Promise<void> {
    // One after the other: the process table is read less often the longer a reading takes.
    const sampler = this.#sampler;
    await this.bpf.prepare();
    // Meanwhile the cgroup may have been left.
    if (!this.#stopped && sampler === this.#sampler) await this.#rounds.start();
  }

  /** Whether a reading says nothing about the target: the leaf was removed, or the target has left it. */
  #isOfEmptyLeaf({ current, stat, processes, reason }: Sample): boolean {
    if (this.placement.leaf === undefined) return false;
    const isGone = current === undefined && stat === undefined;
    if (!isGone && (processes !== 0 || reason !== 'tick' || this.processes.hasTargetEnded)) return false;
    this.#elsewhere?.check();
    return isGone || this.#elsewhere?.hasTargetLeft === true;
  }

  #onError(error: unknown): void {
    if (this.failed) return;
    this.failed = true;
    const message = error instanceof Error ? error.message : String(error);
    this.warn(`a sample could not be taken: ${message}`);
    this.#log.warn(`a sample could not be taken: ${message}; the target continues`);
  }
}

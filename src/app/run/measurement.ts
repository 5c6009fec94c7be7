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
import { RunGrowth } from '../../sampler/run-growth.ts';
import type { Target } from '../../target/launch-request.ts';
import { keepHeapSmall } from '../v8-flags.ts';
import type { AttachedFigures } from './attached/attached-figures.ts';
import type { AttachedMoves } from './attached/cgroup-moves.ts';
import type { RunOptions } from './options.ts';
import type { MeasuredPlace, TargetPlace } from './preparation.ts';
import { ProcessRounds } from './processes/process-rounds.ts';
import { RunProcesses } from './processes/run-processes.ts';
import { LateParts } from './readings/late-parts.ts';
import { MeasuredFiles } from './readings/measured-files.ts';
import { openExplainer, REMOVED } from './readings/open-readers.ts';
import { RunBpfMemory } from './readings/run-bpf-memory.ts';
import type { RunExplainer } from './readings/run-explainer.ts';
import { RunSampler } from './readings/run-sampler.ts';
import { readHost, startRecord } from './start-record.ts';

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
  startedAt = new Date();
  readonly warnings: string[] = [];
  readonly aggregate: SampleAggregate;
  readonly #growth = new RunGrowth();
  readonly bpf: RunBpfMemory;
  readonly sampler: RunSampler;
  /** Whether a reading failed; the first failure was reported. */
  failed = false;
  /** Why cmemstat ended the target; undefined if it did not. */
  endedBy: SummaryRecord['exit']['endedBy'];
  readonly #options: RunOptions;
  readonly #log: Log;
  /** Resolves when what does not need the target is open. */
  readonly #prepared: Promise<StartRecord['host']>;
  readonly #files: MeasuredFiles;
  #launchedAt = monotonicMs();
  #elsewhere: ElsewhereWatch | undefined;
  #stream: RecordStream | undefined;
  readonly #rounds: ProcessRounds;
  readonly #late: LateParts;
  #explainer: RunExplainer | undefined;
  #stopped = false;
  /** From one cgroup of an attachment to the next. */
  #moves: AttachedMoves | undefined;

  /**
   * Starts to open what the measurement needs. A failure is thrown by `start`.
   */
  constructor(options: RunOptions, { placement, leaf: own }: TargetPlace, log: Log) {
    this.#options = options;
    this.#log = log;
    this.placement = placement;
    this.leaf = own;
    const { leaf } = placement;
    this.#files = new MeasuredFiles({
      attachment: options.attachment,
      hasBudgets: options.budgets !== undefined,
      elapsedMs: this.elapsedMs,
      readBpf: () => this.bpf.readCharged(() => this.processes.list()),
      noticeEvents: (...event) => this.sampler.noticeEvents(...event),
      warn: (message) => log.warn(message),
      onError: (error) => this.#onError(error),
    });
    this.processes = new RunProcesses({
      cgroup: leaf,
      own,
      isAttached: options.attachment !== undefined,
      onlyPid: options.attachment?.onlyPid,
      listTree: () => this.#files.reader?.processes() ?? [],
    });
    this.mode = leaf === undefined ? 'process-tree' : leaf.version === 2 ? 'cgroup2' : 'cgroup1';
    this.aggregate = new SampleAggregate(this.mode, options.attachment !== undefined);
    this.bpf = new RunBpfMemory({
      intervalMs: options.bpfIntervalMs,
      elapsedMs: this.elapsedMs,
      nameNested: (id) => this.processes.nameNested(id),
      listsMaps: options.wantsDetails,
      pause: () => this.#files.clock?.poll(),
    });
    this.#rounds = new ProcessRounds({
      intervalMs: options.wantsDetails ? options.processIntervalMs : 0,
      processes: this.processes,
      elapsedMs: this.elapsedMs,
      emit: (record) => this.emit(record),
      warn: (message) => this.warn(message),
    });
    this.sampler = new RunSampler(
      {
        readBpf: async (pids, each) =>
          await this.bpf.read(pids, {
            // The highest sample is the one that the summary explains.
            now: each.reason !== 'tick' || this.aggregate.needsBpf(each),
            isLast: this.#stopped,
          }),
        takeMaxima: () => this.#files.clock?.take(),
        elapsedMs: this.elapsedMs,
        emit: (record) => this.emit(record),
        onError: (error) => this.#onError(error),
      },
      options.intervalMs,
    );
    this.#late = new LateParts({ prepareBpf: () => this.bpf.prepare(), processes: this.#rounds });
    this.#prepared = this.#open();
    // Reported by `start`.
    this.#prepared.catch(() => {});
  }

  /** Milliseconds since the launch. */
  readonly elapsedMs = (): number => Math.round((monotonicMs() - this.#launchedAt) * 1000) / 1000;

  /** Set once the files are open, if a cgroup was attached to. */
  get attachment(): AttachedFigures | undefined {
    return this.#files.attached;
  }

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

  /** Whether nothing was ever charged to the leaf, which means that the target has not joined it. */
  get wasNeverCharged(): boolean {
    return this.placement.leaf !== undefined && this.aggregate.summary().peak?.bytes === 0;
  }

  /** The target is running: its time starts, and so does the fast clock if it is open. */
  begin(target: Target): void {
    this.startedAt = new Date();
    this.#launchedAt = monotonicMs();
    this.processes.begin(target);
    this.#files.clock?.start();
  }

  /**
   * Passes the start record to all sinks of the run, and takes the first sample.
   * @throws SyscallError or KernelFileError if the files of the cgroup cannot be opened.
   */
  async start(target: Target, sinks: readonly Sink[]): Promise<void> {
    const host = await this.#prepared;
    const stream = new RecordStream(sinks);
    this.#stream = stream;
    const reader = this.#files.reader ?? (await this.#files.openTree(target.pid));
    const poll = () => this.#files.clock?.poll();
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
    const sampler = this.sampler.open(reader);
    poll();
    const warning = this.bpf.warning();
    if (warning !== undefined) this.emit(warning);
    keepHeapSmall();
    await sampler.start();
    this.#startLate();
  }

  /** From now on the measurement of an attachment may continue in another cgroup. */
  follow(): void {
    this.#moves = this.attachment?.follow({
      emit: (record) => this.emit(record),
      end: () => this.#endCgroup(),
      open: (cgroup) => this.#openNext(cgroup),
      start: () => this.#startNext(),
    });
  }

  /** Takes the last sample of a cgroup, and closes what was read of it. */
  async #endCgroup(): Promise<void> {
    this.#files.clock?.stop();
    this.#late.stop();
    await this.sampler.stop();
    this.#files.close();
    this.bpf.leave();
    this.attachment?.segments.leave(this.elapsedMs());
    for (const record of this.attachment?.listed.goneRecords(this.elapsedMs()) ?? []) this.emit(record);
    this.aggregate.cut();
  }

  /** Opens the next cgroup of an attachment; false if it is gone already. */
  async #openNext(leaf: MeasuredCgroup): Promise<boolean> {
    this.placement = { ...this.placement, leaf };
    this.processes.enter(leaf);
    try {
      this.#openClock(leaf);
      await this.#files.open(leaf);
      await this.bpf.open(leaf);
      return true;
    } catch (error) {
      if (!REMOVED.includes(errnoOf(error) ?? '')) throw error;
      this.#files.clock?.stop();
      this.#files.close();
      return false;
    }
  }

  async #startNext(): Promise<void> {
    const { reader } = this.#files;
    if (reader === undefined) return;
    const sampler = this.sampler.open(reader);
    // Its ticks start now.
    sampler.setInterval(this.sampler.intervalMs);
    await sampler.start();
    this.#startLate();
  }

  /**
   * Stops the clock and takes the last sample. BPF can still be read, to find maps that outlive the target.
   */
  async stop(): Promise<void> {
    this.#stopClocks();
    await this.#moves?.stop();
    await this.sampler.stop();
    this.attachment?.segments.finish(this.elapsedMs());
    this.#files.close();
    const malformed = this.#files.describeMalformed();
    if (malformed !== undefined) this.warn(malformed);
  }

  /** Closes what is open, also without `start` or `stop`; may be called more than once. */
  async close(): Promise<void> {
    // A failure is reported by `start`, which is not reached if the launch fails.
    await this.#prepared.catch(() => {});
    this.#stopClocks();
    this.#files.close();
    this.bpf.close();
  }

  #stopClocks(): void {
    this.#stopped = true;
    void this.#moves?.stop();
    this.#files.clock?.stop();
    this.#late.stop();
    this.#elsewhere?.stop();
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
    this.attachment?.listed.add(record);
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
    if (leaf !== undefined) await this.#files.open(leaf);
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

  #startLate(): void {
    if (!this.#stopped) this.#late.start();
  }

  #openClock(leaf: MeasuredCgroup): void {
    this.#files.openClock(leaf);
    if (this.processes.targetPid !== undefined) this.#files.clock?.start();
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

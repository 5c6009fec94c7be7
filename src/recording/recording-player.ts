/** Seeks to any time in a recording, for the replay. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { describeErrno, errnoOf, InputError } from '../errors.ts';
import type { RecordLine, StartRecord, SummaryRecord } from '../model/recording.ts';
import type { Sample } from '../model/sample.ts';
import { type Checkpoint, type Checkpointed, Checkpoints } from './checkpoints.ts';
import { LineSplitter } from './line-splitter.ts';
import { NumberList } from './number-list.ts';
import { parseRecordLine } from './parse-line.ts';
import { scanRecording } from './read-recording.ts';
import type { LineCounts } from './record-lines.ts';

/** Options for opening a recording. */
export interface PlayerOptions {
  /** Continues reading appended data until the summary has been read. */
  follow?: boolean;
  /** With `follow`: called when data was added, or the recording is complete. */
  onGrowth?: () => void;
  /** With `follow`: receives errors after opening. */
  onError?: (error: unknown) => void;
}

const CHUNK_BYTES = 256 * 1024;

/** Up to this distance, reading is preferred to copying a state. Unit: bytes. */
const NEAR_BYTES = 1024 * 1024;

/**
 * Scans a recording once and opens it for playing; `create` returns the initial state.
 * @throws InputError if it cannot be opened, is not a regular file or a recording, or was written by a newer
 * version.
 */
export async function openPlayer<T extends Checkpointed<T, RecordLine>>(
  path: string,
  create: () => T,
  options: PlayerOptions = {},
): Promise<RecordingPlayer<T>> {
  const player = new RecordingPlayer(path, create);
  try {
    await player.open(options);
  } catch (error) {
    player.close();
    throw error;
  }
  return player;
}

/** An open recording. Memory: 24 bytes per record, and a bounded number of states. */
export class RecordingPlayer<T extends Checkpointed<T, RecordLine>> {
  /** Number of lines, and how many were skipped. */
  counts: LineCounts = { lines: 0, damaged: 0, unknown: 0 };
  /** Whether more data may follow. */
  following = false;
  readonly #path: string;
  readonly #create: () => T;
  readonly #fd: number;
  readonly #abort = new AbortController();
  readonly #checkpoints = new Checkpoints<T>();
  /** The time of each record, in ascending order, and the offset of its line. */
  readonly #times = new NumberList();
  readonly #offsets = new NumberList();
  readonly #sampleTimes = new NumberList();
  readonly #eventTimes = new NumberList();
  #start: StartRecord | undefined;
  #summary: SummaryRecord | undefined;
  #peak: { bytes: number; elapsedMs: number } | undefined;
  #sampleBefore: { bytes: number; elapsedMs: number } | undefined;
  /** The state after the last known record. */
  #head: Checkpoint<T>;
  /** The last result of `seek`. */
  #shown: Checkpoint<T>;
  #isClosed = false;

  /** @throws InputError if the file cannot be opened. */
  constructor(path: string, create: () => T) {
    this.#path = path;
    this.#create = create;
    this.#fd = openFile(path);
    this.#head = this.#beginning();
    this.#shown = this.#beginning();
  }

  /** Undefined only if the file was truncated to nothing while being followed. */
  get start(): StartRecord | undefined {
    return this.#start;
  }

  /** Absent while the run is in progress, and if it was killed. */
  get summary(): SummaryRecord | undefined {
    return this.#summary;
  }

  /** The time of the last record. Unit: milliseconds since the launch. */
  get endMs(): number {
    return this.#times.last() ?? 0;
  }

  /**
   * The time of the sample closest to the maximum of `current` (process tree: `tree.rss`), or of the kernel's
   * own high-water mark; undefined without such a sample. Unit: milliseconds since the launch.
   */
  get peakMs(): number | undefined {
    return this.#peak?.elapsedMs;
  }

  get sampleCount(): number {
    return this.#sampleTimes.length;
  }

  get eventCount(): number {
    return this.#eventTimes.length;
  }

  /**
   * The time of the next event after the given time; undefined if there is none. Likewise for the three
   * methods below.
   */
  nextEvent(afterMs: number): number | undefined {
    return this.#eventTimes.at(this.#eventTimes.countUpTo(afterMs));
  }

  previousEvent(beforeMs: number): number | undefined {
    return this.#eventTimes.at(this.#eventTimes.countBelow(beforeMs) - 1);
  }

  nextSample(afterMs: number): number | undefined {
    return this.#sampleTimes.at(this.#sampleTimes.countUpTo(afterMs));
  }

  previousSample(beforeMs: number): number | undefined {
    return this.#sampleTimes.at(this.#sampleTimes.countBelow(beforeMs) - 1);
  }

  /**
   * The state after all records up to the given time. The next call changes the same object.
   * @throws InputError if the file can no longer be read.
   */
  seek(elapsedMs: number): T {
    const records = this.#times.countUpTo(elapsedMs);
    const offset = this.#offsets.at(records) ?? this.#head.offset;
    this.#shown = this.#nearest(records, offset);
    this.#applyUpTo(offset);
    this.#shown.records = records;
    return this.#shown.state;
  }

  /**
   * Scans the available data; resolves when all of it has been read. For `openPlayer`.
   * @throws InputError if the file cannot be read.
   */
  async open({ follow = false, onGrowth, onError }: PlayerOptions): Promise<void> {
    const take = (record: RecordLine, offset: number, end: number) => this.#index(record, offset, end);
    const { signal } = this.#abort;
    if (!follow) {
      this.counts = await scanRecording(this.#path, take, { signal });
      return;
    }
    this.following = true;
    await new Promise<void>((resolve, reject) => {
      const onCaughtUp = (counts: LineCounts) => {
        this.counts = counts;
        resolve();
        onGrowth?.();
      };
      const reading = scanRecording(this.#path, take, { follow, signal, onCaughtUp });
      void reading.then(
        (counts) => {
          this.following = false;
          onCaughtUp(counts);
        },
        (error: unknown) => {
          this.following = false;
          reject(error);
          onError?.(error);
        },
      );
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#abort.abort();
    closeSync(this.#fd);
  }

  #beginning(): Checkpoint<T> {
    return { state: this.#create(), records: 0, offset: 0 };
  }

  #index(record: RecordLine, offset: number, end: number): void {
    if (offset <= (this.#offsets.last() ?? -1)) this.#forget();
    if (record.type === 'start' && this.#start !== undefined) throw severalRuns(this.#path);
    const timeMs = Math.max(timeOf(record), this.endMs);
    this.#times.push(timeMs);
    this.#offsets.push(offset);
    if (record.type === 'start') this.#start = record;
    else if (record.type === 'summary') this.#summary = record;
    else if (record.type === 'event') this.#eventTimes.push(timeMs);
    else if (record.type === 'sample') {
      this.#sampleTimes.push(timeMs);
      this.#lookForPeak(record, timeMs);
    }
    this.#head.state.apply(record);
    this.#head.records += 1;
    this.#head.offset = end;
    this.#checkpoints.offer(this.#head);
  }

  /**
   * The kernel's own high-water mark includes peaks between two samples: use the sample after which it is
   * largest.
   */
  #lookForPeak({ current, peak, tree }: Sample, elapsedMs: number): void {
    const now = current ?? tree?.rss;
    if (now === undefined) return;
    const before = this.#sampleBefore;
    this.#sampleBefore = { bytes: now, elapsedMs };
    const bytes = Math.max(now, (current === undefined ? undefined : peak) ?? now);
    if (bytes <= (this.#peak?.bytes ?? -1)) return;
    const isNearer = before !== undefined && bytes > now && before.bytes > now;
    this.#peak = { bytes, elapsedMs: isNearer ? before.elapsedMs : elapsedMs };
  }

  /** The file was truncated and rewritten. */
  #forget(): void {
    for (const list of [this.#times, this.#offsets, this.#sampleTimes, this.#eventTimes]) list.clear();
    this.#checkpoints.clear();
    this.#start = undefined;
    this.#summary = undefined;
    this.#peak = undefined;
    this.#sampleBefore = undefined;
    this.#head = this.#beginning();
    this.#shown = this.#beginning();
  }

  #nearest(records: number, offset: number): Checkpoint<T> {
    const isBehind = this.#shown.records <= records;
    if (isBehind && offset - this.#shown.offset < NEAR_BYTES) return this.#shown;
    const kept = this.#head.records <= records ? this.#head : this.#checkpoints.before(records);
    if (isBehind && this.#shown.records >= (kept?.records ?? 0)) return this.#shown;
    return kept === undefined ? this.#beginning() : { ...kept, state: kept.state.clone() };
  }

  #applyUpTo(endOffset: number): void {
    const { state } = this.#shown;
    const splitter = new LineSplitter(this.#shown.offset);
    const onLine = (text: string | undefined) => {
      const parsed = text === undefined ? undefined : parseRecordLine(text, this.#path);
      if (parsed !== undefined && 'record' in parsed) state.apply(parsed.record);
    };
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    while (this.#shown.offset < endOffset) {
      const wanted = Math.min(chunk.length, endOffset - this.#shown.offset);
      const length = readSync(this.#fd, chunk, 0, wanted, this.#shown.offset);
      if (length === 0) break;
      this.#shown.offset += length;
      splitter.push(chunk.subarray(0, length), onLine);
    }
    splitter.end(onLine);
  }
}

function timeOf(record: RecordLine): number {
  switch (record.type) {
    case 'start':
      return 0;
    case 'summary':
      return record.durationMs;
    default:
      return record.elapsedMs;
  }
}

/** Consecutive runs have no common time axis. */
function severalRuns(path: string): InputError {
  return new InputError(path, `${path}: contains more than one run, and a replay shows only one`, {
    hint: 'use one file per run, as --runs with --output writes them; cmemstat report takes several',
  });
}

/** Replay needs random access to the file. */
const ONLY_FILES = 'only a regular file can be replayed';

function openFile(path: string): number {
  if (path === '-') throw new InputError(path, `${path}: ${ONLY_FILES}`);
  let fd: number;
  try {
    // Opening a named pipe would block.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new InputError(path, `${path}: ${describeErrno(errnoOf(error))}`, { cause: error });
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new InputError(path, `${path}: ${ONLY_FILES}`);
}

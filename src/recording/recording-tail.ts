/** Reads a recording that grows: each time, what was appended since the last time. */
import { type FileHandle, open } from 'node:fs/promises';
import { describeErrno, errnoOf, InputError } from '../errors.ts';
import type { RecordLine } from '../model/recording.ts';
import { tryStat } from '../try-stat.ts';
import { LineSplitter } from './line-splitter.ts';
import { CHUNK_BYTES } from './open-source.ts';
import { parseRecordLine } from './parse-line.ts';
import { type LineCounts, noRecording } from './read-recording.ts';

/** A file with other first bytes is another recording: the first line has the time of its start. */
const HEAD_BYTES = 512;
/** A file with no record in this many leading lines is not a recording. */
const MAX_LEADING_LINES = 100;

/** What reading has found. */
export type Found = 'same' | 'grown' | 'replaced';

/** One file. It may be empty at first, truncated, replaced by another one, and removed. */
export class RecordingTail {
  readonly #path: string;
  #file: FileHandle | undefined;
  #splitter = new LineSplitter();
  #position = 0;
  #head = Buffer.alloc(0);
  #hasRecord = false;
  #hasStart = false;
  #isGone = false;
  #counts: LineCounts = { lines: 0, damaged: 0, unknown: 0 };

  /** @throws InputError if there is no regular file. */
  static async open(path: string): Promise<RecordingTail> {
    const tail = new RecordingTail(path);
    await tail.#open();
    return tail;
  }

  private constructor(path: string) {
    this.#path = path;
  }

  /** Of the lines read so far. */
  get counts(): LineCounts {
    return this.#counts;
  }

  /** Whether complete lines were read, none of which is a start record. */
  get isOther(): boolean {
    return !this.#hasStart && this.#counts.lines > 0;
  }

  /** Whether no file has this name any more; one that was renamed is still read. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /**
   * Passes on the records that were appended. If it is another file now, or has other content, passes on
   * none and returns `replaced`: the next call reads it from its start.
   * @throws InputError if it cannot be read, or is not a recording.
   */
  async read(onRecord: (record: RecordLine) => void): Promise<Found> {
    if (await this.#isReplaced()) {
      await this.close();
      return 'replaced';
    }
    if (this.#file === undefined && !this.#isGone) await this.#open();
    const file = this.#file;
    if (file === undefined) return 'same';
    const start = this.#position;
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const length = await this.#readAt(file, chunk, this.#position);
      if (length === 0) break;
      if (this.#head.length < HEAD_BYTES) {
        const missing = HEAD_BYTES - this.#head.length;
        this.#head = Buffer.concat([this.#head, chunk.subarray(0, Math.min(length, missing))]);
      }
      this.#position += length;
      this.#splitter.push(chunk.subarray(0, length), (text) => this.#take(text, onRecord));
    }
    return this.#position === start ? 'same' : 'grown';
  }

  /** The next call of `read` starts again. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#splitter = new LineSplitter();
    this.#position = 0;
    this.#head = Buffer.alloc(0);
    this.#hasRecord = false;
    this.#hasStart = false;
    this.#counts = { lines: 0, damaged: 0, unknown: 0 };
  }

  async #open(): Promise<void> {
    try {
      this.#file = await open(this.#path, 'r');
      if ((await this.#file.stat()).isFile()) return;
    } catch (error) {
      await this.close();
      throw this.#cannotRead(error);
    }
    await this.close();
    throw new InputError(this.#path, `${this.#path}: not a regular file: its growth cannot be followed`);
  }

  async #isReplaced(): Promise<boolean> {
    const named = tryStat(this.#path);
    this.#isGone = named === undefined;
    const file = this.#file;
    if (file === undefined) return false;
    const { ino, dev, size } = await file.stat({ bigint: true });
    if (named !== undefined && (named.ino !== ino || named.dev !== dev)) return true;
    if (size < this.#position) return true;
    const head = Buffer.alloc(this.#head.length);
    await this.#readAt(file, head, 0);
    return !head.equals(this.#head);
  }

  async #readAt(file: FileHandle, into: Buffer, position: number): Promise<number> {
    try {
      return (await file.read(into, 0, into.length, position)).bytesRead;
    } catch (error) {
      throw this.#cannotRead(error);
    }
  }

  #cannotRead(cause: unknown): InputError {
    return new InputError(this.#path, `${this.#path}: ${describeErrno(errnoOf(cause))}`, { cause });
  }

  #take(text: string | undefined, onRecord: (record: RecordLine) => void): void {
    const counts = this.#counts;
    counts.lines += 1;
    const parsed = text === undefined ? { damaged: 'too long' } : parseRecordLine(text, this.#path);
    if ('damaged' in parsed) {
      counts.damaged += 1;
      counts.firstDamage ??= { line: counts.lines, fault: parsed.damaged };
      if (!this.#hasRecord && counts.damaged >= MAX_LEADING_LINES) throw noRecording(this.#path, this.#path);
      return;
    }
    this.#hasRecord = true;
    if ('unknown' in parsed) counts.unknown += 1;
    else {
      this.#hasStart ||= parsed.record.type === 'start';
      onRecord(parsed.record);
    }
  }
}

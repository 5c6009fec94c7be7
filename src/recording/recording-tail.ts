/** Reads a recording that grows: each time, what was appended since the last time. */
import { type FileHandle, open } from 'node:fs/promises';
import { InputError } from '../errors.ts';
import type { RecordLine } from '../model/recording.ts';
import { tryStat } from '../try-stat.ts';
import { LineSplitter } from './line-splitter.ts';
import { CHUNK_BYTES, cannotRead } from './open-source.ts';
import { type LineCounts, RecordLines } from './record-lines.ts';

/** A file with other first bytes is another recording: the first line has the time of its start. */
const HEAD_BYTES = 512;

/** What reading has found. */
export type Found = 'same' | 'grown' | 'replaced';

/** One file. It may be empty at first, truncated, replaced by another one, and removed. */
export class RecordingTail {
  readonly #path: string;
  #file: FileHandle | undefined;
  #splitter = new LineSplitter();
  #position = 0;
  #head = Buffer.alloc(0);
  #lines: RecordLines;
  /** Why what was read last cannot be taken: what follows it cannot, either. */
  #refusal: { error: unknown } | undefined;
  #isGone = false;

  /** @throws InputError if there is no regular file. */
  static async open(path: string): Promise<RecordingTail> {
    const tail = new RecordingTail(path);
    await tail.#open();
    return tail;
  }

  private constructor(path: string) {
    this.#path = path;
    this.#lines = new RecordLines(path, path);
  }

  /** Of the lines read so far. */
  get counts(): LineCounts {
    return this.#lines.counts;
  }

  /** Whether complete lines were read, none of which is a start record. */
  get isOther(): boolean {
    return !this.#lines.hasStart && this.counts.lines > 0;
  }

  /** The error if it is something else. */
  noRecording(): InputError {
    return this.#lines.noRecording();
  }

  /** Whether the file was removed or renamed; it is still read. */
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
    if (this.#refusal !== undefined) throw this.#refusal.error;
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
      this.#take(chunk.subarray(0, length), onRecord);
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
    this.#lines = new RecordLines(this.#path, this.#path);
    this.#refusal = undefined;
  }

  #take(chunk: Buffer, onRecord: (record: RecordLine) => void): void {
    try {
      this.#splitter.push(chunk, (text) => {
        const record = this.#lines.take(text);
        if (record !== undefined) onRecord(record);
      });
      if (this.#lines.isEndless(this.#position)) throw this.noRecording();
    } catch (error) {
      this.#refusal = { error };
      throw error;
    }
  }

  async #open(): Promise<void> {
    try {
      this.#file = await open(this.#path, 'r');
      if ((await this.#file.stat()).isFile()) return;
    } catch (error) {
      await this.close();
      throw cannotRead(this.#path, error);
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
      throw cannotRead(this.#path, error);
    }
  }
}

/** Reads recordings of any length, also while they are written. */
import { InputError } from '../errors.ts';
import type { RecordLine } from '../model/recording.ts';
import { GrowthWatch } from './growing-file.ts';
import { LineSplitter, MAX_LINE_BYTES } from './line-splitter.ts';
import { CHUNK_BYTES, openSource, STDIN } from './open-source.ts';
import { type LineCounts, RecordLines } from './record-lines.ts';

/** Options for reading a recording. */
export interface ReadOptions {
  /** Waits for more data until the summary has been read. */
  follow?: boolean;
  /** Aborts waiting and reading. */
  signal?: AbortSignal;
  /** With `follow`: called whenever all available data has been read, with the counts so far. */
  onCaughtUp?: (counts: LineCounts) => void;
  /** Receives each line before it is parsed, also one that is damaged; without those that are too long. */
  onLine?: (text: string) => void;
}

/** Receives a record, the offset of its line, and the offset of the next line. Unit: bytes. */
export type OnRecord = (record: RecordLine, offset: number, end: number) => void;

/** A record and the offset of its line. Unit: bytes. */
export interface PlacedRecord {
  record: RecordLine;
  offset: number;
}

/**
 * The records of a recording, one by one; `counts` is updated while reading. `-` is standard input.
 *
 * With `follow`, waits for more data until the summary or until `signal` is aborted; a file that was
 * truncated is read again from the start.
 * @throws InputError if it cannot be opened, is not a recording, or was written by a newer version, and if a
 * line of a pipe is too long.
 */
export function readRecording(
  path: string,
  options: ReadOptions = {},
): AsyncIterable<PlacedRecord> & { readonly counts: LineCounts } {
  const scan = new Scan(path);
  return {
    counts: scan.counts,
    async *[Symbol.asyncIterator]() {
      let batch: PlacedRecord[] = [];
      for await (const _ of scan.chunks(options, (record, offset) => batch.push({ record, offset }))) {
        const ready = batch;
        batch = [];
        yield* ready;
      }
      yield* batch;
    },
  };
}

/**
 * Passes every record to `onRecord`: the fastest way to read a long recording. `-` is standard input.
 * @throws the errors of `readRecording`, and those of `onRecord`.
 */
export async function scanRecording(
  path: string,
  onRecord: OnRecord,
  options: ReadOptions = {},
): Promise<LineCounts> {
  const scan = new Scan(path);
  for await (const _ of scan.chunks(options, onRecord)) {
    // `onRecord` does the work.
  }
  return scan.counts;
}

/** One pass over a file. */
class Scan {
  readonly #path: string;
  readonly #name: string;
  readonly #lines: RecordLines;
  #hasSummary = false;

  constructor(path: string) {
    this.#path = path;
    this.#name = path === STDIN ? 'standard input' : path;
    this.#lines = new RecordLines(path, this.#name);
  }

  get counts(): LineCounts {
    return this.#lines.counts;
  }

  /** Reads chunk by chunk; the caller runs after each. */
  async *chunks(options: ReadOptions, onRecord: OnRecord): AsyncGenerator<void> {
    const { follow = false, signal, onCaughtUp, onLine: receive } = options;
    const source = await openSource(this.#path);
    const growth = follow && source.isFile ? new GrowthWatch(this.#path) : undefined;
    const onLine = (text: string | undefined, offset: number, end: number) => {
      if (text !== undefined) receive?.(text);
      this.#take(text, offset, end, onRecord);
    };
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let splitter = new LineSplitter();
    let position = 0;
    try {
      while (signal?.aborted !== true) {
        const length = await source.read(chunk, position);
        position += length;
        if (length > 0) {
          splitter.push(chunk.subarray(0, length), onLine);
          if (this.#lines.isEndless(position)) break;
          if (!source.isFile && splitter.incompleteBytes > MAX_LINE_BYTES) throw this.#endlessLine();
          yield;
        } else if (growth === undefined) break;
        else if (this.#hasSummary) break;
        else if ((await source.size()) < position) {
          splitter = new LineSplitter();
          position = 0;
        } else {
          onCaughtUp?.(this.counts);
          await growth.wait(signal);
        }
      }
      // A line without a newline may be complete: the writer may have stopped just before the newline.
      splitter.end(onLine);
    } finally {
      growth?.close();
      await source.close();
    }
    if (signal?.aborted !== true && !this.#lines.hasStart) throw this.#lines.noRecording();
  }

  /** The end of a pipe or of a device may never come; that of a file does, and its long lines are skipped. */
  #endlessLine(): InputError {
    const line = this.counts.lines + 1;
    return new InputError(
      this.#name,
      `${this.#name}: line ${line} is longer than ${MAX_LINE_BYTES / 1024 ** 2} MiB`,
      { hint: 'store it in a file first: lines that are too long are skipped there' },
    );
  }

  #take(text: string | undefined, offset: number, end: number, onRecord: OnRecord): void {
    const record = this.#lines.take(text);
    if (record === undefined) return;
    if (record.type === 'summary') this.#hasSummary = true;
    onRecord(record, offset, end);
  }
}

/** Reads recordings of any length, also while they are written. */
import { InputError } from '../errors.ts';
import type { RecordLine } from '../model/recording.ts';
import { GrowthWatch } from './growing-file.ts';
import { identifyFile } from './identify-document.ts';
import { LineSplitter, MAX_LINE_BYTES } from './line-splitter.ts';
import { CHUNK_BYTES, MAX_LEADING_BYTES, openSource, STDIN } from './open-source.ts';
import { parseRecordLine } from './parse-line.ts';

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

/** Number of lines, and how many were skipped. */
export interface LineCounts {
  /** All lines, of any kind. */
  lines: number;
  /** Truncated lines, or lines that are not records. */
  damaged: number;
  /** The first damaged line (1-based), and its fault. */
  firstDamage?: { line: number; fault: string };
  /** Records of a type that this version does not know. */
  unknown: number;
}

/** Receives a record, the offset of its line, and the offset of the next line. Unit: bytes. */
export type OnRecord = (record: RecordLine, offset: number, end: number) => void;

/** A file with no record in this many leading lines is not a recording. */
const MAX_LEADING_LINES = 100;

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
  readonly counts: LineCounts = { lines: 0, damaged: 0, unknown: 0 };
  readonly #path: string;
  readonly #name: string;
  #hasStart = false;
  /** What is wrong with the first line that is a start record by its type. */
  #startFault: string | undefined;
  #hasSummary = false;
  #hasRecord = false;

  constructor(path: string) {
    this.#path = path;
    this.#name = path === STDIN ? 'standard input' : path;
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
          // A single line may have no end, as that of /dev/zero.
          if (!this.#hasRecord && position > MAX_LEADING_BYTES) break;
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
    if (signal?.aborted !== true && !this.#hasStart)
      throw noRecording(this.#name, this.#path, this.#startFault);
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
    this.counts.lines += 1;
    const parsed = text === undefined ? { damaged: 'too long' } : parseRecordLine(text, this.#name);
    if ('damaged' in parsed) {
      this.counts.damaged += 1;
      this.counts.firstDamage ??= { line: this.counts.lines, fault: parsed.damaged };
      if (parsed.damaged.startsWith('start: ')) this.#startFault ??= parsed.damaged;
      if (!this.#hasRecord && this.counts.damaged >= MAX_LEADING_LINES)
        throw noRecording(this.#name, this.#path, this.#startFault);
      return;
    }
    this.#hasRecord = true;
    if ('unknown' in parsed) {
      this.counts.unknown += 1;
      return;
    }
    const { record } = parsed;
    if (record.type === 'start') this.#hasStart = true;
    else if (record.type === 'summary') this.#hasSummary = true;
    onRecord(record, offset, end);
  }
}

/** The error for a file without a start record: it says what it is instead, if that is known. */
export function noRecording(name: string, path: string, startFault = 'no start record'): InputError {
  const kind = path === STDIN ? undefined : identifyFile(path);
  if (kind !== undefined) {
    return new InputError(name, `${name}: this is ${kind.name}, not a recording`, {
      hint: kind.reader ?? 'record a run with cmemstat --output FILE -- COMMAND',
    });
  }
  return new InputError(name, `${name}: not a cmemstat recording (${startFault})`, {
    hint: 'record a run with cmemstat --output FILE -- COMMAND',
  });
}

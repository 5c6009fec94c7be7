/** Reading recordings back, however long they are, and while they are written. */
import { open } from 'node:fs/promises';
import { describeErrno, errnoOf, InputError } from '../errors.ts';
import type { RecordLine } from '../model/recording.ts';
import { GrowthWatch } from './growing-file.ts';
import { LineSplitter } from './line-splitter.ts';
import { parseRecordLine } from './parse-line.ts';

/** How a recording is read. */
export interface ReadOptions {
  /** Waits for more until the summary has come. */
  follow?: boolean;
  /** Ends the waiting, and the reading. */
  signal?: AbortSignal;
  /** With `follow`: called whenever all that is there has been read, with the counts up to there. */
  onCaughtUp?: (counts: LineCounts) => void;
}

/** What was passed over, and how much there was. */
export interface LineCounts {
  /** All lines, whatever they were. */
  lines: number;
  /** Cut, or no record. */
  damaged: number;
  /** The first of the damaged lines, from 1, and what is wrong with it. */
  firstDamage?: { line: number; fault: string };
  /** Records of a kind that this version does not know. */
  unknown: number;
}

/** Takes a record, where its line starts, and where the next one does. Unit: bytes. */
export type OnRecord = (record: RecordLine, offset: number, end: number) => void;

/** How much is read at once. Unit: bytes. */
const CHUNK_BYTES = 256 * 1024;

/** A file that starts with this many lines without a record is not a recording. */
const STRANGE_LINES = 100;

/** The name for standard input. */
const STDIN = '-';

/** One record and where its line starts. Unit: bytes. */
export interface PlacedRecord {
  record: RecordLine;
  offset: number;
}

/**
 * The records of a recording, one by one; `counts` grow while it is read. `-` is standard input.
 *
 * With `follow` it waits for more until the summary has come or `signal` says so; a file that was cut short
 * is read again from its beginning.
 * @throws InputError when it can't be opened, is not a recording, or was written by a newer version.
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
 * Hands every record to `onRecord`: the fast way through a long recording. `-` is standard input.
 * @throws as `readRecording`, and what `onRecord` throws.
 */
export async function scanRecording(
  path: string,
  onRecord: OnRecord,
  options: ReadOptions = {},
): Promise<LineCounts> {
  const scan = new Scan(path);
  for await (const _ of scan.chunks(options, onRecord)) {
    // The work is done by `onRecord`.
  }
  return scan.counts;
}

/** One pass over a file. */
class Scan {
  readonly counts: LineCounts = { lines: 0, damaged: 0, unknown: 0 };
  readonly #path: string;
  readonly #name: string;
  #hasStart = false;
  #hasSummary = false;
  #hasRecord = false;

  constructor(path: string) {
    this.#path = path;
    this.#name = path === STDIN ? 'standard input' : path;
  }

  /** Reads chunk after chunk; the caller gets a turn after each. */
  async *chunks(options: ReadOptions, onRecord: OnRecord): AsyncGenerator<void> {
    const { follow = false, signal, onCaughtUp } = options;
    const source = await openSource(this.#path);
    const growth = follow && source.isFile ? new GrowthWatch(this.#path) : undefined;
    const onLine = (text: string | undefined, offset: number, end: number) =>
      this.#take(text, offset, end, onRecord);
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let splitter = new LineSplitter();
    let position = 0;
    try {
      while (signal?.aborted !== true) {
        const length = await source.read(chunk, position);
        position += length;
        if (length > 0) {
          splitter.push(chunk.subarray(0, length), onLine);
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
      // A line without a newline may be complete: the writer may have been stopped before the newline.
      splitter.end(onLine);
    } finally {
      growth?.close();
      await source.close();
    }
    if (signal?.aborted !== true && !this.#hasStart) throw noRecording(this.#name);
  }

  #take(text: string | undefined, offset: number, end: number, onRecord: OnRecord): void {
    this.counts.lines += 1;
    const parsed = text === undefined ? { damaged: 'too long' } : parseRecordLine(text, this.#name);
    if ('damaged' in parsed) {
      this.counts.damaged += 1;
      this.counts.firstDamage ??= { line: this.counts.lines, fault: parsed.damaged };
      if (!this.#hasRecord && this.counts.damaged >= STRANGE_LINES) throw noRecording(this.#name);
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

function noRecording(name: string): InputError {
  return new InputError(name, `${name}: not a cmemstat recording (no start record)`, {
    hint: 'record a run with cmemstat --output FILE -- COMMAND',
  });
}

interface Source {
  isFile: boolean;
  /** Up to the length of the buffer; 0 at the end. */
  read(into: Buffer, position: number): Promise<number>;
  size(): Promise<number>;
  close(): Promise<void>;
}

async function openSource(path: string): Promise<Source> {
  if (path === STDIN) return standardInput();
  try {
    const handle = await open(path, 'r');
    const stat = await handle.stat();
    if (stat.isDirectory()) {
      await handle.close();
      throw new InputError(path, `${path}: is a directory`);
    }
    const isFile = stat.isFile();
    return {
      isFile,
      read: async (into, position) =>
        (await handle.read(into, 0, into.length, isFile ? position : null)).bytesRead,
      size: async () => (await handle.stat()).size,
      close: () => handle.close(),
    };
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(path, `${path}: ${describeErrno(errnoOf(error))}`, { cause: error });
  }
}

/** As a stream: it may be a socket or a non-blocking descriptor. */
function standardInput(): Source {
  const chunks = process.stdin[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  return {
    isFile: false,
    async read(into) {
      if (rest.length === 0) {
        const { done, value } = await chunks.next();
        if (done === true) return 0;
        rest = value as Buffer;
      }
      const length = rest.copy(into);
      rest = rest.subarray(length);
      return length;
    },
    size: async () => 0,
    close: async () => void process.stdin.destroy(),
  };
}

/** Recordings inside HTML reports: packed into a short text, and read back for a replay. */
import { readFileSync, statSync } from 'node:fs';
import { brotliDecompressSync, constants, createBrotliCompress } from 'node:zlib';
import { describeErrno, errnoOf, InputError } from '../errors.ts';
import { readHead } from '../kernel/files/regular-file.ts';
import { tryStat } from '../try-stat.ts';
import { LineDecoder, LineEncoder } from './line-differences.ts';

/** A larger recording is not packed: its report would no longer open quickly. Unit: characters. */
export const MAX_PACKED_LENGTH = 128 * 1024 * 1024;

/** A larger file is not read. Unit: bytes. */
const MAX_REPORT_BYTES = 256 * 1024 * 1024;
/** Of the lines as differences; a hostile report could hold more. Unit: bytes. */
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;
const BATCH_LENGTH = 256 * 1024;

/** Packs the lines of one recording; compresses in another thread. */
export class RecordingPacker {
  readonly #encoder = new LineEncoder();
  readonly #compress = createBrotliCompress({
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 6,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    },
  });
  readonly #chunks: Buffer[] = [];
  readonly #ended: Promise<void>;
  #batch: string[] = [];
  #batchLength = 0;
  #length = 0;

  constructor() {
    this.#compress.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#ended = new Promise((resolve, reject) => {
      this.#compress.on('end', resolve);
      this.#compress.on('error', reject);
    });
  }

  /** Whether the recording is too large; then nothing more is packed. */
  get isTooLarge(): boolean {
    return this.#length > MAX_PACKED_LENGTH;
  }

  /** Adds a line, without its end. */
  add(line: string): void {
    if (this.isTooLarge) return;
    this.#length += line.length + 1;
    const encoded = this.#encoder.encode(line);
    this.#batch.push(encoded);
    this.#batchLength += encoded.length;
    if (this.#batchLength > BATCH_LENGTH) this.#flush();
  }

  /** The packed recording as base64; undefined if it is too large, or empty. */
  async finish(): Promise<string | undefined> {
    this.#flush();
    this.#compress.end();
    await this.#ended;
    return this.isTooLarge || this.#length === 0 ? undefined : Buffer.concat(this.#chunks).toString('base64');
  }

  #flush(): void {
    if (this.#batch.length > 0) this.#compress.write(`${this.#batch.join('\n')}\n`);
    this.#batch = [];
    this.#batchLength = 0;
  }
}

const ELEMENT =
  /<script type="application\/octet-stream" class="recording"[^>]*>([A-Za-z0-9+/=]*)<\/script>/g;
const DOCTYPE = /^\s*<!doctype html/i;

/** Whether a file begins like an HTML document. @throws nothing: a file that cannot be read is not one. */
export function isHtmlFile(path: string): boolean {
  // A named pipe must not be opened: what is written to it would be lost.
  return tryStat(path)?.isFile() === true && DOCTYPE.test(readHead(path, 64)?.toString('latin1') ?? '');
}

/**
 * The lines of the recordings in a report, one text for each.
 * @throws InputError if the report cannot be read, has no recording, or a damaged one.
 */
export function* unpackRecordings(path: string): Generator<string> {
  let found = 0;
  for (const [, packed = ''] of readReport(path).matchAll(ELEMENT)) {
    found += 1;
    yield unpack(packed, path);
  }
  if (found === 0) {
    throw new InputError(path, `${path}: this HTML document contains no recording`, {
      hint: 'make the report without --no-embed, or replay the recording itself',
    });
  }
}

/** @throws InputError if it is damaged. */
function unpack(packed: string, path: string): string {
  try {
    const text = brotliDecompressSync(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_UNPACKED_BYTES });
    return decodeLines(text.toString());
  } catch (error) {
    throw new InputError(path, `${path}: the recording in this report is damaged`, { cause: error });
  }
}

/** @throws RangeError if the recording is longer than one that is packed; an error if a line is damaged. */
function decodeLines(text: string): string {
  const decoder = new LineDecoder();
  let recording = '';
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    recording += `${decoder.decode(text.slice(start, end))}\n`;
    // A small file can hold any number of lines.
    if (recording.length > MAX_PACKED_LENGTH) throw new RangeError('the recording is too large');
    start = end + 1;
  }
  return recording;
}

/** @throws InputError if it cannot be read or is too large. */
function readReport(path: string): string {
  try {
    if (statSync(path).size > MAX_REPORT_BYTES)
      throw new InputError(path, `${path}: is too large for a report`);
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(path, `${path}: ${describeErrno(errnoOf(error))}`, { cause: error });
  }
}

/** Keeps the output of the target while the view covers the terminal, and writes it there afterwards. */
import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeErrno, errnoOf } from '../../../errors.ts';
import { formatBytes } from '../../../format/units.ts';
import { ChunkWriter } from '../../../output/chunk-writer.ts';

/** How much output is kept. */
export interface KeptBounds {
  /** The last lines, in memory. */
  lines: number;
  /** Also a limit for them, as a line may have any length. Unit: bytes. */
  bytes: number;
  /** The maximum size of the file of all output. Unit: bytes. */
  fileBytes: number;
}

const DEFAULT_BOUNDS: KeptBounds = { lines: 10_000, bytes: 8 * 1024 ** 2, fileBytes: 64 * 1024 ** 2 };

const NEWLINE = 0x0a;

/** A part of the output, and the descriptor that it is for. */
interface Piece {
  fd: number;
  bytes: Buffer;
  newlines: number;
}

/**
 * The output in the order of its arrival, unchanged: its last part in memory, and once that is not all,
 * everything in a file of the temporary directory.
 */
export class KeptOutput {
  readonly #bounds: KeptBounds;
  readonly #folder: string;
  readonly #pieces: Piece[] = [];
  #newlines = 0;
  #bytes = 0;
  /** Number of newlines and bytes that are no longer in memory. */
  #dropped = { newlines: 0, bytes: 0 };
  #file: OutputFile | undefined;

  constructor(bounds = DEFAULT_BOUNDS, folder = tmpdir()) {
    this.#bounds = bounds;
    this.#folder = folder;
  }

  /** Keeps a part of the output for a descriptor; resolves when the next one can be taken. Never rejects. */
  async push(fd: number, bytes: Buffer): Promise<void> {
    const piece = { fd, bytes, newlines: countNewlines(bytes) };
    this.#pieces.push(piece);
    this.#newlines += piece.newlines;
    this.#bytes += bytes.length;
    if (this.#file !== undefined) await this.#file.write(bytes);
    else if (this.#isTooMuch) {
      this.#file = new OutputFile(this.#folder, this.#bounds.fileBytes);
      await this.#file.write(Buffer.concat(this.#pieces.map((each) => each.bytes)));
    }
    this.#drop();
  }

  /**
   * Writes the last lines with `write`, one call after the other, and forgets them; returns a message about
   * what was left out, if anything was.
   */
  async print(write: (fd: number, bytes: Buffer) => Promise<void>): Promise<string | undefined> {
    await this.#file?.close();
    let skip = Math.max(0, this.#newlines - this.#bounds.lines);
    const left = { ...this.#dropped };
    for (const { fd, bytes } of this.#pieces.splice(0)) {
      let from = 0;
      for (; skip > 0 && from < bytes.length; skip -= 1)
        from = bytes.indexOf(NEWLINE, from) + 1 || bytes.length;
      left.newlines += countNewlines(bytes.subarray(0, from));
      left.bytes += from;
      await write(fd, bytes.subarray(from));
    }
    this.#newlines = 0;
    this.#bytes = 0;
    return left.bytes === 0 ? undefined : this.#describe(left);
  }

  get #isTooMuch(): boolean {
    return this.#newlines > this.#bounds.lines || this.#bytes > this.#bounds.bytes;
  }

  #drop(): void {
    for (let first = this.#pieces[0]; first !== undefined; first = this.#pieces[0]) {
      const isNeeded =
        this.#newlines - first.newlines < this.#bounds.lines && this.#bytes <= this.#bounds.bytes;
      if (isNeeded || this.#pieces.length === 1) return;
      this.#pieces.shift();
      this.#newlines -= first.newlines;
      this.#bytes -= first.bytes.length;
      this.#dropped.newlines += first.newlines;
      this.#dropped.bytes += first.bytes.length;
    }
  }

  #describe({ newlines, bytes }: { newlines: number; bytes: number }): string {
    const what = newlines === 0 ? formatBytes(bytes) : `${newlines} lines`;
    return `only the end of the output is printed, without the first ${what}; ${this.#file?.describe() ?? 'they are lost'}`;
  }
}

/** The file of all output, or why there is none. Writes one chunk after the other. */
class OutputFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #fd: number | undefined;
  readonly #writer: ChunkWriter | undefined;
  #written = 0;
  #isCut = false;
  #failure: string | undefined;
  #last = Promise.resolve();

  constructor(folder: string, maxBytes: number) {
    // It need not be hard to guess: the file is created, never opened.
    const number = Math.floor(Math.random() * 1e8);
    this.#path = join(folder, `cmemstat-output-${process.pid}-${number}.txt`);
    this.#maxBytes = maxBytes;
    try {
      // Others must not read it, nor place a link there.
      this.#fd = openSync(this.#path, 'wx', 0o600);
      this.#writer = new ChunkWriter(this.#fd, (error) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  write(bytes: Buffer): Promise<void> {
    const fitting = bytes.subarray(0, this.#maxBytes - this.#written);
    this.#written += fitting.length;
    if (fitting.length < bytes.length) this.#isCut = true;
    this.#last = this.#last.then(() => this.#writer?.write(fitting));
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#last;
    this.#writer?.close();
    if (this.#fd !== undefined) closeSync(this.#fd);
  }

  describe(): string {
    if (this.#failure !== undefined) return `the rest is lost: ${this.#path}: ${this.#failure}`;
    if (!this.#isCut) return `all of it is in ${this.#path}`;
    return `its first ${formatBytes(this.#maxBytes)} are in ${this.#path}; --stdout FILE and --stderr FILE store all of it`;
  }

  #fail(error: unknown): void {
    this.#failure = describeErrno(errnoOf(error));
  }
}

/** Not by indexOf, which takes ten times as long where lines are short. */
function countNewlines(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === NEWLINE) count += 1;
  return count;
}

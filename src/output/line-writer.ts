/** Writes lines to a file descriptor without blocking the sampler. */
import { fstatSync, ftruncateSync, write } from 'node:fs';
import { describeErrno, errnoOf, OutputError } from '../errors.ts';

/** Maximum queue size for a slow reader; beyond it, complete lines are dropped. Unit: bytes. */
const QUEUE_LIMIT_BYTES = 8 * 1024 * 1024;

/** A larger piece of output gets a buffer of its own, which is not kept. Unit: bytes. */
const MAX_KEPT_BYTES = 256 * 1024;

/** Delay before retrying a full non-blocking descriptor. Unit: milliseconds. */
const RETRY_MS = 5;

/**
 * A queue of lines for a file descriptor. Writes run in the background, in order. After a failure nothing
 * more is written, and a partially written line is removed from a file so that it contains only complete
 * lines.
 */
export class LineWriter {
  readonly #fd: number;
  readonly #name: string;
  readonly #onError: (error: OutputError) => void;
  #queue: string[] = [];
  #queuedBytes = 0;
  #busy = false;
  #failed = false;
  #dropped = 0;
  #idle: (() => void)[] = [];
  /**
   * Reused for all writes, of which there is one at a time. Memory outside of V8's heap is freed late: a new
   * buffer for each write adds up to 50 MiB on Node.js 24.
   */
  #buffer = Buffer.allocUnsafeSlow(0);

  /** `name` is the name of the output in errors; `onError` is called at most once. */
  constructor(fd: number, name: string, onError: (error: OutputError) => void) {
    this.#fd = fd;
    this.#name = name;
    this.#onError = onError;
  }

  /** Number of lines dropped because the reader was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Queues a line (without its newline). `indispensable` lines are queued regardless of the queue size.
   * Returns false if the line was dropped because the reader is too slow.
   */
  write(line: string, indispensable = false): boolean {
    if (this.#failed) return true;
    if (!indispensable && this.#queuedBytes > QUEUE_LIMIT_BYTES) {
      this.#dropped += 1;
      return false;
    }
    this.#queue.push(line, '\n');
    this.#queuedBytes += line.length + 1;
    if (!this.#busy) this.#writeNext();
    return true;
  }

  /** Resolves when all lines are written, or writing has failed. */
  flush(): Promise<void> {
    if (!this.#busy) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #writeNext(): void {
    if (this.#queue.length === 0) {
      this.#busy = false;
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#busy = true;
    const text = this.#queue.join('');
    this.#queue = [];
    this.#queuedBytes = 0;
    const length = Buffer.byteLength(text);
    const buffer = this.#bufferFor(length);
    buffer.write(text);
    this.#writeFrom(buffer.subarray(0, length), 0);
  }

  #bufferFor(length: number): Buffer {
    if (length <= this.#buffer.length) return this.#buffer;
    const buffer = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(length)));
    if (buffer.length <= MAX_KEPT_BYTES) this.#buffer = buffer;
    return buffer;
  }

  #writeFrom(chunk: Buffer, offset: number): void {
    write(this.#fd, chunk, offset, chunk.length - offset, null, (error, written) => {
      if (error !== null && errnoOf(error) === 'EAGAIN') {
        setTimeout(() => this.#writeFrom(chunk, offset), RETRY_MS);
      } else if (error !== null) {
        this.#fail(error, chunk.subarray(0, offset));
      } else if (offset + written < chunk.length) {
        this.#writeFrom(chunk, offset + written);
      } else {
        this.#writeNext();
      }
    });
  }

  #fail(error: NodeJS.ErrnoException, written: Buffer): void {
    this.#failed = true;
    this.#queue = [];
    const partBytes = written.length - (written.lastIndexOf(0x0a) + 1);
    if (partBytes > 0) this.#takeBack(partBytes);
    this.#onError(
      new OutputError(this.#name, `cannot write to ${this.#name}: ${describeErrno(errnoOf(error))}`, {
        cause: error,
      }),
    );
    this.#writeNext();
  }

  #takeBack(bytes: number): void {
    try {
      const stat = fstatSync(this.#fd);
      if (stat.isFile()) ftruncateSync(this.#fd, stat.size - bytes);
    } catch {
      // The error of the write is the one to report.
    }
  }
}

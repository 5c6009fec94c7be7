/** Writing lines to a file descriptor without ever making the sampler wait. */
import { fstatSync, ftruncateSync, write } from 'node:fs';
import { describeErrno, errnoOf, OutputError } from '../errors.ts';

/** How much may wait for a slow reader before whole lines are left out. Unit: bytes. */
const QUEUE_LIMIT_BYTES = 8 * 1024 * 1024;

/** The delay before a full non-blocking descriptor is tried again. Unit: milliseconds. */
const RETRY_MS = 5;

/**
 * A queue of lines in front of a file descriptor. Writes run in the background, in order. After a failure
 * nothing more is written, and the part of a line that made it into a file is taken away again: what is there
 * stays whole lines.
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

  /** `name` is what an error calls the output; `onError` is called once at most. */
  constructor(fd: number, name: string, onError: (error: OutputError) => void) {
    this.#fd = fd;
    this.#name = name;
    this.#onError = onError;
  }

  /** Lines that were left out because the reader was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Queues a line (without its newline). `indispensable` lines are queued however long the queue is. False
   * when the line was left out for the reader's sake.
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

  /** Settles when all lines are written, or writing has failed. */
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
    const chunk = Buffer.from(this.#queue.join(''));
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#writeFrom(chunk, 0);
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
      // The write's own error is the one to report.
    }
  }
}

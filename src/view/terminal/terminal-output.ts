/** Writes to a terminal that may block: a stalled SSH link must not block the whole program. */
import { writeSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';

/** Delay before retrying a full terminal. Unit: milliseconds. */
const RETRY_MS = 15;

/** Ends an escape sequence that was cut off. Source: ECMA-48 8.3.15 CAN, vt100 user guide. */
const CANCEL = '\x18';

/** Writes to a file descriptor that does not block. */
export class TerminalOutput {
  readonly #fd: number;
  /** Output that the terminal has not accepted yet. */
  #rest: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLost = false;
  readonly #onFree: () => void;
  readonly #onLost: () => void;

  /**
   * `onFree`: everything was written, after `isBusy`. `onLost`: the terminal no longer exists; called once.
   * Neither is called from within `write`.
   */
  constructor(fd: number, onFree: () => void, onLost: () => void) {
    this.#fd = fd;
    this.#onFree = onFree;
    this.#onLost = onLost;
  }

  /** Whether a write would have to wait. */
  get isBusy(): boolean {
    return this.#rest !== undefined;
  }

  /** Writes as much as the terminal accepts now, and the rest later. */
  write(text: string): void {
    if (this.#isLost || text === '') return;
    const bytes = Buffer.from(text);
    this.#rest = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#push();
    this.#retryLater();
  }

  /**
   * Writes without the event loop, for closing. Pending output is dropped. Stops if the terminal accepts
   * nothing for this long.
   */
  finish(text: string, timeoutMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isLost) return;
    this.#rest = Buffer.from(this.#rest === undefined ? text : CANCEL + text);
    const clock = new Int32Array(new SharedArrayBuffer(4));
    for (let waitedMs = 0; waitedMs <= timeoutMs; waitedMs += RETRY_MS) {
      this.#push();
      if (this.#rest === undefined) return;
      Atomics.wait(clock, 0, 0, RETRY_MS);
    }
    this.#rest = undefined;
  }

  #push(): void {
    while (this.#rest !== undefined) {
      try {
        const written = writeSync(this.#fd, this.#rest);
        this.#rest = written < this.#rest.length ? this.#rest.subarray(written) : undefined;
      } catch (error) {
        if (errnoOf(error) === 'EAGAIN') return;
        this.#isLost = true;
        this.#rest = undefined;
        setImmediate(this.#onLost);
      }
    }
  }

  #retryLater(): void {
    if (this.#rest === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#push();
      if (this.#rest === undefined) this.#onFree();
      else this.#retryLater();
    }, RETRY_MS).unref();
  }
}

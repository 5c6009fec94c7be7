/** Passing bytes on to a descriptor that may not take them, without the event loop ever waiting for it. */
import { closeSync, constants, fstatSync, openSync, write } from 'node:fs';
import { isatty } from 'node:tty';
import { errnoOf } from '../../errors.ts';

const { O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants;

/** When a descriptor that took nothing is tried again. Unit: milliseconds. */
const RETRY_MS = 10;

/**
 * Writes one chunk after the other. What waits is the caller's one chunk, so that a slow reader slows down
 * who writes, and no queue grows. After a failure everything is thrown away.
 */
export class ChunkWriter {
  readonly #fd: number;
  readonly #ownFd: number | undefined;
  readonly #onError: (error: NodeJS.ErrnoException) => void;
  #isClosed = false;

  /** `fd` stays the caller's. `onError` is called once at most. */
  constructor(fd: number, onError: (error: NodeJS.ErrnoException) => void) {
    this.#ownFd = openAnew(fd);
    this.#fd = this.#ownFd ?? fd;
    this.#onError = onError;
  }

  /** Settles when all of it is written, or never will be; never rejects. Not to be called before that. */
  async write(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.length > 0 && !this.#isClosed) rest = rest.subarray(await this.#writeSome(rest));
  }

  /** Gives up what is not written yet; may be called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#ownFd !== undefined) closeSync(this.#ownFd);
  }

  #writeSome(chunk: Uint8Array): Promise<number> {
    return new Promise((resolve) => {
      write(this.#fd, chunk, (error, written) => {
        if (error === null) resolve(written);
        else if (errnoOf(error) === 'EAGAIN') setTimeout(resolve, RETRY_MS, 0);
        else {
          if (!this.#isClosed) this.#onError(error);
          this.close();
          resolve(0);
        }
      });
    });
  }
}

/**
 * A terminal or a named pipe, opened anew: not to wait is a property of what was opened, which others may
 * share. A few writes that wait would hold all others up too, as there are few threads for them.
 */
function openAnew(fd: number): number | undefined {
  try {
    if (!isatty(fd) && !fstatSync(fd).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NOCTTY | O_NONBLOCK);
  } catch {
    // Another user's terminal, as after `su`, or a pipe without a reader: use the descriptor itself.
    return undefined;
  }
}

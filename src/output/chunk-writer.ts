/** Writes bytes to a descriptor that may be slow, without blocking the event loop. */
import { closeSync, constants, fstatSync, openSync, write } from 'node:fs';
import { isatty } from 'node:tty';
import { errnoOf } from '../errors.ts';

const { O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants;

/** Delay before retrying a full descriptor. Unit: milliseconds. */
const RETRY_MS = 10;

/**
 * Writes one chunk at a time. The caller keeps at most one pending chunk, so a slow reader slows down the
 * writer and no queue grows. After a failure all data is discarded.
 */
export class ChunkWriter {
  readonly #fd: number;
  readonly #ownFd: number | undefined;
  readonly #onError: (error: NodeJS.ErrnoException) => void;
  #isClosed = false;

  /** The caller keeps ownership of `fd`. `onError` is called at most once. */
  constructor(fd: number, onError: (error: NodeJS.ErrnoException) => void) {
    this.#ownFd = reopen(fd);
    this.#fd = this.#ownFd ?? fd;
    this.#onError = onError;
  }

  /** Resolves when everything is written or discarded; never rejects. Do not call it again before that. */
  async write(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.length > 0 && !this.#isClosed) rest = rest.subarray(await this.#writeSome(rest));
  }

  /** Discards pending data; may be called more than once. */
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
 * Reopens a terminal or named pipe: O_NONBLOCK is a property of the open file description, which may be
 * shared with other processes. Blocking writes would occupy the few threads of Node.js.
 */
function reopen(fd: number): number | undefined {
  try {
    if (!isatty(fd) && !fstatSync(fd).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NOCTTY | O_NONBLOCK);
  } catch {
    // A terminal of another user, as after `su`, or a pipe without a reader: use the descriptor itself.
    return undefined;
  }
}

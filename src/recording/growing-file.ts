/** Waits for a file that is still being written to grow. */
import { type FSWatcher, watch } from 'node:fs';

/** Poll interval, in case there is no watch or it misses a change. Unit: milliseconds. */
const POLL_MS = 250;

/** Reports when a file may have changed. */
export class GrowthWatch {
  #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(path: string) {
    try {
      this.#watcher = watch(path, { persistent: false }, () => this.#notice());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // inotify is unavailable, or the limit of watches is reached: rely on polling.
    }
  }

  /** Resolves at the next change, after the poll interval, or when the signal is aborted. */
  async wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#changed || signal?.aborted === true) {
      this.#changed = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, POLL_MS);
      signal?.addEventListener('abort', done);
      this.#wake = done;
    });
    this.#changed = false;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #notice(): void {
    this.#changed = true;
    this.#wake?.();
  }
}

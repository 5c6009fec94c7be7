/** Notices on cgroup v1 that the memory of a leaf rises above a size. */
import { closeSync, openSync, read, write, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A threshold that is this far from the requested one is kept. */
const NEAR_SHARE = 0.05;
const NEAR_BYTES = 4 * 1024 * 1024;

/** The number 1 in eventfd format: 8 bytes in native byte order. */
const ONE = Buffer.from(new BigUint64Array([1n]).buffer);

/** A registered eventfd; closing it removes the threshold. */
interface Armed {
  /** Undefined until it has been created. */
  fd: number | undefined;
  aboveBytes: number;
  isObsolete: boolean;
}

/**
 * A threshold on memory.usage_in_bytes. Registering waits for the kernel for 8 to 60 ms (RCU), so a thread
 * does it; it is for memory that does not move. Source: `__mem_cgroup_usage_register_event` in
 * mm/memcontrol-v1.c, Documentation/admin-guide/cgroup-v1/memory.rst, section 9.
 */
export class UsageThreshold {
  readonly #control: number;
  readonly #usage: number;
  readonly #createEventFd: () => Promise<number>;
  readonly #onRise: () => void;
  readonly #counter = Buffer.alloc(8);
  #armed: Armed | undefined;
  #isClosed = false;

  /** @throws Error with the errno if the leaf has no such files. */
  constructor(directory: string, createEventFd: () => Promise<number>, onRise: () => void) {
    this.#usage = openSync(join(directory, 'memory.usage_in_bytes'), 'r');
    this.#control = openSync(join(directory, 'cgroup.event_control'), 'w');
    this.#createEventFd = createEventFd;
    this.#onRise = onRise;
    // After an unexpected error, Node.js waits for its threads before it exits.
    process.once('exit', this.#onExit);
  }

  /** Moves the threshold, unless there is one close to this size. Failures only cost the notification. */
  watch(aboveBytes: number): void {
    if (this.#isClosed) return;
    const armed = this.#armed;
    if (armed === undefined) return void this.#arm(Math.ceil(aboveBytes));
    const near = Math.max(NEAR_BYTES, aboveBytes * NEAR_SHARE);
    if (!armed.isObsolete && armed.aboveBytes - aboveBytes > near) this.#disarm(armed);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.off('exit', this.#onExit);
    if (this.#armed === undefined) this.#closeFiles();
    else this.#disarm(this.#armed);
  }

  readonly #onExit = (): void => this.close();

  async #arm(aboveBytes: number): Promise<void> {
    const armed: Armed = { fd: undefined, aboveBytes, isObsolete: false };
    this.#armed = armed;
    try {
      armed.fd = await this.#createEventFd();
    } catch {
      // Without koffi there are no notifications.
      this.close();
    }
    const { fd } = armed;
    if (fd === undefined || this.#isClosed) return this.#finish(armed);
    write(this.#control, `${fd} ${this.#usage} ${aboveBytes}`, null, 'latin1', (error) => {
      if (error === null) read(fd, this.#counter, 0, 8, null, () => this.#finish(armed));
      else this.#finish({ ...armed, isObsolete: true });
    });
  }

  /** Ends the pending read: it blocks a thread until something is written. */
  #disarm(armed: Armed): void {
    armed.isObsolete = true;
    if (armed.fd !== undefined) writeSync(armed.fd, ONE);
  }

  #finish({ fd, isObsolete }: Armed): void {
    if (fd !== undefined) closeSync(fd);
    this.#armed = undefined;
    if (this.#isClosed) this.#closeFiles();
    else if (!isObsolete) this.#onRise();
  }

  #closeFiles(): void {
    closeSync(this.#control);
    closeSync(this.#usage);
  }
}

/** Compares passwords with bcrypt hashes in a thread of its own, so that requests are not delayed. */
import { Worker } from 'node:worker_threads';
// The program that the thread runs, as text: one file, which the package does not export.
import bcryptProgram from '../../../../node_modules/bcryptjs/umd/index.js?raw';

/** The thread takes 16 MiB; it ends after this time without a comparison. Unit: milliseconds. */
const IDLE_MS = 30_000;

const THREAD = `
const { parentPort } = require('node:worker_threads');
const bcrypt = ((module) => { const { exports } = module; ${'PROGRAM'}
return module.exports; })({ exports: {} });
parentPort.on('message', ({ id, password, hash }) => {
  let matches = false;
  try { matches = bcrypt.compareSync(password, hash); } catch {}
  parentPort.postMessage({ id, matches });
});`;

interface Comparison {
  resolve(matches: boolean): void;
  reject(error: Error): void;
}

/** Compares one password after the other. */
export class BcryptThread {
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 0;
  readonly #waiting = new Map<number, Comparison>();

  /** @throws Error if the thread ends, for lack of memory for example. */
  compare(password: string, hash: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#worker ??= this.#open();
      clearTimeout(this.#idle);
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, password, hash });
    });
  }

  /** Ends the thread; what is being compared fails. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#forget();
    await worker?.terminate();
  }

  #forget(): void {
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(new Error('the thread has ended'));
    this.#waiting.clear();
  }

  #open(): Worker {
    const worker = new Worker(
      THREAD.replace('PROGRAM', () => bcryptProgram),
      {
        eval: true,
        env: {},
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
      },
    );
    worker.unref();
    worker.on('message', ({ id, matches }: { id: number; matches: boolean }) => {
      this.#waiting.get(id)?.resolve(matches);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    });
    // What waits after it was replaced is for another thread.
    const end = () => {
      if (this.#worker === worker) this.#forget();
    };
    worker.on('error', end);
    worker.on('exit', end);
    return worker;
  }
}

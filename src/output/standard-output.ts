/** What a command prints, whole or with an error: a full disk must not look like a result. */
import { errnoOf, type OutputError } from '../errors.ts';
import { LineWriter } from './line-writer.ts';

/** Standard output for texts. */
export class StandardOutput {
  readonly #writer: LineWriter;
  #error: OutputError | undefined;

  constructor() {
    this.#writer = new LineWriter(1, 'standard output', (error) => {
      this.#error = error;
    });
  }

  /** Whether nothing more can be written, as after `| head`. */
  get isClosed(): boolean {
    return this.#error !== undefined;
  }

  /** Writes a text, and the newline at its end. A closed pipe is not an error. @throws OutputError. */
  async write(text: string): Promise<void> {
    this.#writer.write(text, true);
    await this.#writer.flush();
    if (this.#error !== undefined && errnoOf(this.#error.cause) !== 'EPIPE') throw this.#error;
  }
}

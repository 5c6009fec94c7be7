/**
 * Writes the output of a command completely, or fails: output truncated by a full disk must not look
 * complete.
 */
import { errnoOf, type OutputError } from '../errors.ts';
import { wrapLines } from '../format/wrap-lines.ts';
import { LineWriter } from './line-writer.ts';
import { terminalWidth } from './terminal-width.ts';

/** Standard output for text. */
export class StandardOutput {
  readonly #writer: LineWriter;
  #error: OutputError | undefined;

  constructor() {
    this.#writer = new LineWriter(1, 'standard output', (error) => {
      this.#error = error;
    });
  }

  /** Whether the output is closed, as after `| head`. */
  get isClosed(): boolean {
    return this.#error !== undefined;
  }

  /**
   * Writes lines of text, broken at the width of a terminal. A closed pipe is not an error. @throws
   * OutputError.
   */
  writeLines(lines: readonly string[]): Promise<void> {
    return this.write(wrapLines(lines, terminalWidth(1)).join('\n'));
  }

  /** Writes a text and a newline. A closed pipe is not an error. @throws OutputError. */
  async write(text: string): Promise<void> {
    this.#writer.write(text, true);
    await this.#writer.flush();
    if (this.#error !== undefined && errnoOf(this.#error.cause) !== 'EPIPE') throw this.#error;
  }
}

/**
 * Writes the output of a command completely, or fails: output truncated by a full disk must not look
 * complete.
 */
import { errnoOf, type OutputError } from '../errors.ts';
import { printableLines } from '../format/wrap-lines.ts';
import { LineWriter } from './line-writer.ts';
import { terminalWidth } from './terminal-width.ts';

/** Small enough that the buffer of the writer is reused. Unit: characters. */
const CHUNK_LENGTH = 64 * 1024;

/** Standard output for text. */
export class StandardOutput {
  readonly #writer: LineWriter;
  #error: OutputError | undefined;

  /** `fd` replaces standard output in tests. */
  constructor(fd = 1) {
    this.#writer = new LineWriter(fd, 'standard output', (error) => {
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
    return this.write(printableLines(lines, terminalWidth(1)).join('\n'));
  }

  /** Writes lines of any length, some at a time. A closed pipe is not an error. @throws OutputError. */
  async writeAll(lines: Iterable<string>): Promise<void> {
    let chunk: string[] = [];
    let length = 0;
    for (const line of lines) {
      chunk.push(line);
      length += line.length;
      if (length < CHUNK_LENGTH) continue;
      await this.write(chunk.join('\n'));
      if (this.isClosed) return;
      chunk = [];
      length = 0;
    }
    if (chunk.length > 0) await this.write(chunk.join('\n'));
  }

  /** Writes a text and a newline. A closed pipe is not an error. @throws OutputError. */
  async write(text: string): Promise<void> {
    this.#writer.write(text, true);
    await this.#writer.flush();
    if (this.#error !== undefined && errnoOf(this.#error.cause) !== 'EPIPE') throw this.#error;
  }
}

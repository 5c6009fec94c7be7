/** The progress line of a series of runs. */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const STANDARD_ERROR = 2;

/** Moves to the first column and clears the line. */
const CLEAR = '\r\x1b[K';

/** A line that is overwritten; shows nothing if standard error is not a terminal. */
export class ProgressLine {
  readonly #isTerminal = isatty(STANDARD_ERROR);
  #isShown = false;

  show(text: string): void {
    if (this.#isTerminal) this.#write(`${CLEAR}${text}`);
    this.#isShown = true;
  }

  /** Leaves the line as it is; later output starts below it. */
  endLine(): void {
    if (this.#isTerminal && this.#isShown) this.#write('\n');
    this.#isShown = false;
  }

  /** Clears the line for later output. */
  clear(): void {
    if (this.#isTerminal && this.#isShown) this.#write(CLEAR);
    this.#isShown = false;
  }

  #write(text: string): void {
    try {
      writeSync(STANDARD_ERROR, text);
    } catch {
      // Errors of the progress line are ignored.
    }
  }
}

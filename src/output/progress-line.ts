/** The progress line of a series of runs. */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const STANDARD_ERROR = 2;

/** Back to the first column, and the line emptied from there on. */
const CLEAR = '\r\x1b[K';

/** A line that is overwritten; shows nothing if standard error is not a terminal. */
export class ProgressLine {
  readonly #isTerminal = isatty(STANDARD_ERROR);
  #isShown = false;

  show(text: string): void {
    if (this.#isTerminal) this.#write(`${CLEAR}${text}`);
    this.#isShown = true;
  }

  /** Leaves the line as it is: what comes next begins below it. */
  endLine(): void {
    if (this.#isTerminal && this.#isShown) this.#write('\n');
    this.#isShown = false;
  }

  /** Leaves an empty line for what comes next. */
  clear(): void {
    if (this.#isTerminal && this.#isShown) this.#write(CLEAR);
    this.#isShown = false;
  }

  #write(text: string): void {
    try {
      writeSync(STANDARD_ERROR, text);
    } catch {
      // Progress is not worth a failure.
    }
  }
}

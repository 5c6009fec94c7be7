/** The messages of cmemstat to the user, apart from the results. */
import type { LineWriter } from './line-writer.ts';

/** Takes lines, without their newline and without the name of the program. */
export interface Log {
  /** How something was done: shown with `--verbose`. */
  debug(line: string): void;
  /** What has happened as it should: hidden by `--quiet`. */
  info(line: string): void;
  /** What went wrong, or what the results lack: always shown. */
  warn(line: string): void;
}

/** Which lines are shown. */
export interface LogLevel {
  verbose: boolean;
  quiet: boolean;
}

/** How many lines are kept while they are buffered. */
const MAX_BUFFERED_LINES = 1000;

/** Lines on standard error; they can be buffered while the terminal shows something else. */
export class StandardErrorLog implements Log {
  readonly #writer: LineWriter;
  readonly #level: LogLevel;
  #buffered: string[] | undefined;
  #leftOut = 0;
  #mirror: ((line: string) => void) | undefined;

  constructor(writer: LineWriter, level: LogLevel) {
    this.#writer = writer;
    this.#level = level;
  }

  debug(line: string): void {
    if (this.#level.verbose) this.#show(line);
  }

  info(line: string): void {
    if (!this.#level.quiet) this.#show(line);
  }

  warn(line: string): void {
    this.#show(line);
  }

  /**
   * Keeps lines from standard error until `writeBuffered`; of very many the last ones. Each is shown by
   * `mirror` at once.
   */
  buffer(mirror: (line: string) => void): void {
    this.#buffered ??= [];
    this.#mirror = mirror;
  }

  /** Writes what was buffered; from now on lines are written at once, and not mirrored. */
  writeBuffered(): void {
    const lines = this.#buffered ?? [];
    this.#buffered = undefined;
    this.#mirror = undefined;
    if (this.#leftOut > 0) this.#show(`${this.#leftOut} earlier lines are left out`);
    this.#leftOut = 0;
    for (const line of lines) this.#writer.write(line, true);
  }

  /** Settles when standard error has taken everything. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  #show(text: string): void {
    const line = `cmemstat: ${text}`;
    this.#mirror?.(line);
    if (this.#buffered === undefined) this.#writer.write(line, true);
    else if (this.#buffered.push(line) > MAX_BUFFERED_LINES) {
      this.#buffered.shift();
      this.#leftOut += 1;
    }
  }
}

/** Messages of cmemstat to the user, other than results. */
import { errnoOf, type OutputError } from '../errors.ts';
import { safeText } from '../format/safe-text.ts';
import { printableLines } from '../format/wrap-lines.ts';
import { LineWriter } from './line-writer.ts';
import { terminalWidth } from './terminal-width.ts';

const STDERR = 2;

/** Receives lines, without newline and program name. */
export interface Log {
  /** Details: shown with `--verbose`. */
  debug(line: string): void;
  /** Normal events: hidden by `--quiet`. */
  info(line: string): void;
  /** Failures and missing results: always shown. */
  warn(line: string): void;
}

/** The verbosity. */
export interface LogLevel {
  verbose: boolean;
  quiet: boolean;
}

/** Maximum number of buffered lines. */
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
   * Buffers lines until `writeBuffered`, keeping only the last ones beyond the maximum. Each line is passed
   * to `mirror` immediately.
   */
  buffer(mirror: (line: string) => void): void {
    this.#buffered ??= [];
    this.#mirror = mirror;
  }

  /** Writes the buffered lines; later lines are written immediately and not mirrored. */
  writeBuffered(): void {
    const lines = this.#buffered ?? [];
    this.#buffered = undefined;
    this.#mirror = undefined;
    if (this.#leftOut > 0) this.#show(`${this.#leftOut} earlier lines are left out`);
    this.#leftOut = 0;
    for (const line of lines) this.#write(line);
  }

  /** Resolves when standard error has accepted everything. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  #write(text: string): void {
    for (const line of printableLines(text.split('\n'), terminalWidth(STDERR)))
      this.#writer.write(line, true);
  }

  #show(text: string): void {
    // The view shows it too.
    const line = `cmemstat: ${text.split('\n').map(safeText).join('\n')}`;
    this.#mirror?.(line);
    if (this.#buffered === undefined) this.#write(line);
    else if (this.#buffered.push(line) > MAX_BUFFERED_LINES) {
      this.#buffered.shift();
      this.#leftOut += 1;
    }
  }
}

/** A log for commands that run no target: it shows everything but details. Flush it before the end. */
export function openLog(): Pick<Log, 'warn'> & {
  /**
   * Resolves when standard error has accepted everything. A closed pipe is not an error. @throws OutputError.
   */
  flush(): Promise<void>;
} {
  let failure: OutputError | undefined;
  const writer = new LineWriter(STDERR, 'standard error', (error) => {
    if (errnoOf(error.cause) !== 'EPIPE') failure = error;
  });
  const log = new StandardErrorLog(writer, { verbose: false, quiet: false });
  return {
    warn: (line) => log.warn(line),
    async flush() {
      await log.flush();
      if (failure !== undefined) throw failure;
    },
  };
}

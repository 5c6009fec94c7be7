/** The target's output as the view keeps it: bounded, in the order in which lines ended, stderr marked. */
import type { Line, Span } from './line.ts';
import { TerminalText } from './terminal-text.ts';
import type { OutputView } from './view.ts';

/** What every line begins with, so that stderr is not told by colour alone. Equally wide. */
const MARKS = { stdout: { text: '  ' }, stderr: { text: '! ', style: 'warning' } } as const satisfies Record<
  string,
  Span
>;

/** What is kept. */
export interface OutputBounds {
  lines: number;
  /** About as much memory as the lines may take. */
  bytes: number;
}

const DEFAULT_BOUNDS: OutputBounds = { lines: 10_000, bytes: 8 * 1024 * 1024 };

/** What a span and a line take beside their text. Unit: bytes, about. */
const SPAN_BYTES = 64;

/** Takes both streams, keeps the last lines. */
export class OutputBuffer {
  readonly #bounds: OutputBounds;
  readonly #streams = { stdout: new TerminalText(), stderr: new TerminalText() };
  /** Those before `#first` are gone. */
  #lines: Line[] = [];
  #first = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(bounds: OutputBounds = DEFAULT_BOUNDS) {
    this.#bounds = bounds;
  }

  /** Takes what the target has written, in pieces of any size. */
  push(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    for (const ended of this.#streams[stream].push(chunk)) {
      const line = [MARKS[stream], ...ended];
      this.#lines.push(line);
      this.#bytes += bytesOf(line);
    }
    this.#drop();
  }

  /** What there is now, with the lines that have not ended yet at the end. */
  view(): OutputView {
    const lines = this.#lines.slice(this.#first);
    for (const stream of ['stdout', 'stderr'] as const) {
      const { open } = this.#streams[stream];
      if (open !== undefined) lines.push([MARKS[stream], ...open]);
    }
    return { lines, dropped: this.#dropped };
  }

  #drop(): void {
    while (
      this.#lines.length - this.#first > this.#bounds.lines ||
      (this.#bytes > this.#bounds.bytes && this.#first < this.#lines.length)
    ) {
      this.#bytes -= bytesOf(this.#lines[this.#first] ?? []);
      this.#first += 1;
      this.#dropped += 1;
    }
    // Moved together now and then: removing the first of an array one by one would move all the others each time.
    if (this.#first > this.#bounds.lines) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }
}

/** Two bytes a character at most, and what holds them. */
function bytesOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + SPAN_BYTES + 2 * text.length, SPAN_BYTES);
}

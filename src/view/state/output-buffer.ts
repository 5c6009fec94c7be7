/** The target's output as the view keeps it: bounded, in the order in which lines ended, stderr marked. */
import type { Line, Span } from '../text/line.ts';
import { TerminalText } from '../text/terminal-text.ts';
import type { OutputView } from './view.ts';

/** What every line begins with, so that stderr is not marked by colour alone. Equally wide. */
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
const SPAN_BYTES = 128;

/** What a line is whose memory is free again. */
const GONE: Line = [];

const NEWLINE = 0x0a;
const ESC = 0x1b;
/** What controls of ISO 6429 as one character begin with, in UTF-8. */
const C1_LEAD = 0xc2;

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
    const text = this.#streams[stream];
    const needless = findNeedless(chunk, this.#bounds.lines);
    let from = 0;
    if (needless !== undefined) {
      from = needless.from;
      this.#add(stream, text.push(chunk.subarray(0, from)));
      if (!text.isWithinSequence) {
        this.#dropped += needless.lines;
        from = needless.to;
      }
    }
    this.#add(stream, text.push(chunk.subarray(from)));
    this.#drop();
  }

  #add(stream: 'stdout' | 'stderr', lines: Line[]): void {
    for (const ended of lines) {
      const line = [MARKS[stream], ...ended];
      this.#lines.push(line);
      this.#bytes += bytesOf(line);
    }
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
      this.#bytes -= bytesOf(this.#lines[this.#first] ?? GONE);
      this.#lines[this.#first] = GONE;
      this.#first += 1;
      this.#dropped += 1;
    }
    // Moved together now and then: removing the first of an array one by one would move all the others each
    // time.
    if (this.#first > this.#lines.length / 2) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }
}

/**
 * The whole lines in a piece that are gone as soon as it is taken, because of the number of lines after them.
 * None where there are escape sequences: they may change the style of what follows, or take newlines along.
 */
function findNeedless(chunk: Buffer, kept: number): { from: number; to: number; lines: number } | undefined {
  if (chunk.length <= kept) return undefined;
  const from = chunk.indexOf(NEWLINE) + 1;
  if (from === 0 || chunk.includes(ESC, from) || chunk.includes(C1_LEAD, from)) return undefined;
  let to = chunk.length;
  for (let ended = 0; to > from; to -= 1) {
    if (chunk[to - 1] === NEWLINE) ended += 1;
    if (ended > kept) break;
  }
  const lines = chunk.subarray(from, to).reduce((sum, byte) => (byte === NEWLINE ? sum + 1 : sum), 0);
  return lines === 0 ? undefined : { from, to, lines };
}

/** Two bytes a character at most, and what holds them. */
function bytesOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + SPAN_BYTES + 2 * text.length, SPAN_BYTES);
}

/** Stores the output of the target for the view: bounded, lines in order of completion, stderr marked. */
import type { Line, Span } from '../text/line.ts';
import { TerminalText } from '../text/terminal-text.ts';
import type { OutputView } from './view.ts';

/** The prefix of each line, so that stderr is not marked by colour alone. Both have the same width. */
const MARKS = { stdout: { text: '  ' }, stderr: { text: '! ', style: 'warning' } } as const satisfies Record<
  string,
  Span
>;

/** The stored lines. */
export interface OutputBounds {
  lines: number;
  /** Approximate memory limit for the lines. */
  bytes: number;
}

const DEFAULT_BOUNDS: OutputBounds = { lines: 10_000, bytes: 8 * 1024 * 1024 };

/** Approximate overhead of a span and a line besides their text. Unit: bytes. */
const SPAN_BYTES = 128;

/** Placeholder for a line whose memory has been freed. */
const GONE: Line = [];

const NEWLINE = 0x0a;
const ESC = 0x1b;
/** First byte of C1 control characters of ISO 6429 in UTF-8. */
const C1_LEAD = 0xc2;

/** Accepts both streams and keeps the last lines. */
export class OutputBuffer {
  readonly #bounds: OutputBounds;
  readonly #streams = { stdout: new TerminalText(), stderr: new TerminalText() };
  /** Lines before `#first` have been dropped. */
  #lines: Line[] = [];
  #first = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(bounds: OutputBounds = DEFAULT_BOUNDS) {
    this.#bounds = bounds;
  }

  /** Processes output of the target, in chunks of any size. */
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

  /** The current lines, with incomplete lines at the end. */
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
    // Compacted occasionally: removing the first element of an array each time would move all others.
    if (this.#first > this.#lines.length / 2) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }
}

/**
 * The number of complete lines in a chunk that would be dropped immediately because of the lines after them.
 * 0 if there are escape sequences: they may change the style of later text, or contain newlines.
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

/** At most two bytes per character, plus overhead. */
function bytesOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + SPAN_BYTES + 2 * text.length, SPAN_BYTES);
}

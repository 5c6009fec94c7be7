/**
 * Splits a byte stream into lines. Splitting at the newline byte is safe because UTF-8 never contains it
 * within a character.
 */

const NEWLINE = 0x0a;

/** The maximum length of a line of a recording. Unit: bytes. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Receives a line; `text` is undefined if the line was too long. `offset` is its start, `end` the start of
 * the next line. Unit: bytes.
 */
export type OnLine = (text: string | undefined, offset: number, end: number) => void;

/** Emits complete lines, and buffers an incomplete one. */
export class LineSplitter {
  readonly #maxBytes: number;
  /** The chunks of the incomplete line. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** Offset of that line. Unit: bytes. */
  #offset: number;
  /** The line is too long and its contents are dropped. */
  #tooLong = false;

  constructor(offset = 0, maxBytes = MAX_LINE_BYTES) {
    this.#offset = offset;
    this.#maxBytes = maxBytes;
  }

  /** The length of the incomplete line so far. Unit: bytes. */
  get incompleteBytes(): number {
    return this.#pieceBytes;
  }

  /** Processes the next bytes; the caller may overwrite them afterwards. */
  push(chunk: Buffer, onLine: OnLine): void {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      if (this.#pieceBytes > 0) {
        this.#keep(chunk.subarray(from, to));
        this.#finish(1, onLine);
      } else {
        const offset = this.#offset;
        this.#offset += to - from + 1;
        onLine(
          to - from > this.#maxBytes ? undefined : chunk.toString('utf8', from, to),
          offset,
          this.#offset,
        );
      }
      from = to + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** Emits the rest at the end of the stream. */
  end(onLine: OnLine): void {
    if (this.#pieceBytes > 0) this.#finish(0, onLine);
  }

  #keep(piece: Buffer): void {
    this.#pieceBytes += piece.length;
    if (this.#pieceBytes > this.#maxBytes) {
      this.#tooLong = true;
      this.#pieces = [];
    } else if (piece.length > 0) this.#pieces.push(Buffer.from(piece));
  }

  #finish(newlineBytes: number, onLine: OnLine): void {
    const text = this.#tooLong ? undefined : Buffer.concat(this.#pieces).toString('utf8');
    const offset = this.#offset;
    this.#offset += this.#pieceBytes + newlineBytes;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#tooLong = false;
    onLine(text, offset, this.#offset);
  }
}

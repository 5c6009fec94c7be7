/**
 * Cutting a stream of bytes into lines. A line is cut at its newline byte: UTF-8 never has one inside a
 * character.
 */

const NEWLINE = 0x0a;

/** The maximum length of a line of a recording. Unit: bytes. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Takes a line; `text` is undefined for one that was too long to keep. `offset` is where it starts, `end`
 * where the next one does. Unit: bytes.
 */
export type OnLine = (text: string | undefined, offset: number, end: number) => void;

/** Hands out whole lines, and keeps what has no end yet. */
export class LineSplitter {
  readonly #maxBytes: number;
  /** The pieces of the line that has no end yet. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** Where that line starts. Unit: bytes. */
  #offset: number;
  /** It is too long: nothing of it is kept. */
  #tooLong = false;

  constructor(offset = 0, maxBytes = MAX_LINE_BYTES) {
    this.#offset = offset;
    this.#maxBytes = maxBytes;
  }

  /** Takes the next bytes, which may be overwritten afterwards. */
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

  /** Hands out the rest: nothing comes after it any more. */
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

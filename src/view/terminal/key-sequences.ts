/**
 * What a terminal sends, cut into pieces that mean one thing each: a character, a key's escape sequence, a
 * report of the mouse, a paste. Pieces may arrive torn apart or several at once.
 *
 * Source: ECMA-48 5.4 (control sequences), ctlseqs of xterm (SS3, bracketed paste, mouse), console_codes(4)
 * (`ESC [ [ A`).
 */

/** One piece. */
export type InputPiece =
  /** A character, or the whole sequence of a key. */
  | { kind: 'key'; text: string }
  /** A report of the mouse. */
  | { kind: 'mouse'; text: string }
  | { kind: 'paste'; text: string };

/** Longer sequences are not keys and are dropped. */
const MAX_SEQUENCE_LENGTH = 256;

/** The rest of a longer paste is dropped. */
const MAX_PASTE_LENGTH = 65_536;

const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';

const ESC = '\x1b';

/** How a piece at the start of a text goes on: its length, or undefined where more has to come. */
type Measure = (text: string) => number | undefined;

/** CSI: parameters, intermediates, one final character. */
function measureControl(text: string): number | undefined {
  // The console of Linux: F1 to F5.
  if (text[2] === '[') return text.length > 3 ? 4 : undefined;
  // Mouse of old: three bytes follow.
  if (text[2] === 'M') return text.length > 5 ? 6 : undefined;
  for (let at = 2; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x40 && code <= 0x7e) return at + 1;
    // No part of a sequence: it ends before this character.
    if (code < 0x20 || code > 0x7e) return at;
  }
  return undefined;
}

/** SS3: a digit for modifiers at most, one letter. */
function measureSs3(text: string): number | undefined {
  const at = /\d/.test(text[2] ?? '') ? 3 : 2;
  const letter = text[at];
  if (letter === undefined) return undefined;
  return letter < ' ' ? at : at + 1;
}

/** Answers of terminals to questions that we never ask: up to BEL or ST. */
function measureString(text: string): number | undefined {
  const bell = text.indexOf('\x07');
  const terminator = text.indexOf('\x1b\\');
  if (bell >= 0 && (terminator < 0 || bell < terminator)) return bell + 1;
  return terminator < 0 ? undefined : terminator + 2;
}

function measureEscape(text: string): number | undefined {
  const next = text[1];
  if (next === undefined) return undefined;
  const measures: Record<string, Measure> = {
    '[': measureControl,
    O: measureSs3,
    ']': measureString,
    P: measureString,
    _: measureString,
    '^': measureString,
    [ESC]: () => 1,
  };
  const measure = measures[next];
  return measure === undefined ? 1 + characterAt(text, 1).length : measure(text);
}

function characterAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}

/** Takes input in any pieces. */
export class KeySequences {
  #waiting = '';
  /** What has come of a paste. */
  #paste: string | undefined;

  /** Whether a sequence or a paste has begun and not ended: `flush` when nothing comes for a while. */
  get isWaiting(): 'sequence' | 'paste' | undefined {
    if (this.#paste !== undefined) return 'paste';
    return this.#waiting === '' ? undefined : 'sequence';
  }

  /** The pieces that are complete with this text. */
  take(text: string): InputPiece[] {
    this.#waiting += text;
    const pieces: InputPiece[] = [];
    while (this.#waiting !== '') {
      const piece = this.#paste === undefined ? this.#next() : this.#nextOfPaste();
      if (piece === 'incomplete') break;
      if (piece !== undefined) pieces.push(piece);
    }
    return pieces;
  }

  /** What has come, taken as it is: nothing more belongs to it. A lone ESC is the key Escape. */
  flush(): InputPiece[] {
    const text = this.#waiting;
    this.#waiting = '';
    if (this.#paste === undefined) return text === '' ? [] : [{ kind: 'key', text }];
    const paste = this.#paste + text;
    this.#paste = undefined;
    return [{ kind: 'paste', text: paste.slice(0, MAX_PASTE_LENGTH) }];
  }

  #next(): InputPiece | 'incomplete' | undefined {
    const waiting = this.#waiting;
    if (waiting[0] !== ESC) return { kind: 'key', text: this.#cut(characterAt(waiting, 0).length) };
    const length = measureEscape(waiting);
    if (length === undefined) {
      if (waiting.length <= MAX_SEQUENCE_LENGTH) return 'incomplete';
      this.#waiting = '';
      return undefined;
    }
    const text = this.#cut(length);
    if (text === PASTE_START) {
      this.#paste = '';
      return undefined;
    }
    const isMouse = text.startsWith('\x1b[<') || text.startsWith('\x1b[M');
    return { kind: isMouse ? 'mouse' : 'key', text };
  }

  #nextOfPaste(): InputPiece | 'incomplete' {
    const end = this.#waiting.indexOf(PASTE_END);
    if (end < 0) {
      // The mark of the end may have come in part.
      const taken = this.#cut(Math.max(0, this.#waiting.length - PASTE_END.length + 1));
      this.#paste = ((this.#paste ?? '') + taken).slice(0, MAX_PASTE_LENGTH);
      return 'incomplete';
    }
    const text = ((this.#paste ?? '') + this.#cut(end)).slice(0, MAX_PASTE_LENGTH);
    this.#cut(PASTE_END.length);
    this.#paste = undefined;
    return { kind: 'paste', text };
  }

  #cut(length: number): string {
    const text = this.#waiting.slice(0, length);
    this.#waiting = this.#waiting.slice(length);
    return text;
  }
}

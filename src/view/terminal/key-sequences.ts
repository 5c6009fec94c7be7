/**
 * Splits terminal input into units: a character, the escape sequence of a key, a mouse report, or a paste.
 * Input may arrive in fragments or several units at once.
 *
 * Source: ECMA-48 5.4 (control sequences), ctlseqs of xterm (SS3, bracketed paste, mouse), console_codes(4)
 * (`ESC [ [ A`).
 */

/** One unit of input. */
export type InputPiece =
  /** A character, or the complete sequence of a key. */
  | { kind: 'key'; text: string }
  /** A mouse report. */
  | { kind: 'mouse'; text: string }
  | { kind: 'paste'; text: string };

/** Longer sequences are not keys and are dropped. */
const MAX_SEQUENCE_LENGTH = 256;

/** The rest of a longer paste is dropped. */
const MAX_PASTE_LENGTH = 65_536;

const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';

const ESC = '\x1b';

/** The length of the unit at the start of a text; undefined if it is incomplete. */
type Measure = (text: string) => number | undefined;

/** CSI: parameters, intermediates, one final character. */
function measureControl(text: string): number | undefined {
  // The Linux console: F1 to F5.
  if (text[2] === '[') return text.length > 3 ? 4 : undefined;
  // Legacy mouse encoding: three bytes follow.
  if (text[2] === 'M') return text.length > 5 ? 6 : undefined;
  for (let at = 2; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x40 && code <= 0x7e) return at + 1;
    // Not part of a sequence: the sequence ends before this character.
    if (code < 0x20 || code > 0x7e) return at;
  }
  return undefined;
}

/** SS3: at most one digit for modifiers, and one letter. */
function measureSs3(text: string): number | undefined {
  const at = /\d/.test(text[2] ?? '') ? 3 : 2;
  const letter = text[at];
  if (letter === undefined) return undefined;
  return letter < ' ' ? at : at + 1;
}

/** Unsolicited terminal responses: up to BEL or ST. */
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

/** Accepts input in any fragments. */
export class KeySequences {
  #waiting = '';
  /** The paste received so far. */
  #paste: string | undefined;

  /** Whether a sequence or paste is incomplete: call `flush` if no input follows for a while. */
  get isWaiting(): 'sequence' | 'paste' | undefined {
    if (this.#paste !== undefined) return 'paste';
    return this.#waiting === '' ? undefined : 'sequence';
  }

  /** The units that this text completes. */
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

  /** Returns the buffered input as it is, without waiting for more. A lone ESC is the Escape key. */
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
      // The end marker may be incomplete.
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

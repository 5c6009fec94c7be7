/**
 * Converts terminal output of a program to lines of styled text: colours are kept, sequences that could move
 * the cursor or affect the screen are dropped.
 */
import { safeText } from '../../format/safe-text.ts';
import { widthOf } from './cells.ts';
import type { Line, Span, TextStyle } from './line.ts';
import { applySgr } from './sgr.ts';

/** The maximum length of a line, in characters. */
export const MAX_LINE_LENGTH = 4096;

/**
 * Maximum length of an escape sequence. Beyond it, the consumed part is dropped and the rest is treated as
 * text.
 */
const MAX_SEQUENCE_LENGTH = 8192;

const TAB = 8;

/** Limits of the style cache: number of entries, and length of their parameters. */
const MAX_STYLES = 500;
const MAX_CACHED_LENGTH = 60;

/** Characters that can be displayed unchanged. */
const HARMLESS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: excludes control characters
  /[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/y;

const [BEL, SO, SI, CAN, SUB, ESC] = ['\x07', '\x0e', '\x0f', '\x18', '\x1a', '\x1b'];
/** The string terminator as one character. */
const ST = '\x9c';
/** C1 control characters of ISO 6429, with their equivalents after ESC. */
const C1: Readonly<Record<string, string>> = {
  '\x90': 'P',
  '\x98': 'X',
  '\x9b': '[',
  '\x9d': ']',
  '\x9e': '^',
  '\x9f': '_',
};
/** Device control, start of string, operating system command, privacy message, application command. */
const STRINGS = new Set(['P', 'X', ']', '^', '_']);

/** Accepts input in any chunks; returns completed lines. */
export class TerminalText {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** An incomplete escape sequence. */
  #pending = '';
  readonly #styles = new StyleCache();
  #style: TextStyle | undefined;
  #spans: Span[] = [];
  #length = 0;
  /** Number of appended texts. */
  #pieces = 0;
  /** A `\r` was received: the next text starts the line again. */
  #restarts = false;
  /** The position up to which the columns of the line are known, for tabs. */
  #known = { column: 0, spans: 0, characters: 0 };

  /** The lines that this chunk completes. */
  push(chunk: Uint8Array): Line[] {
    const text = this.#pending + this.#decoder.decode(chunk, { stream: true });
    this.#pending = '';
    const ended: Line[] = [];
    let at = 0;
    while (at < text.length) {
      HARMLESS.lastIndex = at;
      if (HARMLESS.test(text)) {
        this.#append(text.slice(at, HARMLESS.lastIndex));
        at = HARMLESS.lastIndex;
      } else if (text[at] === '\n') {
        ended.push(this.#endLine());
        this.#begin();
        at += 1;
      } else {
        const next = this.#takeControl(text, at);
        if (next === undefined) {
          this.#pending = text.slice(at);
          break;
        }
        at = next;
      }
    }
    return ended;
  }

  /** Whether the next input may belong to an escape sequence, which may contain a newline. */
  get isWithinSequence(): boolean {
    return this.#pending !== '';
  }

  /** The incomplete line; undefined if it is empty. */
  get open(): Line | undefined {
    return this.#spans.length === 0 ? undefined : this.#spans.map((span) => ({ ...span }));
  }

  /** Flattens text that was concatenated from many pieces. */
  #endLine(): Line {
    if (this.#pieces > this.#spans.length) {
      for (const span of this.#spans) span.text = copied(span.text);
    }
    return this.#spans;
  }

  #begin(): void {
    this.#spans = [];
    this.#pieces = 0;
    this.#length = 0;
    this.#restarts = false;
    this.#known = { column: 0, spans: 0, characters: 0 };
  }

  #append(text: string): void {
    if (this.#restarts) this.#begin();
    const room = MAX_LINE_LENGTH - this.#length;
    if (room <= 0) return;
    const taken = copied(text.length > room ? withoutHalf(text.slice(0, room)) : text);
    this.#pieces += 1;
    // If the last character is incomplete, nothing more can be appended.
    this.#length = text.length > room ? MAX_LINE_LENGTH : this.#length + taken.length;
    const last = this.#spans.at(-1);
    if (last !== undefined && last.style === this.#style) last.text += taken;
    else if (taken !== '') {
      this.#spans.push(this.#style === undefined ? { text: taken } : { text: taken, style: this.#style });
    }
  }

  /** Processes the sequence at `at`; returns its end, or undefined if it is incomplete. */
  #takeControl(text: string, at: number): number | undefined {
    const character = text[at] ?? '';
    switch (character) {
      case '\r':
        this.#restarts = true;
        return at + 1;
      case '\b':
        this.#backspace();
        return at + 1;
      case '\t':
        this.#tab();
        return at + 1;
      case ESC:
        return at + 1 < text.length ? this.#takeEscape(text, at, text[at + 1] ?? '', at + 2) : undefined;
      case SO:
      case SI:
        // Character sets: on several terminals `tput sgr0` prints them.
        return at + 1;
      default: {
        const introducer = C1[character];
        if (introducer !== undefined) return this.#takeEscape(text, at, introducer, at + 1);
        if (!isBetween(character, '\x80', '\x9f')) this.#append(visible(character));
        return at + 1;
      }
    }
  }

  #takeEscape(text: string, start: number, introducer: string, from: number): number | undefined {
    if (introducer === '[') return this.#takeCsi(text, start, from);
    if (STRINGS.has(introducer)) return endOfString(text, start, from, introducer);
    if (introducer >= ' ' && introducer <= '~') return this.#takeShort(text, start, from - 1);
    this.#append('^[');
    return start + 1;
  }

  /** `ESC`, intermediate characters, a final character: character sets, keypad modes, reset. */
  #takeShort(text: string, start: number, from: number): number | undefined {
    let at = from;
    while (isBetween(text[at], ' ', '/') && at - start < MAX_SEQUENCE_LENGTH) at += 1;
    if (at >= text.length) return undefined;
    if (text[at] === 'c' && at === from) this.#style = undefined;
    return isBetween(text[at], '0', '~') ? at + 1 : at;
  }

  /**
   * `ESC [`, parameters, intermediate characters, a final character. Any other character aborts the sequence
   * and is treated as text.
   */
  #takeCsi(text: string, start: number, from: number): number | undefined {
    let at = from;
    while (isBetween(text[at], '0', '?') && at - start < MAX_SEQUENCE_LENGTH) at += 1;
    const parameters = text.slice(from, at);
    while (isBetween(text[at], ' ', '/') && at - start < MAX_SEQUENCE_LENGTH) at += 1;
    if (at - start >= MAX_SEQUENCE_LENGTH) return at;
    if (at >= text.length) return undefined;
    const final = text[at];
    if (!isBetween(final, '@', '~')) return at;
    const isPlain = at === from + parameters.length && !/[<=>?]/.test(parameters);
    if (isPlain && final === 'm') this.#style = this.#styles.after(this.#style, parameters);
    // Moving to the first column, or erasing the line: equivalent to `\r` for spinners.
    else if (
      isPlain &&
      ((final === 'G' && /^[01]?$/.test(parameters)) || (final === 'K' && parameters === '2'))
    )
      this.#restarts = true;
    return at + 1;
  }

  #tab(): void {
    if (this.#restarts) this.#begin();
    const { column, spans, characters } = this.#known;
    const rest = this.#spans.slice(spans).map(({ text }) => text);
    const first = rest[0]?.slice(characters) ?? '';
    const now = [first, ...rest.slice(1)].reduce((sum, text) => sum + widthOf(text), column);
    const fill = TAB - (now % TAB);
    this.#append(' '.repeat(fill));
    this.#known = {
      column: now + fill,
      spans: this.#spans.length - 1,
      characters: this.#spans.at(-1)?.text.length ?? 0,
    };
  }

  /** Removes one character, for overstrikes of manual pages and spinners. */
  #backspace(): void {
    const last = this.#spans.at(-1);
    if (last === undefined || this.#restarts || this.#length >= MAX_LINE_LENGTH) return;
    const code = last.text.codePointAt(last.text.length - 2) ?? 0;
    const taken = code > 0xffff ? 2 : 1;
    last.text = last.text.slice(0, -taken);
    this.#length -= taken;
    if (last.text === '') this.#spans.pop();
    const { spans, characters } = this.#known;
    const isKnown = this.#spans.length - 1 > spans || (this.#spans.at(spans)?.text.length ?? 0) >= characters;
    if (!isKnown) this.#known = { column: 0, spans: 0, characters: 0 };
  }
}

/** Programs alternate between a few styles: the result of each change is cached. */
class StyleCache {
  readonly #known = new Map<TextStyle | undefined, Map<string, TextStyle | undefined>>();
  #size = 0;

  after(before: TextStyle | undefined, parameters: string): TextStyle | undefined {
    const changes = this.#known.get(before);
    const known = changes?.get(parameters);
    if (known !== undefined || changes?.has(parameters)) return known;
    if (parameters.length > MAX_CACHED_LENGTH) return applySgr(before, parameters);
    if (this.#size >= MAX_STYLES) {
      this.#known.clear();
      this.#size = 0;
    }
    const style = applySgr(before, parameters);
    this.#known.set(before, (this.#known.get(before) ?? new Map()).set(parameters, style));
    this.#size += 1;
    return style;
  }
}

/**
 * Finds the end of a control string: BEL or ST; CAN and SUB abort it, and so does ESC, which starts another
 * sequence.
 */
function endOfString(text: string, start: number, from: number, introducer: string): number | undefined {
  const limit = start + MAX_SEQUENCE_LENGTH;
  for (let at = from; at < text.length && at < limit; at++) {
    const character = text[at];
    if (character === BEL || character === ST || character === CAN || character === SUB) return at + 1;
    // An unterminated title must not swallow the lines after it.
    if (character === '\n' && introducer === ']') return at;
    if (character === ESC) {
      if (at + 1 >= text.length) return undefined;
      return text[at + 1] === '\\' ? at + 2 : at;
    }
  }
  return text.length < limit ? undefined : limit + (isLowSurrogate(text[limit]) ? 1 : 0);
}

function isBetween(character: string | undefined, first: string, last: string): boolean {
  return character !== undefined && character >= first && character <= last;
}

function isLowSurrogate(character: string | undefined): boolean {
  return isBetween(character, '\udc00', '\udfff');
}

/**
 * Copies a string. In V8 a substring keeps its whole parent alive, and a concatenation its parts; a substring
 * of a concatenation with an extra character creates a new flat string.
 */
function copied(text: string): string {
  return ` ${text}`.slice(1);
}

/** Removes a trailing high surrogate. */
function withoutHalf(text: string): string {
  return isBetween(text.at(-1), '\ud800', '\udbff') ? text.slice(0, -1) : text;
}

/** A control character in caret notation: `^A`; others as in `safeText`. */
function visible(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20 || code === 0x7f) return `^${String.fromCharCode(code ^ 0x40)}`;
  // Some programs that the text is copied to treat these separators as line ends.
  if (code === 0x2028 || code === 0x2029) return ' ';
  return safeText(character);
}

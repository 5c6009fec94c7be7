/** From the bytes of a terminal to keys, pastes and the mouse. */
import { StringDecoder } from 'node:string_decoder';
import { type InputPiece, KeySequences } from './key-sequences.ts';

/** What was done with the mouse. Column and row from 0. */
export type MouseAction =
  | { kind: 'wheel'; direction: 'up' | 'down'; column: number; row: number }
  | { kind: 'click'; button: 'left' | 'middle' | 'right'; column: number; row: number };

/** What comes of the bytes. */
export interface InputListeners {
  /** Characters as themselves; else `up`, `pageup`, `enter`, `S-tab`, `C-c`, `M-x`, `f1` ... */
  key(name: string): void;
  /** Text that was pasted at once; may hold anything. */
  paste(text: string): void;
  mouse(action: MouseAction): void;
}

/** Names for escape sequences and control characters: what we have blessed for. */
export interface SequenceReader {
  keyOf(sequence: string): string | undefined;
  mouseOf(sequence: string): MouseAction | undefined;
}

/**
 * After ESC, what belongs to a key's sequence follows within this time, also through a slow link. Unit:
 * milliseconds.
 */
const ESCAPE_WAIT_MS = 50;

/** A paste that does not go on is over: keys must not be swallowed for ever. Unit: milliseconds. */
const PASTE_WAIT_MS = 500;

const PRINTABLE = /^[^\p{Cc}\p{Cs}]$/u;

/** Takes what is read from the terminal. */
export class TerminalInput {
  readonly #decoder = new StringDecoder('utf8');
  readonly #sequences = new KeySequences();
  readonly #reader: SequenceReader;
  readonly #listeners: InputListeners;
  #timer: NodeJS.Timeout | undefined;

  constructor(reader: SequenceReader, listeners: InputListeners) {
    this.#reader = reader;
    this.#listeners = listeners;
  }

  take(bytes: Buffer): void {
    clearTimeout(this.#timer);
    this.#emit(this.#sequences.take(this.#decoder.write(bytes)));
    const waiting = this.#sequences.isWaiting;
    if (waiting === undefined) return;
    const waitMs = waiting === 'paste' ? PASTE_WAIT_MS : ESCAPE_WAIT_MS;
    this.#timer = setTimeout(() => this.#flushUnlessMoreIsThere(), waitMs);
  }

  /** Forgets what has begun. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#sequences.flush();
  }

  /** After the event loop was held up, timers come before the bytes that have arrived in the meantime. */
  #flushUnlessMoreIsThere(): void {
    const timer = this.#timer;
    setImmediate(() => {
      if (timer === this.#timer) this.#emit(this.#sequences.flush());
    });
  }

  #emit(pieces: readonly InputPiece[]): void {
    for (const { kind, text } of pieces) {
      if (kind === 'paste') this.#listeners.paste(text);
      else if (kind === 'mouse') {
        const action = this.#reader.mouseOf(text);
        if (action !== undefined) this.#listeners.mouse(action);
      } else {
        const name = text !== ' ' && PRINTABLE.test(text) ? text : this.#reader.keyOf(text);
        if (name !== undefined) this.#listeners.key(name);
      }
    }
  }
}

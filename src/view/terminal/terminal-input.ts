/** Converts terminal input to keys, pastes and mouse actions. */
import { StringDecoder } from 'node:string_decoder';
import { type InputPiece, KeySequences } from './key-sequences.ts';

/** A mouse action. Column and row from 0. */
export type MouseAction =
  | { kind: 'wheel'; direction: 'up' | 'down'; column: number; row: number }
  | { kind: 'click'; button: 'left' | 'middle' | 'right'; column: number; row: number };

/** Receives the parsed input. */
export interface InputListeners {
  /** Characters themselves; otherwise `up`, `pageup`, `enter`, `S-tab`, `C-c`, `M-x`, `f1` ... */
  key(name: string): void;
  /** Pasted text; may contain anything. */
  paste(text: string): void;
  mouse(action: MouseAction): void;
}

/** Names escape sequences and control characters, using blessed. */
export interface SequenceReader {
  keyOf(sequence: string): string | undefined;
  mouseOf(sequence: string): MouseAction | undefined;
}

/**
 * Time limit for the rest of a key sequence after ESC, also over a slow link. Unit: milliseconds.
 * milliseconds.
 */
const ESCAPE_WAIT_MS = 50;

/**
 * Time limit for the next fragment of a paste, so that keys are not swallowed forever. Unit: milliseconds.
 */
const PASTE_WAIT_MS = 500;

const PRINTABLE = /^[^\p{Cc}\p{Cs}]$/u;

/** Processes terminal input. */
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

  /** Discards incomplete input. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#sequences.flush();
  }

  /** If the event loop was blocked, timers fire before input that has arrived meanwhile. */
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

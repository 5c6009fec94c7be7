/** The lines of one recording as records, and what is known of it after them. */
import { InputError } from '../errors.ts';
import type { RecordLine } from '../model/recording.ts';
import { identifyFile } from './identify-document.ts';
import { MAX_LEADING_BYTES, STDIN } from './open-source.ts';
import { parseRecordLine } from './parse-line.ts';

/** Number of lines, and how many were skipped. */
export interface LineCounts {
  /** All lines, of any kind. */
  lines: number;
  /** Truncated lines, or lines that are not records. */
  damaged: number;
  /** The first damaged line (1-based), and its fault. */
  firstDamage?: { line: number; fault: string };
  /** Records of a type that this version does not know. */
  unknown: number;
}

/** A file with no record in this many leading lines is not a recording. */
const MAX_LEADING_LINES = 100;

/** Parses the lines from the start of a recording on. */
export class RecordLines {
  readonly counts: LineCounts = { lines: 0, damaged: 0, unknown: 0 };
  readonly #path: string;
  readonly #name: string;
  #hasStart = false;
  /** What is wrong with the first line that is a start record by its type. */
  #startFault: string | undefined;
  #hasRecord = false;

  /** @param name of the recording in errors. */
  constructor(path: string, name: string) {
    this.#path = path;
    this.#name = name;
  }

  /** Whether there was a start record. */
  get hasStart(): boolean {
    return this.#hasStart;
  }

  /**
   * Takes a line, undefined for one that is too long. Undefined for what is not a record of a known type.
   * @throws InputError if it cannot be a recording, or a newer cmemstat wrote it.
   */
  take(text: string | undefined): RecordLine | undefined {
    const { counts } = this;
    counts.lines += 1;
    const parsed = text === undefined ? { damaged: 'too long' } : parseRecordLine(text, this.#name);
    if ('damaged' in parsed) {
      counts.damaged += 1;
      counts.firstDamage ??= { line: counts.lines, fault: parsed.damaged };
      if (parsed.damaged.startsWith('start: ')) this.#startFault ??= parsed.damaged;
      if (!this.#hasRecord && counts.damaged >= MAX_LEADING_LINES) throw this.noRecording();
      return undefined;
    }
    this.#hasRecord = true;
    if ('unknown' in parsed) {
      counts.unknown += 1;
      return undefined;
    }
    if (parsed.record.type === 'start') this.#hasStart = true;
    return parsed.record;
  }

  /**
   * Whether these leading bytes, without a record, are too many for a recording: a single line may have no
   * end, as that of /dev/zero.
   */
  isEndless(bytes: number): boolean {
    return !this.#hasRecord && bytes > MAX_LEADING_BYTES;
  }

  /** The error for a file without a start record, with what it is instead if that is known. */
  noRecording(): InputError {
    const name = this.#name;
    const kind = this.#path === STDIN ? undefined : identifyFile(this.#path);
    if (kind !== undefined) {
      return new InputError(name, `${name}: this is ${kind.name}, not a recording`, {
        hint: kind.reader ?? 'record a run with cmemstat --output FILE -- COMMAND',
      });
    }
    const fault = this.#startFault ?? 'no start record';
    return new InputError(name, `${name}: not a cmemstat recording (${fault})`, {
      hint: 'record a run with cmemstat --output FILE -- COMMAND',
    });
  }
}

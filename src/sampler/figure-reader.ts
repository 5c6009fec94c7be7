/**
 * Reads one leaf repeatedly. The only place that decides what counts as absent: a missing file or a missing
 * key.
 */
import { join } from 'node:path';
import { errnoOf, KernelFileError } from '../errors.ts';
import { plural } from '../format/plural.ts';
import type { OnMalformed } from '../kernel/flat-keyed.ts';
import { KeptFile } from '../kernel/pseudo-file.ts';
import type { Sample } from '../model/sample.ts';

/** The figures of a sample, without time and reason. BPF totals and maxima are read separately. */
export type Figures = Omit<Sample, 'type' | 'elapsedMs' | 'reason' | 'bpf' | 'maxima'>;

/** A source of figures: a leaf of cgroup v2 or v1, or a process tree. */
export interface FigureReader {
  /** Reads everything once. @throws KernelFileError if a file cannot be read. */
  read(): Figures | Promise<Figures>;
  /** The pids of the processes that the figures currently include. */
  processes(): number[];
  close(): void;
}

/** Parses a kernel file; lines that it skips are passed to `onMalformed`. */
export type Parse<T> = (text: string, path: string, onMalformed?: OnMalformed) => T;

/**
 * One kernel file with its parser, kept open; `read` returns undefined if the kernel does not have the file.
 * What cannot be parsed is absent, and passed to `onMalformed`.
 */
export class KeptValue<T> {
  readonly #file: KeptFile | undefined;
  readonly #parse: Parse<T>;
  readonly #onMalformed: OnMalformed;

  /** @throws KernelFileError if the file exists and cannot be opened. */
  constructor(directory: string, name: string, parse: Parse<T>, onMalformed: OnMalformed) {
    this.#parse = parse;
    this.#onMalformed = onMalformed;
    this.#file = absentAs(undefined, () => new KeptFile(join(directory, name)));
  }

  /** The current value, if present. @throws KernelFileError if the file exists and cannot be read. */
  read(): T | undefined {
    const file = this.#file;
    if (file === undefined) return undefined;
    const text = absentAs(undefined, () => file.read());
    if (text === undefined) return undefined;
    try {
      return this.#parse(text, file.path, this.#onMalformed);
    } catch (error) {
      if (!(error instanceof KernelFileError)) throw error;
      this.#onMalformed(error);
      return undefined;
    }
  }

  close(): void {
    this.#file?.close();
  }
}

/**
 * Runs a read; returns `absent` if the file or the cgroup does not exist, or no longer exists.
 * @throws the other errors of `read`.
 */
export function absentAs<T, A>(absent: A, read: () => T): T | A {
  try {
    return read();
  } catch (error) {
    const errno = errnoOf(error);
    // EOPNOTSUPP: PSI is compiled in but disabled (psi=0).
    if (errno === 'ENOENT' || errno === 'ENODEV' || errno === 'EOPNOTSUPP') return absent;
    throw error;
  }
}

/** Sets a key only if the value is defined: absent keys are omitted. */
export function setIfDefined<K extends string, V>(
  target: { [key in K]?: V },
  key: K,
  value: V | undefined,
): void {
  if (value !== undefined) target[key] = value;
}

/** Counts the lines of kernel files that could not be parsed; the first one is reported at once. */
export class MalformedLines {
  readonly #onFirst: (message: string) => void;
  #first: string | undefined;
  #count = 0;

  constructor(onFirst: (message: string) => void) {
    this.#onFirst = onFirst;
  }

  /** Takes one fault. */
  readonly add: OnMalformed = ({ message }) => {
    this.#count += 1;
    if (this.#first !== undefined) return;
    this.#first = message;
    this.#onFirst(`${message}; the line is skipped`);
  };

  /** For the summary; undefined if everything could be parsed. */
  describe(): string | undefined {
    if (this.#first === undefined) return undefined;
    return `${plural(this.#count, 'line')} of kernel files could not be parsed and ${this.#count === 1 ? 'was' : 'were'} skipped; the first: ${this.#first}`;
  }
}

/**
 * Reads one leaf repeatedly. The only place that decides what counts as absent: a missing file or a missing
 * key.
 */
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { KeptFile } from '../kernel/pseudo-file.ts';
import type { Sample } from '../model/sample.ts';

/** The figures of a sample, without time and reason. BPF totals are read separately. */
export type Figures = Omit<Sample, 'type' | 'elapsedMs' | 'reason' | 'bpf'>;

/** A source of figures: a leaf of cgroup v2 or v1, or a process tree. */
export interface FigureReader {
  /** Reads everything once. @throws KernelFileError if a file is malformed. */
  read(): Figures | Promise<Figures>;
  /** The pids of the processes that the figures currently include. */
  processes(): number[];
  close(): void;
}

/**
 * One kernel file with its parser, kept open; `read` returns undefined if the kernel does not have the file.
 */
export class KeptValue<T> {
  readonly #file: KeptFile | undefined;
  readonly #parse: (text: string, path: string) => T;

  constructor(directory: string, name: string, parse: (text: string, path: string) => T) {
    this.#parse = parse;
    this.#file = absentAs(undefined, () => new KeptFile(join(directory, name)));
  }

  read(): T | undefined {
    const file = this.#file;
    if (file === undefined) return undefined;
    const text = absentAs(undefined, () => file.read());
    return text === undefined ? undefined : this.#parse(text, file.path);
  }

  close(): void {
    this.#file?.close();
  }
}

/** Runs a read; returns `absent` if the file or the cgroup does not exist, or no longer exists. */
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

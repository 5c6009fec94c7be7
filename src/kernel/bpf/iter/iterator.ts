import { closeSync, readSync } from 'node:fs';
import { errnoOf, KernelFileError, UnsupportedError } from '../../../errors.ts';
import { attachIterator, type BpfLink, createIterator } from '../load/links.ts';
import { type LoadedObject, type LoadedProgram, loadObject } from '../load/load-object.ts';
import type { PreparedObject } from '../load/prepared-object.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { getLinkInfo, getProgramInfo } from '../sys/objects.ts';

/** A program that the kernel runs once per object and that writes a record for each. */
export interface IteratorProgram {
  object: PreparedObject;
  /** Its name in the object. */
  name: string;
  /** The first Linux release that supports this iterator. */
  since: string;
  /** Values of `CONSTANT(name)` in its source; 0 if left out. */
  constants?: Readonly<Record<string, bigint>>;
}

/** A loaded iterator that can be read repeatedly. */
export interface BpfIterator {
  /** Its own program and link, which are excluded from reports about the host. */
  readonly programId: number;
  readonly linkId: number;
  /** Its descriptors; closed together with it. */
  readonly programFd: number;
  readonly linkFd: number;
  /**
   * Runs the program over all objects and returns its output. The bytes are valid until the next call.
   * @throws SyscallError, KernelFileError.
   */
  read(): Buffer;
  close(): void;
}

/** A repeatable listing of the host's objects. */
export interface ObjectIterator<Row> {
  /** Its own program and link, which are excluded from reports about the host. */
  readonly programId: number;
  readonly linkId: number;
  /**
   * The current objects, in ascending order of ids; descriptors grouped by process.
   * @throws SyscallError, KernelFileError.
   */
  read(): readonly Row[];
  close(): void;
}

/** An iterator and the decoder of its records. */
export function readObjects<Row>(
  iterator: BpfIterator,
  decode: (bytes: Buffer) => readonly Row[],
): ObjectIterator<Row> {
  const { programId, linkId } = iterator;
  return { programId, linkId, read: () => decode(iterator.read()), close: () => iterator.close() };
}

/** The kernel's buffer for one read is 32 KiB; a larger buffer would not be filled. */
const READ_SIZE = 32 * 1024;

/**
 * Loads an iterator program and attaches it.
 *
 * Source: `Documentation/bpf/bpf_iterators.rst`. Since: Linux 5.8, with CONFIG_DEBUG_INFO_BTF. Needs CAP_BPF
 * and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError; SyscallError with the verifier log as its cause if the program
 * is rejected.
 */
export function openIterator(bpf: Bpf, program: IteratorProgram): BpfIterator {
  const loaded = loadIterator(bpf, program);
  let link: BpfLink | undefined;
  try {
    const attached = loaded.program(program.name);
    link = attachIterator(bpf, attached);
    return new LoadedIterator(bpf, loaded, attached, link);
  } catch (error) {
    link?.close();
    loaded.close();
    throw error;
  }
}

function loadIterator(bpf: Bpf, { object, name, since, constants = {} }: IteratorProgram): LoadedObject {
  const prepared = object.programs.find((program) => program.name === name);
  if (prepared?.unavailable !== undefined) {
    throw new UnsupportedError(name, `${prepared.unavailable} (requires Linux ${since})`, { since });
  }
  const addresses = Object.fromEntries(
    (prepared?.symbols ?? []).map(({ symbol }) => [symbol, constants[symbol.replace('cmemstat_', '')] ?? 0n]),
  );
  return loadObject(bpf, object, { programs: [name], addresses });
}

class LoadedIterator implements BpfIterator {
  readonly programId: number;
  readonly linkId: number;
  readonly programFd: number;
  readonly linkFd: number;
  readonly #bpf: Bpf;
  readonly #loaded: LoadedObject;
  readonly #link: BpfLink;
  #buffer = Buffer.allocUnsafeSlow(2 * READ_SIZE);

  constructor(bpf: Bpf, loaded: LoadedObject, program: LoadedProgram, link: BpfLink) {
    this.programId = getProgramInfo(bpf, program.fd).id;
    this.linkId = getLinkInfo(bpf, link.fd).id;
    this.#bpf = bpf;
    this.#loaded = loaded;
    this.#link = link;
    this.programFd = program.fd;
    this.linkFd = link.fd;
  }

  read(): Buffer {
    const fd = createIterator(this.#bpf, this.linkFd);
    try {
      let length = 0;
      for (;;) {
        if (this.#buffer.length - length < READ_SIZE) this.#grow(length);
        const more = readSome(fd, this.#buffer, length);
        if (more === 0) return this.#buffer.subarray(0, length);
        length += more;
      }
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    this.#link.close();
    this.#loaded.close();
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(this.#buffer.length * 2);
    this.#buffer.copy(larger, 0, 0, length);
    this.#buffer = larger;
  }
}

function readSome(fd: number, buffer: Buffer, offset: number): number {
  for (;;) {
    try {
      return readSync(fd, buffer, offset, READ_SIZE, null);
    } catch (error) {
      // The kernel stops after a million objects without output.
      if (errnoOf(error) === 'EAGAIN' || errnoOf(error) === 'EINTR') continue;
      throw new KernelFileError(
        'read',
        'anon_inode:bpf_iter',
        `cannot read a BPF iterator: ${errnoOf(error)}`,
        {
          errno: errnoOf(error),
          cause: error,
        },
      );
    }
  }
}

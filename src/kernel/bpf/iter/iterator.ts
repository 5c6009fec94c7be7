import { closeSync, readSync } from 'node:fs';
import { errnoOf, KernelFileError, SyscallError } from '../../../errors.ts';
import { encodeIterCreate, encodeLinkCreate, encodeProgramLoad } from '../sys/bpf-attr.ts';
import { type Bpf, explainBpfError } from '../sys/bpf-call.ts';
import { BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER } from '../sys/bpf-enums.ts';
import { getLinkInfo, getProgramInfo } from '../sys/objects.ts';

/** A program that the kernel runs once for each object, and that writes records about them. */
export interface IteratorProgram {
  /** At most 15 characters. */
  name: string;
  /** The BTF id of the kernel's function `bpf_iter_<target>`. */
  attachBtfId: number;
  /** Its instructions, from `Assembler.assemble()`. */
  instructions: Buffer;
}

/** An iterator that is loaded and can be read again and again. */
export interface BpfIterator {
  /** Its own program and link, to be left out of what is reported about the host. */
  readonly programId: number;
  readonly linkId: number;
  /** Its descriptors; they are closed with it. */
  readonly programFd: number;
  readonly linkFd: number;
  /**
   * Runs the program over all objects; all that it wrote. The bytes are valid until the next call.
   * @throws SyscallError, KernelFileError.
   */
  read(): Buffer;
  close(): void;
}

/** The objects of the host as often as one asks. */
export interface ObjectIterator<Row> {
  /** Its own program and link, to be left out of what is reported about the host. */
  readonly programId: number;
  readonly linkId: number;
  /**
   * The objects of now, by ascending id; descriptors process by process.
   * @throws SyscallError, KernelFileError.
   */
  read(): readonly Row[];
  close(): void;
}

/** An iterator together with what understands the records that its program writes. */
export function readObjects<Row>(
  iterator: BpfIterator,
  decode: (bytes: Buffer) => readonly Row[],
): ObjectIterator<Row> {
  const { programId, linkId } = iterator;
  return { programId, linkId, read: () => decode(iterator.read()), close: () => iterator.close() };
}

const NEEDS = ['CAP_BPF', 'CAP_PERFMON'] as const;
const SINCE = '5.8';
/** The kernel's buffer of one read is 32 KiB; more room than that is never filled. */
const READ_SIZE = 32 * 1024;
/** The reason is at the end of the log, above a few lines of figures. */
const LOG_LINES = 16;

/**
 * Loads an iterator program and attaches it.
 *
 * Source: `Documentation/bpf/bpf_iterators.rst`. Since: Linux 5.8, with CONFIG_DEBUG_INFO_BTF. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError; SyscallError with the verifier's words as its cause when the program is refused.
 */
export function openIterator(bpf: Bpf, program: IteratorProgram): BpfIterator {
  const programFd = loadProgram(bpf, program);
  let linkFd: number;
  try {
    linkFd = attempt('attach a BPF iterator', () =>
      bpf.call('BPF_LINK_CREATE', encodeLinkCreate(programFd, BPF_TRACE_ITER)),
    );
  } catch (error) {
    closeSync(programFd);
    throw error;
  }
  try {
    return new LoadedIterator(bpf, programFd, linkFd);
  } catch (error) {
    closeSync(linkFd);
    closeSync(programFd);
    throw error;
  }
}

class LoadedIterator implements BpfIterator {
  readonly programId: number;
  readonly linkId: number;
  readonly programFd: number;
  readonly linkFd: number;
  readonly #bpf: Bpf;
  #open = true;
  #buffer = Buffer.allocUnsafeSlow(2 * READ_SIZE);

  constructor(bpf: Bpf, programFd: number, linkFd: number) {
    this.programId = getProgramInfo(bpf, programFd).id;
    this.linkId = getLinkInfo(bpf, linkFd).id;
    this.#bpf = bpf;
    this.programFd = programFd;
    this.linkFd = linkFd;
  }

  read(): Buffer {
    const fd = attempt('start a BPF iterator', () =>
      this.#bpf.call('BPF_ITER_CREATE', encodeIterCreate(this.linkFd)),
    );
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
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.linkFd);
    closeSync(this.programFd);
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
      // The kernel takes a break after a million objects that the program wrote nothing about.
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

function loadProgram(bpf: Bpf, { name, attachBtfId, instructions }: IteratorProgram): number {
  // bpf_seq_write and bpf_probe_read_kernel are for programs under the GPL only.
  const license = Buffer.from('GPL\0');
  const load = (log: Buffer | undefined) =>
    bpf.call(
      'BPF_PROG_LOAD',
      encodeProgramLoad({
        prog_type: BPF_PROG_TYPE_TRACING,
        expected_attach_type: BPF_TRACE_ITER,
        attach_btf_id: attachBtfId,
        prog_name: name,
        insns: bpf.address(instructions),
        insn_cnt: instructions.length / 8,
        license: bpf.address(license),
        ...(log && { log_level: 2, log_size: log.length, log_buf: bpf.address(log) }),
      }),
      log === undefined ? [instructions, license] : [instructions, license, log],
    );
  try {
    return load(undefined);
  } catch (error) {
    if (errnoOf(error) === 'EPERM' || errnoOf(error) === 'ENOSYS') {
      throw explainBpfError(error, 'load a BPF iterator', NEEDS, SINCE);
    }
    throw explainRefusal(error, load);
  }
}

/** Lets the verifier say why: with a log it works slower, so a program is loaded without one first. */
function explainRefusal(error: unknown, load: (log: Buffer) => number): unknown {
  if (!(error instanceof SyscallError)) return error;
  const log = Buffer.alloc(1 << 20);
  try {
    closeSync(load(log));
    // Refused at first and taken now: nothing to explain, but nothing to rely on either.
    return error;
  } catch {
    const end = log.indexOf(0);
    const lines = log
      .toString('latin1', 0, end === -1 ? log.length : end)
      .trimEnd()
      .split('\n');
    return new SyscallError(error.call, error.command, error.errno, {
      cause: new Error(`the verifier says: ${lines.slice(-LOG_LINES).join('\n')}`),
    });
  }
}

function attempt(what: string, call: () => number): number {
  try {
    return call();
  } catch (error) {
    throw explainBpfError(error, what, NEEDS, SINCE);
  }
}

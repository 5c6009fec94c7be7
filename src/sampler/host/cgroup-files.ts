/** The files of one cgroup that a reading of the host needs. */
import { errnoOf } from '../../errors.ts';
import { KeptFile } from '../../kernel/pseudo-file.ts';
import type { CgroupDirectory } from './cgroup-tree.ts';

/**
 * How many files may stay open, which makes reading them three times cheaper. Each one takes a page of the
 * kernel's memory.
 */
export class OpenFiles {
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** Returns false if there is no more room. */
  take(): boolean {
    if (this.#left <= 0) return false;
    this.#left -= 1;
    return true;
  }

  giveBack(): void {
    this.#left += 1;
  }
}

/**
 * The file or the cgroup is gone, or others alone may read it. EOPNOTSUPP: a threaded cgroup has no list of
 * processes, or PSI is compiled in but disabled.
 */
const UNREADABLE: ReadonlySet<string> = new Set(['ENOENT', 'ENODEV', 'EACCES', 'EPERM', 'EOPNOTSUPP']);

/** Reads the files of a directory; what this kernel, or this cgroup, does not have is undefined. */
export class CgroupFiles {
  readonly #place: Buffer;
  readonly #open: OpenFiles;
  readonly #kept = new Map<string, KeptFile>();
  readonly #absent = new Set<string>();

  constructor(directory: CgroupDirectory, open: OpenFiles) {
    this.#place = directory.place;
    this.#open = open;
    directory.onGone(() => this.#closeAll());
  }

  /**
   * The contents, which are valid until the next read. Undefined if the file or the cgroup is gone,
   * or may not be read.
   * @throws KernelFileError with another errno.
   */
  read(name: string): Buffer | undefined {
    if (this.#absent.has(name)) return undefined;
    try {
      return this.#kept.get(name)?.readBytes() ?? this.#readNew(name);
    } catch (error) {
      if (!UNREADABLE.has(errnoOf(error) ?? '')) throw error;
      const kept = this.#kept.get(name);
      if (kept !== undefined) this.#close(name, kept);
      return undefined;
    }
  }

  /**
   * As `read`, of a file that is opened for it: cgroup v1 keeps the list of processes of an open file as long
   * as it is read within a second. @throws as `read`.
   */
  readOnce(name: string): Buffer | undefined {
    try {
      const file = this.#openFile(name);
      try {
        return file.readBytes();
      } finally {
        file.close();
      }
    } catch (error) {
      if (!UNREADABLE.has(errnoOf(error) ?? '')) throw error;
      return undefined;
    }
  }

  /** Does not open a file again that does not exist. */
  readOptional(name: string): Buffer | undefined {
    const bytes = this.read(name);
    if (bytes === undefined) this.#absent.add(name);
    return bytes;
  }

  /** The controller is not enabled here, or not any more. */
  reset(): void {
    this.#closeAll();
    this.#absent.clear();
  }

  #readNew(name: string): Buffer {
    const file = this.#openFile(name);
    const isKept = this.#open.take();
    if (isKept) this.#kept.set(name, file);
    try {
      return file.readBytes();
    } finally {
      if (!isKept) file.close();
    }
  }

  #openFile(name: string): KeptFile {
    return new KeptFile(Buffer.concat([this.#place, Buffer.from(`/${name}`)]));
  }

  #close(name: string, file: KeptFile): void {
    this.#kept.delete(name);
    file.close();
    this.#open.giveBack();
  }

  #closeAll(): void {
    for (const [name, file] of this.#kept) this.#close(name, file);
  }
}

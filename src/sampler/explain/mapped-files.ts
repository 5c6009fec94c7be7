/** The files that the processes of a cgroup map, each once. */
import { fileKey } from '../../kernel/file-number.ts';
import type { MappedFile } from './mapping-groups.ts';

/** A file with the processes that map it. */
export interface SharedFile extends MappedFile {
  /** Some of them: see `MAX_PIDS`. */
  pids: number[];
}

const MAX_PIDS = 8;

/** A table of mapped files by device and inode number; those beyond `maxFiles` are only counted. */
export class MappedFiles {
  readonly #files = new Map<string, SharedFile>();
  readonly #maxFiles: number;
  #omitted = 0;

  constructor(maxFiles = Number.POSITIVE_INFINITY) {
    this.#maxFiles = maxFiles;
  }

  /** Files that were left out, counted once for each process that maps them. */
  get omitted(): number {
    return this.#omitted;
  }

  /** Adds the files that a process maps. */
  add(pid: number, files: readonly MappedFile[]): void {
    for (const file of files) {
      const key = fileKey(file.device, file.inode);
      const known = this.#files.get(key);
      if (known !== undefined) {
        known.mappings += file.mappings;
        known.rssBytes += file.rssBytes;
        known.pssBytes += file.pssBytes;
        if (known.pids.length < MAX_PIDS) known.pids.push(pid);
      } else if (this.#files.size < this.#maxFiles) this.#files.set(key, { ...file, pids: [pid] });
      else this.#omitted += 1;
    }
  }

  /**
   * The file with this device, as `major:minor` in decimal, and inode number. Files of btrfs and overlayfs
   * may be listed with the number of the file system that the process sees.
   */
  get(device: string, inode: number | bigint | string): SharedFile | undefined {
    return this.#files.get(fileKey(device, inode));
  }

  values(): IterableIterator<SharedFile> {
    return this.#files.values();
  }

  get size(): number {
    return this.#files.size;
  }
}

/** The files that the processes of a cgroup map, each once. */
import { fileKey } from '../../kernel/file-number.ts';
import type { MappedFile } from './mapping-groups.ts';

/** A file with the processes that map it. */
export interface SharedFile extends MappedFile {
  /** Some of them: see `MAX_PIDS`. */
  pids: number[];
}

const MAX_PIDS = 8;

/** More files are not listed, so that memory is bounded. */
const MAX_FILES = 200_000;

/** A table of mapped files by device and inode number. */
export class MappedFiles {
  readonly #files = new Map<string, SharedFile>();
  /** Files that were left out because there are too many. */
  omitted = 0;

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
      } else if (this.#files.size < MAX_FILES) this.#files.set(key, { ...file, pids: [pid] });
      else this.omitted += 1;
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

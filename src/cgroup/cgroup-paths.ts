/** The paths of cgroups by the id that the kernel knows them by. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';

/** Looks ids up in a hierarchy that is walked only when an id is not known yet, and once per refresh at most. */
export class CgroupPaths {
  readonly #mountPoint: string;
  #paths = new Map<bigint, string>();
  #isFresh = false;

  /** `mountPoint` is where the hierarchy with the memory controller is mounted. */
  constructor(mountPoint: string) {
    this.#mountPoint = mountPoint;
  }

  /**
   * The path below the mount point, `/` for the mount point itself; absent for a cgroup that is gone or that we can't see.
   * The id is the inode number of the cgroup's directory.
   */
  find(id: bigint): string | undefined {
    const known = this.#paths.get(id);
    if (known !== undefined || this.#isFresh) return known;
    this.#isFresh = true;
    this.#paths = new Map();
    this.#walk('/');
    return this.#paths.get(id);
  }

  /** Allows one more walk: cgroups may have come since the last one. */
  refresh(): void {
    this.#isFresh = false;
  }

  #walk(path: string): void {
    const directory = join(this.#mountPoint, path);
    try {
      this.#paths.set(statSync(directory, { bigint: true }).ino, path);
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        if (entry.isDirectory()) this.#walk(join(path, entry.name));
      }
    } catch (error) {
      // A cgroup may vanish while we walk, and one may be closed to us.
      if (errnoOf(error) === undefined) throw error;
    }
  }
}

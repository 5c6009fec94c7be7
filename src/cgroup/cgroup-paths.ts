/** The paths of cgroups by their ids in the kernel. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';

/** Looks up ids; the hierarchy is walked only for an unknown id, and at most once per refresh. */
export class CgroupPaths {
  readonly #mountPoint: string;
  #paths = new Map<bigint, string>();
  #isFresh = false;

  /** `mountPoint` is where the hierarchy with the memory controller is mounted. */
  constructor(mountPoint: string) {
    this.#mountPoint = mountPoint;
  }

  /**
   * The path below the mount point, `/` for the mount point itself; absent for a removed or invisible cgroup.
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

  /** Allows another walk: cgroups may have been created since the last one. */
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
      // A cgroup may be removed during the walk, or may not be readable.
      if (errnoOf(error) === undefined) throw error;
    }
  }
}

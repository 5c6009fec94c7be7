/** The cgroups that the target created below its leaf: their names and processes. */
import { statSync } from 'node:fs';
import { relative } from 'node:path';
import type { MeasuredCgroup } from '../../../cgroup/foreign-cgroup.ts';
import { listOwnProcesses, visitNested } from '../../../cgroup/subtree.ts';

/** Finds them by inode number, which is how BPF identifies cgroups. */
export class NestedCgroups {
  readonly #leaf: MeasuredCgroup;
  #names = new Map<bigint, string>();

  constructor(leaf: MeasuredCgroup) {
    this.#leaf = leaf;
  }

  /**
   * The path relative to the leaf; undefined if no cgroup has this inode number.
   * @throws an error with the errno if a cgroup cannot be read.
   */
  nameOf(id: bigint): string | undefined {
    if (!this.#names.has(id)) this.#readNames();
    return this.#names.get(id);
  }

  /**
   * The current pids with their cgroup relative to the leaf; undefined for the leaf itself.
   * @throws an error with the errno if a cgroup cannot be read.
   */
  processes(): Map<number, string | undefined> {
    const { directory } = this.#leaf;
    const found = new Map<number, string | undefined>();
    for (const pid of listOwnProcesses(directory)) found.set(pid, undefined);
    visitNested(directory, (path, shown) => {
      const name = relative(directory, shown);
      for (const pid of listOwnProcesses(path)) found.set(pid, name);
    });
    return found;
  }

  #readNames(): void {
    this.#names = new Map();
    const { directory } = this.#leaf;
    visitNested(directory, (path, shown) => {
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (stat !== undefined) this.#names.set(stat.ino, relative(directory, shown));
    });
  }
}

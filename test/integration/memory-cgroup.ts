/** A memory cgroup that a test enters and leaves, so that its allocations in between are charged to it. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { chooseMemoryHierarchy, readHierarchyFacts } from '#src/cgroup/hierarchy.ts';
import { removeSubtree } from '#src/cgroup/subtree.ts';
import { errnoOf } from '#src/errors.ts';
import { SLOWNESS } from './harness.ts';

/** A cgroup of this test, at the top of the memory hierarchy. */
export class TestCgroup {
  readonly directory: string;
  readonly #home: string;

  private constructor(directory: string, home: string) {
    this.directory = directory;
    this.#home = home;
  }

  /** Skips the test if no cgroup can account memory. */
  static make(context: TestContext, name: string): TestCgroup {
    const hierarchy = chooseMemoryHierarchy(readHierarchyFacts());
    if (hierarchy.version === undefined || hierarchy.ownDirectory === undefined) {
      return context.skip('the memory controller is mounted nowhere, or without us');
    }
    const directory = makeMemoryCgroup(hierarchy.mountPoint, `/cmemstat-test-${name}-${process.pid}`);
    return new TestCgroup(directory, hierarchy.ownDirectory);
  }

  /** One below it, in which memory is charged: this one must not have processes then. */
  child(name: string): TestCgroup {
    return new TestCgroup(makeMemoryCgroup(this.directory, `/${name}`), this.#home);
  }

  /** Its id in the kernel. */
  get id(): bigint {
    return statSync(this.directory, { bigint: true }).ino;
  }

  /** Everything that `make` creates is charged to this cgroup. */
  charge<T>(make: () => T): T {
    writeFileSync(join(this.directory, 'cgroup.procs'), String(process.pid));
    try {
      return make();
    } finally {
      writeFileSync(join(this.#home, 'cgroup.procs'), String(process.pid));
    }
  }

  remove(): void {
    if (!existsSync(this.directory)) return;
    const left = readFileSync(join(this.directory, 'cgroup.procs'), 'utf8').trim();
    if (left !== '') throw new Error(`processes ${left} are still in ${this.directory}`);
    rmdirSync(this.directory);
  }
}

/**
 * Reads a file by a process of that cgroup: the kernel takes clean pages back as soon as the host has little
 * memory that is free, so what was read seconds ago need not be in the page cache any more.
 */
export function readAgain(directory: string, file: string): void {
  execFileSync('sh', ['-c', 'echo 0 > "$0/cgroup.procs" && exec cat "$1"', directory, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/**
 * Removes a cgroup with those below it once their processes have ended: the kernel removes these some time
 * after their parent is notified.
 * @throws KernelFileError if a process is still in it after 20 s.
 */
export async function removeWhenEmpty(directory: string): Promise<void> {
  const deadline = Date.now() + 20_000 * SLOWNESS;
  for (;;) {
    try {
      removeSubtree(directory);
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY' || Date.now() > deadline) throw error;
      await new Promise((settle) => setTimeout(settle, 50));
    }
  }
}

/** Creates a cgroup with all above it; their memory is accounted. */
export function makeMemoryCgroup(mountPoint: string, path: string): string {
  let directory = mountPoint;
  for (const name of path.slice(1).split('/')) {
    const control = join(directory, 'cgroup.subtree_control');
    if (existsSync(control)) writeFileSync(control, '+memory');
    directory = join(directory, name);
    if (!existsSync(directory)) mkdirSync(directory);
  }
  return directory;
}

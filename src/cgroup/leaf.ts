/** The leaf: the fresh memory cgroup that the target runs in. */
import { existsSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, KernelFileError } from '../errors.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { writePseudoFile } from '../kernel/pseudo-file.ts';
import { leafName } from './leaf-name.ts';
import { type LimitRequest, writeLimits1, writeLimits2 } from './limits.ts';
import { listNested, listProcesses, makeCgroup, removeSubtree } from './subtree.ts';

/** How long a cgroup may need to become empty after its processes were killed. Unit: milliseconds. */
const EMPTY_TIMEOUT_MS = 5_000;

/** A cgroup that one run made, and that is gone after it. */
export class Leaf {
  readonly version: 1 | 2;
  /** The directory in the memory hierarchy. */
  readonly directory: string;
  /** On cgroup v1, the directory of the same name in the pids hierarchy, where a limit asked for one. */
  readonly #pidsDirectory: string | undefined;

  /**
   * Makes the leaf below `parent`, or none of it.
   * @throws KernelFileError with the errno, UnsupportedError where the controller is not there.
   */
  constructor(version: 1 | 2, parent: string, pidsParent?: string) {
    const name = leafName();
    this.version = version;
    this.directory = join(parent, name);
    makeCgroup(this.directory);
    try {
      const accounts = version === 2 ? 'memory.current' : 'memory.usage_in_bytes';
      if (!existsSync(join(this.directory, accounts))) {
        throw new KernelFileError(
          'open',
          join(this.directory, accounts),
          `${parent} does not hand on the memory controller`,
          {
            errno: 'ENOENT',
            hint: `echo +memory > ${join(parent, 'cgroup.subtree_control')}`,
          },
        );
      }
      if (pidsParent !== undefined) {
        this.#pidsDirectory = join(pidsParent, name);
        makeCgroup(this.#pidsDirectory);
      }
    } catch (error) {
      rmdirSync(this.directory);
      throw error;
    }
  }

  /** The files that a process writes `0` to in order to join. */
  get joinFiles(): string[] {
    const directories =
      this.#pidsDirectory === undefined ? [this.directory] : [this.directory, this.#pidsDirectory];
    return directories.map((directory) => join(directory, 'cgroup.procs'));
  }

  /** @throws UnsupportedError, UsageError or KernelFileError when a limit can't be set. */
  setLimits(request: LimitRequest): void {
    if (this.version === 2) writeLimits2(this.directory, request);
    else writeLimits1(this.directory, this.#pidsDirectory, request);
  }

  /** The pids in the leaf and in the cgroups that the target made below it. */
  processes(): number[] {
    return listProcesses(this.directory);
  }

  /** The cgroups that the target made below the leaf. */
  nested(): string[] {
    return listNested(this.directory);
  }

  /**
   * Kills every process of the leaf and waits until it is empty.
   * Returns the pids that were still there at the end: none, unless a process is stuck in the kernel.
   */
  async kill(): Promise<number[]> {
    const deadline = monotonicMs() + EMPTY_TIMEOUT_MS;
    for (;;) {
      this.killOnce();
      const left = this.processes();
      if (left.length === 0 || monotonicMs() > deadline) return left;
      await sleep(1);
    }
  }

  /** One round of SIGKILL, without waiting: all that can be done while the process itself is exiting. */
  killOnce(): void {
    if (this.#write('cgroup.kill', '1')) return;
    // Before Linux 5.14 only a frozen cgroup can't outrun us by forking.
    const frozen = this.#write('cgroup.freeze', '1');
    for (const pid of this.processes()) {
      // 0 is a process outside of our pid namespace, and -1 would be everybody.
      if (pid > 1) killQuietly(pid);
    }
    if (frozen) this.#write('cgroup.freeze', '0');
  }

  /**
   * Removes the leaf and what the target made below it; the kernel may need a moment after the last exit.
   * @throws KernelFileError, `EBUSY` when a process still lives in it.
   */
  async remove(): Promise<void> {
    const deadline = monotonicMs() + EMPTY_TIMEOUT_MS;
    for (;;) {
      try {
        return this.removeOnce();
      } catch (error) {
        if (errnoOf(error) !== 'EBUSY' || monotonicMs() > deadline) throw error;
        await sleep(2);
      }
    }
  }

  /** @throws KernelFileError, `EBUSY` when a process still lives in it. */
  removeOnce(): void {
    removeSubtree(this.directory);
    if (this.#pidsDirectory !== undefined) removeSubtree(this.#pidsDirectory);
  }

  #write(file: string, data: string): boolean {
    if (this.version === 1) return false;
    try {
      writePseudoFile(join(this.directory, file), data);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EOPNOTSUPP') return false;
      throw error;
    }
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself between the reading and the killing.
  }
}

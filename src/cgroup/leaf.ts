/** The leaf: the fresh memory cgroup that the target runs in. */
import { existsSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KernelFileError } from '../errors.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { writePseudoFile } from '../kernel/pseudo-file.ts';
import { sleep } from '../kernel/sleep.ts';
import { leafName } from './leaf-name.ts';
import { type LimitRequest, writeLimits1, writeLimits2 } from './limits.ts';
import { explainNoMemory } from './memory-controller.ts';
import { listNested, listProcesses, makeCgroup, removeSubtree } from './subtree.ts';

/** The time limit for a cgroup to become empty after its processes were killed. Unit: milliseconds. */
const EMPTY_TIMEOUT_MS = 5_000;

/** The cgroup that a run creates, and removes at its end. */
export class Leaf {
  readonly version: 1 | 2;
  /** The directory in the memory hierarchy. */
  readonly directory: string;
  /** On cgroup v1, the directory of the same name in the pids hierarchy, if `--pids-max` requires one. */
  readonly #pidsDirectory: string | undefined;

  /**
   * Creates the leaf below `parent`, completely or not at all.
   * @throws KernelFileError with the errno, `ENOENT` if the memory controller is not enabled in `parent`.
   */
  constructor(version: 1 | 2, parent: string, pidsParent?: string) {
    const name = leafName();
    this.version = version;
    this.directory = join(parent, name);
    makeCgroup(this.directory);
    try {
      const accounts = version === 2 ? 'memory.current' : 'memory.usage_in_bytes';
      if (!existsSync(join(this.directory, accounts))) {
        const { reason, hint } = explainNoMemory(parent);
        throw new KernelFileError('open', join(this.directory, accounts), reason, { errno: 'ENOENT', hint });
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

  /** The files that a process writes `0` to in order to join the leaf. */
  get joinFiles(): string[] {
    const directories =
      this.#pidsDirectory === undefined ? [this.directory] : [this.directory, this.#pidsDirectory];
    return directories.map((directory) => join(directory, 'cgroup.procs'));
  }

  /** @throws UnsupportedError, UsageError or KernelFileError if a limit cannot be set. */
  setLimits(request: LimitRequest): void {
    if (this.version === 2) writeLimits2(this.directory, request);
    else writeLimits1(this.directory, this.#pidsDirectory, request);
  }

  /**
   * The pids in the leaf and in the cgroups that the target created below it.
   * @throws an error with the errno if a cgroup cannot be read.
   */
  processes(): number[] {
    return listProcesses(this.directory);
  }

  /**
   * The cgroups that the target created below the leaf, as paths to show.
   * @throws an error with the errno if a cgroup cannot be read.
   */
  nested(): string[] {
    return listNested(this.directory);
  }

  /**
   * Kills every process of the leaf and waits until it is empty, or `isOver` says to wait no longer.
   * Returns the pids of the processes that did not exit in time: they are stuck in the kernel.
   * @throws as {@link killOnce}.
   */
  async kill(isOver = timeoutAfter(EMPTY_TIMEOUT_MS)): Promise<number[]> {
    for (;;) {
      this.killOnce();
      const left = this.processes();
      if (left.length === 0 || isOver()) return left;
      await sleep(1);
    }
  }

  /**
   * Sends SIGKILL to every process once, without waiting: used while cmemstat itself is exiting.
   * @throws an error with the errno if a cgroup cannot be read or written.
   */
  killOnce(): void {
    if (this.#write('cgroup.kill', '1')) return;
    // Before Linux 5.14 (cgroup.kill), freezing keeps processes from forking faster than they are killed.
    const frozen = this.#write('cgroup.freeze', '1');
    for (const pid of this.processes()) {
      // 0 is a process outside our pid namespace, and -1 would signal every process.
      if (pid > 1) killQuietly(pid);
    }
    if (frozen) this.#write('cgroup.freeze', '0');
  }

  /**
   * Removes the leaf and its descendants; retries, as the kernel may need some time after the last exit.
   * @throws KernelFileError, `EBUSY` if it still contains a process.
   */
  async remove(): Promise<void> {
    const isOver = timeoutAfter(EMPTY_TIMEOUT_MS);
    for (;;) {
      try {
        return this.removeOnce();
      } catch (error) {
        if (errnoOf(error) !== 'EBUSY' || isOver()) throw error;
        await sleep(2);
      }
    }
  }

  /** Tries once to remove the leaf. @throws KernelFileError, `EBUSY` if it still contains a process. */
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

function timeoutAfter(ms: number): () => boolean {
  const deadline = monotonicMs() + ms;
  return () => monotonicMs() > deadline;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has exited since the list was read.
  }
}

/** Clean-up on every exit path. */
import { closeSync, openSync } from 'node:fs';
import type { Leaf } from '../../cgroup/leaf.ts';
import type { Placement } from '../../cgroup/placement.ts';
import { errnoOf, ToolError } from '../../errors.ts';
import type { Log } from '../../output/log.ts';
import type { ExitWait } from '../../target/exit-wait.ts';

/**
 * What the end of a run needs: modules that are loaded then, files of a nested cgroup, the socket of systemd.
 */
const RESERVED_DESCRIPTORS = 6;

/** Steps to undo at the end of a run, however it ends. */
export class CleanUp {
  readonly #steps: (() => void | Promise<void>)[] = [];
  readonly #reserved: number[] = [];

  /**
   * Reserves descriptors for the end, where a run has used up all others. @throws an error with the errno.
   */
  reserveDescriptors(): void {
    while (this.#reserved.length < RESERVED_DESCRIPTORS) this.#reserved.push(openSync('/dev/null', 'r'));
  }

  /** The end of the run has begun; may be called more than once. */
  releaseDescriptors(): void {
    for (const fd of this.#reserved.splice(0)) closeSync(fd);
  }

  /** Registers a step; steps are undone in reverse order. */
  defer(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  /** Undoes all steps, even if one fails. @throws the first failure, after all steps. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    this.releaseDescriptors();
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/**
 * Runs a job and undoes the steps that it registered. A failure of the clean-up never hides one of the job.
 * @throws the error of the job, else that of the clean-up.
 */
export async function withCleanUp<T>(job: (cleanUp: CleanUp) => Promise<T>): Promise<T> {
  const cleanUp = new CleanUp();
  let result: T;
  try {
    result = await job(cleanUp);
  } catch (error) {
    await cleanUp.run().catch(() => {});
    throw error;
  }
  await cleanUp.run();
  return result;
}

/**
 * Ends and removes the leaf; a failure is logged and never hides an earlier one. What does not exit while it
 * is waited for stays, and the leaf with it.
 * @throws only internal errors: neither a ToolError nor the failure of a system call.
 */
export async function removeLeaf(
  placement: Placement,
  log: Pick<Log, 'warn'>,
  exits?: Pick<ExitWait, 'begin' | 'isOver'>,
): Promise<void> {
  const { leaf } = placement;
  try {
    exits?.begin();
    const left = (await leaf?.kill(exits && (() => exits.isOver))) ?? [];
    if (leaf !== undefined && left.length > 0) {
      // Only loaded if something stays.
      const { describeRemaining } = await import('../../cgroup/survivors.ts');
      log.warn(describeRemaining(leaf.directory, left));
      return;
    }
    await leaf?.remove();
    await placement.release();
  } catch (error) {
    const message = error instanceof ToolError ? error.message : describeSystemError(error);
    if (message === undefined) throw error;
    log.warn(`clean-up failed: ${message}; the next run removes the cgroup`);
  }
}

/** Undefined for errors of other kinds. */
function describeSystemError(error: unknown): string | undefined {
  return error instanceof Error && errnoOf(error) !== undefined ? error.message : undefined;
}

/** Removes the leaf if the process exits without `removeLeaf`, because of an unexpected error. */
export interface CrashGuard {
  release(): void;
}

/** Guards a leaf until it is released. */
export function guardAgainstCrash(leaf: Leaf | undefined): CrashGuard {
  const onExit = () => {
    leaf?.killOnce();
    try {
      leaf?.removeOnce();
    } catch {
      // The killed processes may not have exited yet: the next run removes the leaf.
    }
  };
  process.once('exit', onExit);
  return { release: () => process.off('exit', onExit) };
}

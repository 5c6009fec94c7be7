/** `cmemstat attach`: a cgroup that exists, in place of a target that is started. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ForeignCgroup } from '../../cgroup/foreign-cgroup.ts';
import { explainNoMemory } from '../../cgroup/memory-controller.ts';
import { findContainers, type ResolvedTarget } from '../../cgroup/resolve/resolve-target.ts';
import { UsageError } from '../../errors.ts';
import { parseSingleValue } from '../../kernel/limit.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type { AttachedTo } from '../../model/restarts.ts';
import { absentAs } from '../../sampler/figure-reader.ts';
import type { TargetExit } from '../../target/exit-status.ts';
import type { Target } from '../../target/launch-request.ts';
import { ENDING_SIGNALS } from '../../target/signals.ts';
import { tryStat } from '../../try-stat.ts';
import type { Attachment, CgroupMoves } from '../run/attached/attached-target.ts';
import { isThere, type KnownCgroup, type Successors } from './successors.ts';

/** Interval of the checks whether the cgroup is still there. Unit: milliseconds. */
const CHECK_MS = 100;

/**
 * Measures a cgroup until it is gone, or the measurement is ended; nothing is sent to its processes. With
 * `successors`, it continues in the next cgroup with the same name.
 */
export class CgroupAttachment implements Attachment {
  cgroup: ForeignCgroup;
  isNew = false;
  readonly onlyPid: number | undefined;
  readonly #successors: Successors | undefined;
  #resolved: ResolvedTarget;
  #known: KnownCgroup;
  #chargedBytes: number | undefined;
  #isGone = false;
  #moves: CgroupMoves | undefined;
  #isWaiting = false;

  /** @throws UsageError if the cgroup has no memory figures; KernelFileError. */
  constructor(resolved: ResolvedTarget, successors?: Successors, onlyPid?: number) {
    if (!existsSync(usageFile(resolved))) throw withoutMemory(resolved);
    this.#successors = successors;
    this.onlyPid = onlyPid;
    this.#resolved = resolved;
    this.cgroup = new ForeignCgroup(resolved);
    this.#known = knownCgroup(resolved);
    this.#chargedBytes = chargedBytes(resolved);
  }

  get findContainers(): Attachment['findContainers'] {
    const resolved = this.#resolved;
    return resolved.owners.at(-1)?.kind === 'pod' ? () => findContainers(resolved) : undefined;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  describe(peakSince: AttachedTo['peakSince']): AttachedTo {
    const { target, path, owners } = this.#resolved;
    const owner = owners.at(-1);
    const attached: AttachedTo = { target, cgroup: path, peakSince };
    if (this.#chargedBytes !== undefined) attached.chargedBytes = this.#chargedBytes;
    if (this.isNew) attached.followed = true;
    if (owner === undefined) return attached;
    const { kind, runtime, name, id } = owner;
    attached.owner = {
      kind,
      ...(runtime === undefined ? {} : { runtime }),
      name,
      ...(id === undefined ? {} : { id }),
    };
    return attached;
  }

  attach(): Target {
    const { promise, resolve, reject } = withResolvers();
    let isChecking = false;
    const end = () => {
      clearInterval(timer);
      resolve({});
    };
    const check = async () => {
      if (this.#successors !== undefined) {
        if (this.#moves !== undefined) await this.#continue(this.#successors, this.#moves);
      } else if (!isThere(this.#known)) {
        this.#isGone = true;
        end();
      }
    };
    const timer = setInterval(() => {
      if (isChecking) return;
      isChecking = true;
      check()
        .catch((error: unknown) => {
          clearInterval(timer);
          reject(error);
        })
        .finally(() => {
          isChecking = false;
        });
    }, CHECK_MS);
    return {
      pid: 0,
      ended: promise,
      stdout: null,
      stderr: null,
      startedBy: 'others',
      kill: (signal) => {
        if (signal === 'SIGKILL' || (ENDING_SIGNALS as readonly string[]).includes(signal)) end();
      },
    };
  }

  follow(moves: CgroupMoves): void {
    this.#moves = moves;
  }

  /** Continues in the next cgroup, if there is one. */
  async #continue(successors: Successors, moves: CgroupMoves): Promise<void> {
    const isLost = !this.#isWaiting && !isThere(this.#known);
    if (isLost) successors.hurry();
    const next = await successors.find(this.#known);
    if (next !== undefined && existsSync(usageFile(next))) {
      const from = this.#resolved.path;
      this.#resolved = next;
      this.#known = knownCgroup(next);
      this.cgroup = new ForeignCgroup(next);
      // Processes by name may be in a cgroup that existed before.
      this.isNew = next.form !== 'comm';
      this.#chargedBytes = chargedBytes(next);
      this.#isWaiting = !(await moves.enter(from));
    } else if (isLost) {
      this.#isWaiting = true;
      const { path, target } = this.#resolved;
      await moves.leave(`${path} was removed: waiting for the next cgroup of ${target}`);
    }
  }
}

function usageFile({ version, directory }: ResolvedTarget): string {
  return join(directory, version === 2 ? 'memory.current' : 'memory.usage_in_bytes');
}

function knownCgroup({ directory }: ResolvedTarget): KnownCgroup {
  return { directory, inode: tryStat(directory)?.ino };
}

function chargedBytes(resolved: ResolvedTarget): number | undefined {
  const file = usageFile(resolved);
  return absentAs(undefined, () => parseSingleValue(readPseudoFile(file), resolved.path));
}

function withResolvers(): {
  promise: Promise<TargetExit>;
  resolve: (exit: TargetExit) => void;
  reject: (error: unknown) => void;
} {
  let resolve: (exit: TargetExit) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<TargetExit>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}

function withoutMemory({ target, path, version, directory, mountPoint }: ResolvedTarget): UsageError {
  if (directory === mountPoint) {
    const message = `attach ${target}: the root of the hierarchy has no memory figures of its own`;
    return new UsageError('attach', message, 'sudo cmemstat explain');
  }
  // On v1 every cgroup of the hierarchy has them.
  if (version === 1 || !existsSync(directory)) {
    return new UsageError('attach', `attach ${target}: ${path} was removed before the first reading`);
  }
  const { reason, hint } = explainNoMemory(dirname(directory));
  return new UsageError('attach', `attach ${target}: ${path} has no memory figures: ${reason}`, hint);
}

/** `cmemstat attach`: a cgroup that exists, in place of a target that is started. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ForeignCgroup } from '../../cgroup/foreign-cgroup.ts';
import { explainNoMemory } from '../../cgroup/memory-controller.ts';
import type { ResolvedTarget } from '../../cgroup/resolve/resolve-target.ts';
import { UsageError } from '../../errors.ts';
import { parseSingleValue } from '../../kernel/limit.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type { AttachedTo } from '../../model/recording.ts';
import { absentAs } from '../../sampler/figure-reader.ts';
import type { TargetExit } from '../../target/exit-status.ts';
import type { Target } from '../../target/launch-request.ts';
import { ENDING_SIGNALS } from '../../target/signals.ts';
import { tryStat } from '../../try-stat.ts';
import type { Attachment } from '../run/options.ts';

/** Interval of the checks whether the cgroup is still there. Unit: milliseconds. */
const CHECK_MS = 100;

/** Measures a cgroup until it is gone, or the measurement is ended; nothing is sent to its processes. */
export class CgroupAttachment implements Attachment {
  readonly cgroup: ForeignCgroup;
  readonly #resolved: ResolvedTarget;
  readonly #inode: bigint | undefined;
  readonly #chargedBytes: number | undefined;
  #isGone = false;

  /** @throws UsageError if the cgroup has no memory figures; KernelFileError. */
  constructor(resolved: ResolvedTarget) {
    const { version, directory, path } = resolved;
    const file = join(directory, version === 2 ? 'memory.current' : 'memory.usage_in_bytes');
    if (!existsSync(file)) throw withoutMemory(resolved);
    this.cgroup = new ForeignCgroup({ version, directory });
    this.#resolved = resolved;
    this.#inode = tryStat(directory)?.ino;
    this.#chargedBytes = absentAs(undefined, () => parseSingleValue(readPseudoFile(file), path));
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  describe(peakSince: AttachedTo['peakSince']): AttachedTo {
    const { target, path, owners } = this.#resolved;
    const owner = owners.at(-1);
    const attached: AttachedTo = { target, cgroup: path, peakSince };
    if (this.#chargedBytes !== undefined) attached.chargedBytes = this.#chargedBytes;
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
    const { promise, resolve } = withResolvers();
    const end = () => {
      clearInterval(timer);
      resolve({});
    };
    const timer = setInterval(() => {
      // Another cgroup may have got the same name.
      if (tryStat(this.#resolved.directory)?.ino === this.#inode) return;
      this.#isGone = true;
      end();
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
}

function withResolvers(): { promise: Promise<TargetExit>; resolve: (exit: TargetExit) => void } {
  let resolve: (exit: TargetExit) => void = () => {};
  const promise = new Promise<TargetExit>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function withoutMemory({ target, path, version, directory, mountPoint }: ResolvedTarget): UsageError {
  if (version === 1 || directory === mountPoint) {
    const message = `attach ${target}: the root of the hierarchy has no memory figures of its own`;
    return new UsageError('attach', message, 'sudo cmemstat explain');
  }
  const { reason, hint } = explainNoMemory(dirname(directory));
  return new UsageError('attach', `attach ${target}: ${path} has no memory figures: ${reason}`, hint);
}

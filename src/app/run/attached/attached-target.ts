/** What a measurement needs of a cgroup that exists, and what it does when that is replaced. */
import type { MeasuredCgroup } from '../../../cgroup/foreign-cgroup.ts';
import type { AttachedTo } from '../../../model/restarts.ts';
import type { FoundContainer } from '../../../sampler/attached/containers.ts';
import type { Target } from '../../../target/launch-request.ts';

/** What a measurement does when the cgroup of an attachment is replaced by another. */
export interface CgroupMoves {
  /** The cgroup is gone, and none has its name yet: `message` is for the record. */
  leave(message: string): Promise<void>;
  /**
   * `Attachment.cgroup` is another one now; `from` is the path of the one before. Resolves to false if it is
   * gone already.
   */
  enter(from: string): Promise<boolean>;
}

/** A cgroup that exists and is measured, in place of a command that is started. */
export interface Attachment {
  /** The one that has the name now. */
  readonly cgroup: MeasuredCgroup;
  /** Whether `cgroup` was made after the attachment, so that its counters are those of the measurement. */
  readonly isNew: boolean;
  /** Finds the containers of a pod; undefined for other cgroups. */
  readonly findContainers: (() => Promise<readonly FoundContainer[]>) | undefined;
  /** The process that the list of processes keeps to, with its descendants; undefined for all. */
  readonly onlyPid: number | undefined;
  /** For the records; `peakSince` is known once the files are open. */
  describe(peakSince: AttachedTo['peakSince']): AttachedTo;
  /** From now on the measurement continues in another cgroup with the same name, if that is wanted. */
  follow(moves: CgroupMoves): void;
  /** Watches the cgroup until it is gone, or `kill` is called: no signal is sent. */
  attach(): Target;
  /** Whether the cgroup is gone. */
  readonly isGone: boolean;
}

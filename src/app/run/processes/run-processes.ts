/** The target and the other processes of a run: what signals reach them, and how they are ended. */
import type { MeasuredCgroup } from '../../../cgroup/foreign-cgroup.ts';
import type { Leaf } from '../../../cgroup/leaf.ts';
import { Descendants } from '../../../sampler/attached/descendants.ts';
import type { Target } from '../../../target/launch-request.ts';
import type { SignalActions } from '../../../target/signals.ts';
import { NestedCgroups } from './nested-cgroups.ts';

/** What the processes of a run depend on. */
export interface RunProcessesParts {
  /** The cgroup that is measured now; undefined for a process tree. */
  cgroup: MeasuredCgroup | undefined;
  /** The same, if it is ours to end. */
  own: Leaf | undefined;
  /** Whether the cgroup existed before: no process of it is ended. */
  isAttached: boolean;
  /** The process that `byCgroup` keeps to, with its descendants; undefined for all. */
  onlyPid: number | undefined;
  /** The pids of the process tree. */
  listTree: () => number[];
}

/** Knows them from the launch on. */
export class RunProcesses {
  /** Whether cmemstat killed the leaf, on a second SIGINT or after `--kill-after`. */
  wereKilledByUs = false;
  readonly #parts: RunProcessesParts;
  readonly #descendants = new Descendants();
  #cgroup: MeasuredCgroup | undefined;
  #nested: NestedCgroups | undefined;
  #target: Target | undefined;
  #hasTargetEnded = false;

  constructor(parts: RunProcessesParts) {
    this.#parts = parts;
    if (parts.cgroup !== undefined) this.enter(parts.cgroup);
  }

  /** From now on, those of this cgroup. */
  enter(cgroup: MeasuredCgroup): void {
    this.#cgroup = cgroup;
    this.#nested = new NestedCgroups(cgroup);
  }

  /** The target is running. */
  begin(target: Target): void {
    this.#target = target;
    void target.ended.then(() => {
      this.#hasTargetEnded = true;
    });
  }

  /** Undefined before the launch. */
  get targetPid(): number | undefined {
    return this.#target?.pid;
  }

  /** Whether the target has exited; its descendants may still be running. */
  get hasTargetEnded(): boolean {
    return this.#hasTargetEnded;
  }

  /** Whether the target and all its descendants have exited. */
  get haveEnded(): boolean {
    return this.#hasTargetEnded && this.list().length === 0;
  }

  /**
   * The pids in the leaf, or in the process tree.
   * @throws an error with the errno if a cgroup cannot be read.
   */
  list(): number[] {
    return this.#cgroup?.processes() ?? this.#parts.listTree();
  }

  /**
   * The pids with their cgroup relative to the leaf, undefined for the leaf itself; only those that are
   * wanted. @throws as `list`.
   */
  byCgroup(): ReadonlyMap<number, string | undefined> {
    const all = this.#nested?.processes() ?? new Map(this.list().map((pid) => [pid, undefined]));
    const { onlyPid } = this.#parts;
    return onlyPid === undefined ? all : this.#descendants.keep(onlyPid, all);
  }

  /** The path of a nested cgroup relative to the leaf; undefined if none has this inode number. */
  nameNested(id: bigint): string | undefined {
    return this.#nested?.nameOf(id);
  }

  /** Handles a signal that was sent to cmemstat. */
  readonly signalActions: SignalActions = {
    targetPid: () => (this.#hasTargetEnded || this.#parts.isAttached ? undefined : this.#target?.pid),
    passOn: (signal) => {
      if (!this.#hasTargetEnded || this.#parts.isAttached) this.#target?.kill(signal);
      // `--wait all`: the signal applies to the processes that outlived the target.
      else for (const pid of this.list()) sendQuietly(pid, signal);
    },
    killAll: () => {
      this.wereKilledByUs = !this.#parts.isAttached;
      this.killAll();
    },
  };

  /**
   * Sends SIGKILL to every process of the run, without waiting; of a cgroup that was attached to, to none.
   * @throws an error with the errno if a cgroup cannot be read or written.
   */
  killAll(): void {
    const { own, isAttached } = this.#parts;
    if (own !== undefined || isAttached) {
      own?.killOnce();
      // It may have been moved out of the leaf.
      if (!this.#hasTargetEnded) this.#target?.kill('SIGKILL');
    } else for (const pid of this.list()) sendQuietly(pid, 'SIGKILL');
  }
}

function sendQuietly(pid: number, signal: NodeJS.Signals): void {
  // 0 is a process outside our pid namespace.
  if (pid <= 1) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has exited meanwhile.
  }
}

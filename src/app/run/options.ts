import type { LimitRequest } from '../../cgroup/limits.ts';
import type { PlacementKind } from '../../cgroup/rejection.ts';
import type { RecordedBudget } from '../../model/recording.ts';
import type { OutputRequest } from '../../output/open-outputs.ts';
import type { StreamFiles } from '../../target/standard-streams.ts';
import type { TargetUser } from '../../target/user.ts';

/** Everything that the command line says about one run. */
export interface RunOptions {
  command: string[];
  intervalMs: number;
  /** 0 turns the reading of BPF memory off. */
  bpfIntervalMs: number;
  /** 0 turns the reading of processes off. */
  processIntervalMs: number;
  /** Whether individual maps and processes are needed: by a recording, the view or budgets. */
  wantsDetails: boolean;
  cgroupParent: string | undefined;
  placement: Exclude<PlacementKind, 'parent'> | undefined;
  requireCgroup: boolean;
  limits: LimitRequest;
  /** The share of a limit that language runtimes are configured for; undefined: none. */
  inheritRatio: number | undefined;
  cwd: string | undefined;
  env: [name: string, value: string][];
  user: TargetUser | undefined;
  streams: StreamFiles;
  /** Standard output holds something of ours: what the target writes there goes to standard error. */
  stdoutToStderr: boolean;
  /** Whether to go on until the leaf is empty, or to end what outlives the target. */
  wait: 'target' | 'all';
  /** How long a signal that was passed on may take to end the target; undefined: for ever. */
  killAfterMs: number | undefined;
  /** Whether BPF maps that outlive the run make it fail. */
  failOnLeftover: boolean;
  /** After this time the target is ended; undefined: never. */
  timeoutMs: number | undefined;
  /** Whether the terminal view opens: where a person looks at a terminal, always, or never. */
  view: 'auto' | 'always' | 'never';
  /** Whether the view closes by itself when the target has ended. */
  exitOnEnd: boolean;
  outputs: OutputRequest;
  /** The budgets that the recording contains. */
  budgets?: readonly RecordedBudget[];
}

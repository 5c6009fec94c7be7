import type { LimitRequest } from '../../cgroup/limits.ts';
import type { PlacementKind } from '../../cgroup/rejection.ts';
import type { OpenDirectories } from '../../kernel/files/file-place.ts';
import type { ExplainMoment } from '../../model/explain/explain-record.ts';
import type { RecordedBudget } from '../../model/recording.ts';
import type { OutputRequest } from '../../output/open-outputs.ts';
import type { StreamFiles } from '../../target/standard-streams.ts';
import type { TargetUser } from '../../target/user.ts';
import type { Attachment } from './attached/attached-target.ts';

/** All options of one run from the command line. */
export interface RunOptions {
  command: string[];
  /** Then `command` is only the name of the target. Undefined for a command. */
  attachment?: Attachment | undefined;
  intervalMs: number;
  /** 0 disables reading BPF memory. */
  bpfIntervalMs: number;
  /** 0 disables reading processes. */
  processIntervalMs: number;
  /** Whether individual maps and processes are needed: for a recording, the view or budgets. */
  wantsDetails: boolean;
  cgroupParent: string | undefined;
  placement: Exclude<PlacementKind, 'parent'> | undefined;
  requireCgroup: boolean;
  limits: LimitRequest;
  /** The share of a limit that language runtimes are configured for; undefined for none. */
  inheritRatio: number | undefined;
  cwd: string | undefined;
  env: [name: string, value: string][];
  user: TargetUser | undefined;
  /** Whether setuid programs give the target no privileges. */
  noNewPrivs: boolean;
  streams: StreamFiles;
  /** Standard output is used for results: the target's standard output is redirected to standard error. */
  stdoutToStderr: boolean;
  /** Whether to wait until the leaf is empty, or to end processes that outlive the target. */
  wait: 'target' | 'all';
  /** Time for a forwarded signal to end the target; undefined for no limit. */
  killAfterMs: number | undefined;
  /** At which moments the memory is explained by name. */
  explain: ReadonlySet<ExplainMoment>;
  /** Whether BPF maps that outlive the run cause a failure. */
  failOnLeftover: boolean;
  /** Time limit for the target; undefined for none. */
  timeoutMs: number | undefined;
  /** When to open the terminal view: if standard streams are a terminal, always, or never. */
  view: 'auto' | 'always' | 'never';
  /** Whether the view closes automatically after the target has exited. */
  exitOnEnd: boolean;
  outputs: OutputRequest;
  /** The directories of output files, if targets of earlier runs could have replaced them. */
  directories?: OpenDirectories;
  /** The budgets that the recording contains. */
  budgets?: readonly RecordedBudget[];
}

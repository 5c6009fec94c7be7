/** What a launch takes and returns, whatever starts the target. */
import type { Readable } from 'node:stream';
import type { ByteString } from './byte-string.ts';
import type { TargetEnvironment } from './environment.ts';
import type { TargetExit } from './exit-status.ts';
import type { InheritedState } from './inherited-state.ts';
import type { TargetUser } from './user.ts';

/** The parameters of a launch. */
export interface LaunchRequest {
  /** The command and its arguments. */
  command: readonly ByteString[];
  /** The files of the leaf that the stub writes `0` to; none in process-tree mode. */
  joinFiles: string[];
  cwd: string | undefined;
  /** The target's whole environment. */
  env: TargetEnvironment;
  user: TargetUser | undefined;
  /** Whether execve(2) is to grant no privileges to the target, nor to what it starts. */
  noNewPrivs: boolean;
  /**
   * The targets of stdin, stdout and stderr: ours (`inherit`, or the number of one of ours), a file that
   * cmemstat opened, or a pipe to cmemstat.
   */
  stdio: ['inherit' | number, TargetOutput, TargetOutput];
  /** What else the target gets as cmemstat got it. */
  inherited: Omit<InheritedState, 'environment'>;
}

/** The destination of one of the target's outputs. */
export type TargetOutput = 'inherit' | 'pipe' | number;

/** A started target. */
export interface Target {
  pid: number;
  /** Resolves when the target has exited; never rejects. */
  ended: Promise<TargetExit>;
  /** Its output, if it is a pipe to cmemstat. */
  stdout: Readable | null;
  stderr: Readable | null;
  /** How it was started: a shell does not report whether it could join the leaf. */
  startedBy: 'stub' | 'shell' | 'others';
  /** Sends a signal; does nothing if the target has exited. */
  kill(signal: string): void;
}

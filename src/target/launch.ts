/** Starts the target in its leaf, before the target executes any code. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { LaunchError } from '../errors.ts';
import type { TargetExit } from './exit-status.ts';
import type { TargetUser } from './user.ts';

/** The parameters of a launch. */
export interface LaunchRequest {
  /** The command and its arguments. */
  command: string[];
  /** The files of the leaf that the stub writes `0` to; none in process-tree mode. */
  joinFiles: string[];
  cwd: string | undefined;
  /** The target's whole environment. */
  env: NodeJS.ProcessEnv;
  user: TargetUser | undefined;
  /**
   * The targets of stdin, stdout and stderr: ours (`inherit`, or the number of one of ours), a file that
   * cmemstat opened, or a pipe to cmemstat.
   */
  stdio: ['inherit' | number, TargetOutput, TargetOutput];
}

/** The destination of one of the target's outputs. */
export type TargetOutput = 'inherit' | 'pipe' | number;

/** A started target. */
export interface Target {
  /** The same for the stub and the target: `exec` keeps it. */
  pid: number;
  /** Resolves when the target has exited; never rejects. */
  ended: Promise<TargetExit>;
  /** Its output, if it is a pipe to cmemstat. */
  stdout: Readable | null;
  stderr: Readable | null;
  /** Sends a signal; does nothing if the target has exited. */
  kill(signal: NodeJS.Signals): void;
}

/**
 * The stub. Each word before `--` is a file to write to in order to join the leaf; the command is only
 * executed if all writes succeed. If they fail, the leaf was never charged, which distinguishes that from a
 * status 125 of the command.
 */
const JOIN_THEN_EXEC = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done; shift; exec "$@"';

/**
 * Starts the target through a stub that joins the leaf and then becomes the target by `exec`: same pid, same
 * standard streams, same controlling terminal, same process group as ours.
 * @throws LaunchError if the stub could not be started.
 */
export async function launchTarget(request: LaunchRequest): Promise<Target> {
  const command = [...asUser(request.user), ...request.command];
  const child = spawn('/bin/sh', ['-c', JOIN_THEN_EXEC, 'cmemstat', ...request.joinFiles, '--', ...command], {
    cwd: request.cwd,
    env: request.env,
    stdio: request.stdio as StdioOptions,
  });
  const ended = new Promise<TargetExit>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }));
  });
  if (child.pid === undefined) throw await startError(child, request);
  const { pid, stdout, stderr } = child;
  return { pid, ended, stdout, stderr, kill: (signal) => void child.kill(signal) };
}

async function startError(child: ChildProcess, request: LaunchRequest): Promise<LaunchError> {
  const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
  const name = request.command[0] ?? '';
  if (request.cwd !== undefined && !existsSync(request.cwd)) {
    return new LaunchError(name, 125, `--cwd ${request.cwd}: no such directory`, { cause });
  }
  return new LaunchError(name, 125, `cannot start /bin/sh: ${cause.message}`, { cause });
}

/** The arguments that drop root privileges after joining the leaf as root. */
function asUser(user: TargetUser | undefined): string[] {
  if (user === undefined) return [];
  // prettier-ignore
  return [
    'setpriv',
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    user.name === undefined ? '--clear-groups' : '--init-groups',
    '--',
  ];
}

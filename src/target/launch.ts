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
   * What stdin, stdout and stderr are: ours (`inherit`, or the number of one of ours), a file that we opened,
   * or a pipe to us.
   */
  stdio: ['inherit' | number, TargetOutput, TargetOutput];
}

/** Where one of the target's outputs goes. */
export type TargetOutput = 'inherit' | 'pipe' | number;

/** A started target. */
export interface Target {
  /** It stays the same from the stub to the target: `exec` keeps it. */
  pid: number;
  /** Settles when the target has ended; never rejects. */
  ended: Promise<TargetExit>;
  /** What it writes, where that is a pipe to us. */
  stdout: Readable | null;
  stderr: Readable | null;
  /** Sends a signal; nothing happens when the target has ended. */
  kill(signal: NodeJS.Signals): void;
}

/**
 * The stub. Each word before `--` is a file to join by; the command is executed only when all were joined. A
 * failure is distinguished from a 125 of the command by a leaf that was never charged.
 */
const JOIN_THEN_EXEC = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done; shift; exec "$@"';

/**
 * Starts the target through a stub that joins the leaf and then becomes the target by `exec`: same pid, same
 * standard streams, same controlling terminal, same process group as ours.
 * @throws LaunchError when not even the stub could be started.
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

/** The words that drop root's rights after the leaf was joined as root. */
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

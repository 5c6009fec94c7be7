/** The launch where no stub can be executed: a shell joins the leaf and becomes the target. */
import { type StdioOptions, spawn } from 'node:child_process';
import { LaunchError } from '../errors.ts';
import { SYSTEM_PATH } from '../kernel/system-environment.ts';
import { textOf } from './byte-string.ts';
import type { TargetExit } from './exit-status.ts';
import { findExecutable } from './find-executable.ts';
import type { LaunchRequest, Target } from './launch-request.ts';

/**
 * Each word before `--` is a file to write to in order to join the leaf; the command is only executed if all
 * writes succeed. If they fail, the leaf was never charged, which distinguishes that from a status 125 of the
 * command.
 */
const JOIN_THEN_EXEC = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done; shift; exec "$@"';

/** Lets env(1) start a command whose name contains `=`. */
const EXEC = ['/bin/sh', '-c', 'exec "$@"', 'cmemstat'];

/** What the target does not get as cmemstat got it. */
export const SHELL_DIFFERENCES =
  'the target is started by /bin/sh: variables whose names are not identifiers, text that is not UTF-8, ' +
  'ignored and blocked signals and its end by a real-time signal are lost';

/**
 * Starts the target through a shell.
 * @throws LaunchError if the shell could not be started, or if setpriv(1) is needed and not installed.
 */
export async function launchByShell(request: LaunchRequest): Promise<Target> {
  const words = request.command.map(textOf);
  const privileges = changePrivileges(request);
  // Until setpriv(1) has dropped root's privileges, nothing of the target's environment is used.
  const command =
    privileges.length === 0
      ? words
      : [...privileges, '/usr/bin/env', '-i', ...request.env.entries.map(textOf), ...EXEC, ...words];
  const highest = Math.max(2, ...request.inherited.descriptors);
  const stdio: (string | number)[] = Array(highest + 1).fill('ignore');
  for (const fd of request.inherited.descriptors) stdio[fd] = fd;
  for (const [at, stream] of request.stdio.entries()) stdio[at] = stream;
  const child = spawn('/bin/sh', ['-c', JOIN_THEN_EXEC, 'cmemstat', ...request.joinFiles, '--', ...command], {
    cwd: request.cwd,
    env: privileges.length === 0 ? request.env.toRecord() : { PATH: SYSTEM_PATH },
    stdio: stdio as StdioOptions,
  });
  const ended = new Promise<TargetExit>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }));
  });
  if (child.pid === undefined) {
    const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
    throw new LaunchError(words[0] ?? '', 125, `cannot start /bin/sh: ${cause.message}`, { cause });
  }
  const { pid, stdout, stderr } = child;
  const kill = (signal: string) => void child.kill(signal as NodeJS.Signals);
  return { pid, ended, stdout, stderr, startedBy: 'shell', kill };
}

/** The words that drop privileges before the target is executed; none if it keeps those of cmemstat. */
function changePrivileges({ user, noNewPrivs, command }: LaunchRequest): string[] {
  if (user === undefined && !noNewPrivs) return [];
  return [
    findSetpriv(textOf(command[0] ?? '')),
    ...(user === undefined
      ? []
      : [
          `--reuid=${user.uid}`,
          `--regid=${user.gid}`,
          user.groups.length === 0 ? '--clear-groups' : `--groups=${user.groups.join(',')}`,
          '--inh-caps=-all',
        ]),
    ...(noNewPrivs ? ['--no-new-privs'] : []),
    '--',
  ];
}

function findSetpriv(command: string): string {
  try {
    return findExecutable('setpriv', SYSTEM_PATH, undefined).file;
  } catch (cause) {
    throw new LaunchError(
      command,
      125,
      '--user and --no-new-privs need setpriv where the target is started by /bin/sh',
      { hint: 'install util-linux', cause },
    );
  }
}

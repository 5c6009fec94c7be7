import type { TargetUser } from './user.ts';

/**
 * The target's environment: ours, with what the new user expects, with what `--env` says; the last word wins.
 */
export function targetEnvironment(
  ours: NodeJS.ProcessEnv,
  added: readonly (readonly [name: string, value: string])[],
  user: TargetUser | undefined,
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...ours };
  if (user !== undefined) {
    // What `systemd-run --uid` and `sudo` set too: a root HOME would be written to by an ordinary user in
    // vain.
    if (user.name !== undefined) {
      env.USER = user.name;
      env.LOGNAME = user.name;
    }
    if (user.home !== undefined) env.HOME = user.home;
    if (user.shell !== undefined) env.SHELL = user.shell;
  }
  for (const [name, value] of added) env[name] = value;
  return env;
}

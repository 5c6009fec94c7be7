import type { TargetUser } from './user.ts';

/**
 * The environment of the target: ours, the variables of the new user, then those of `--env`; later values
 * override earlier ones.
 */
export function targetEnvironment(
  ours: NodeJS.ProcessEnv,
  added: readonly (readonly [name: string, value: string])[],
  user: TargetUser | undefined,
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...ours };
  if (user !== undefined) {
    // As `systemd-run --uid` and `sudo` do: an unprivileged user could not write to root's HOME.
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

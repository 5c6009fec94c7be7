/** The environment of the programs that cmemstat starts for itself, such as getent(1). */

/**
 * Where these programs are looked up, whatever PATH is: directories that only root can write to, and none
 * that is relative to the working directory. The last one is that of NixOS.
 */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin';

/** Ours, with the fixed PATH: `spawn` looks a name up in the PATH of the environment that it is given. */
export function systemEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: SYSTEM_PATH };
}

/** Where the caches are kept, and whether what is there can be trusted. */
import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * The directory of all caches: `$XDG_CACHE_HOME/cmemstat`, else `~/.cache/cmemstat`. Absent where there is no
 * home directory.
 *
 * Source: the XDG base directory specification.
 */
export function cacheDirectory({ XDG_CACHE_HOME }: NodeJS.ProcessEnv = process.env): string | undefined {
  // The specification wants relative paths ignored.
  const base = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(homeDirectory(), '.cache');
  return base.startsWith('/') ? join(base, 'cmemstat') : undefined;
}

/** Empty where HOME is, and where HOME is not set and the user is not in the user database. */
function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Whether a directory exists in which only this user and root can create or replace files: root takes no
 * cache from the home directory of another user, which HOME may be under sudo.
 */
export function isPrivateDirectory(directory: string): boolean {
  try {
    for (let path = realpathSync.native(directory); ; path = dirname(path)) {
      const { uid, mode } = statSync(path);
      // In a directory with the sticky bit, such as /tmp, others can't rename what is not theirs.
      const isShared = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0;
      if ((uid !== 0 && uid !== process.geteuid?.()) || isShared) return false;
      if (path === '/') return true;
    }
  } catch {
    return false;
  }
}

/**
 * Makes a directory that only this user can look into, and those above it that are missing. (Node's own
 * `recursive` never comes back from a place where nothing can be made, such as /proc.)
 * @throws Error where that is not possible, or where others could write to it all the same: nothing is made
 * then.
 */
export function makePrivateDirectory(directory: string): void {
  if (isPrivateDirectory(directory)) return;
  if (existsSync(directory)) throw new Error(`${directory} can be written to by others`);
  makePrivateDirectory(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!isPrivateDirectory(directory)) throw error;
  }
}

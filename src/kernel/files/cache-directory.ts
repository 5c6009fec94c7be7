/** Location of the caches, and whether their contents can be trusted. */
import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * The directory of all caches: `$XDG_CACHE_HOME/cmemstat`, else `~/.cache/cmemstat`. For root, where these
 * refer to a directory of another user, as HOME may under sudo: `.cache/cmemstat` in root's own home
 * directory. Absent without a home directory.
 *
 * Source: the XDG base directory specification.
 */
export function cacheDirectory({ XDG_CACHE_HOME }: NodeJS.ProcessEnv = process.env): string | undefined {
  // The specification says that relative paths are ignored.
  const base = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(homeDirectory(), '.cache');
  // Node.js decodes variables: bytes that are not UTF-8 would become the name of another directory.
  if (!base.startsWith('/') || base.includes('\ufffd')) return undefined;
  const isForeign = process.geteuid?.() === 0 && ownerOf(base) !== 0;
  return join(isForeign ? join(ownHome(), '.cache') : base, 'cmemstat');
}

/** The owner of a directory, or of the closest one above it that exists. */
function ownerOf(directory: string): number {
  for (let path = directory; ; path = dirname(path)) {
    try {
      return statSync(path).uid;
    } catch {
      // It does not exist, or is below a file, as with HOME=/dev/null.
      if (path === '/') return 0;
    }
  }
}

/** The home directory in the user database, whatever HOME is. */
function ownHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    return '/root';
  }
}

/** Empty if HOME is empty, or if HOME is not set and the user is not in the user database. */
function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** The bits of a file's mode that let its group or others write to it. */
export const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Whether a directory exists in which only this user and root can create or replace files. Root does not
 * accept a cache in another user's home directory, which HOME may refer to under sudo.
 */
export function isPrivateDirectory(directory: string): boolean {
  try {
    for (let path = realpathSync.native(directory); ; path = dirname(path)) {
      const { uid, mode } = statSync(path);
      // In a directory with the sticky bit, such as /tmp, users cannot rename files of others.
      const isShared = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0;
      if ((uid !== 0 && uid !== process.geteuid?.()) || isShared) return false;
      if (path === '/') return true;
    }
  } catch {
    return false;
  }
}

/**
 * Creates a directory that only this user can access, and its missing parents. (Node's `recursive` option
 * never returns if the parent is read-only, as in /proc.)
 * @throws Error if that fails, or if others could still write to it: nothing is created then.
 */
export function makePrivateDirectory(directory: string): void {
  if (isPrivateDirectory(directory)) return;
  if (existsSync(directory)) throw new Error(`${directory} is writable by others`);
  makePrivateDirectory(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!isPrivateDirectory(directory)) throw error;
  }
}

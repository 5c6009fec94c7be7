import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** The cache of kernels and root file systems: `$CMEMSTAT_VM_CACHE`, else `~/.cache/cmemstat-vm`. */
export function cacheDirectory(): string {
  return process.env.CMEMSTAT_VM_CACHE ?? path.join(os.homedir(), '.cache', 'cmemstat-vm');
}

const underWay = new Map<string, Promise<string>>();

/**
 * Returns the cached directory `key`, after `fill` has created its contents if it does not exist.
 *
 * The contents are created beside it and renamed into place, so a directory that exists is complete, and of
 * several processes that fill it at the same time one wins and the others use its result.
 */
export function cachedDirectory(key: string, fill: (directory: string) => Promise<void>): Promise<string> {
  const target = path.join(cacheDirectory(), key);
  const known = underWay.get(target);
  if (known !== undefined) return known;
  const made = makeDirectory(target, fill).catch((error: unknown) => {
    underWay.delete(target);
    throw error;
  });
  underWay.set(target, made);
  return made;
}

async function makeDirectory(target: string, fill: (directory: string) => Promise<void>): Promise<string> {
  if (existsSync(target)) return target;
  await mkdir(path.dirname(target), { recursive: true });
  const scratch = await mkdtemp(`${target}.part-`);
  try {
    await fill(scratch);
    await rename(scratch, target).catch((error: NodeJS.ErrnoException) => {
      const lostTheRace = error.code === 'ENOTEMPTY' || error.code === 'EEXIST';
      if (!lostTheRace) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return target;
}

/** The cgroups of a hierarchy, kept from one reading to the next. */
import { type BigIntStats, closeSync, openSync, statSync } from 'node:fs';
import { LINKS_OF_NO_CHILD, listDirectories, MAX_PATH_BYTES, SLASH } from '../../cgroup/subtree.ts';
import { errnoOf } from '../../errors.ts';
import { O_PATH } from '../../kernel/files/open-flags.ts';
import { tryStat } from '../../try-stat.ts';

/** How often a directory is listed again because cgroups come and go meanwhile. */
const MAX_LISTINGS = 3;

type DirectoryStat = Pick<BigIntStats, 'ino' | 'nlink'>;

/** One directory of the hierarchy. */
export class CgroupDirectory {
  /** The inode number. */
  readonly id: bigint;
  readonly parent: CgroupDirectory | undefined;
  /** Below the mount point, as it is shown; `/` for the mount point. */
  readonly path: string;
  /** For system calls: names are any bytes. */
  readonly place: Buffer;
  /** By name, a byte a character. */
  readonly children = new Map<string, CgroupDirectory>();
  /** The number of links to it: two, and one of each child. */
  links: number;
  /** That number when its children were listed; undefined until then. */
  listedLinks: number | undefined;
  isGone = false;
  /** Keeps a place whose path would be too long. */
  readonly #fd: number | undefined;
  readonly #onGone: (() => void)[] = [];

  /** @throws an error with the errno. */
  constructor(stat: DirectoryStat, place: Buffer, path: string, parent: CgroupDirectory | undefined) {
    this.id = stat.ino;
    this.links = Number(stat.nlink);
    this.path = path;
    this.parent = parent;
    this.#fd = place.length > MAX_PATH_BYTES ? openSync(place, O_PATH) : undefined;
    this.place = this.#fd === undefined ? place : Buffer.from(`/proc/self/fd/${this.#fd}`);
  }

  /** What is to be closed with it. */
  onGone(close: () => void): void {
    this.#onGone.push(close);
  }

  /** The cgroup and all below it have been removed, or are no longer watched. */
  forget(): void {
    const all: CgroupDirectory[] = [this];
    for (let next = all.pop(); next !== undefined; next = all.pop()) {
      all.push(...next.children.values());
      next.#close();
    }
  }

  #close(): void {
    if (this.isGone) return;
    this.isGone = true;
    for (const close of this.#onGone) close();
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

/** See the head of the file. */
export class CgroupTree {
  readonly root: CgroupDirectory;

  /** @throws an error with the errno if the hierarchy is not there. */
  constructor(mountPoint: string) {
    const place = Buffer.from(mountPoint);
    this.root = new CgroupDirectory(statSync(place, { bigint: true }), place, '/', undefined);
  }

  /**
   * Finds what was created and removed; returns all directories, parents before children. A directory is
   * listed only if it has another number of subdirectories than before, or one of them is gone.
   */
  refresh(): CgroupDirectory[] {
    const found: CgroupDirectory[] = [];
    const waiting = isThere(this.root) ? [this.root] : [];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      found.push(next);
      updateChildren(next);
      for (const child of next.children.values()) waiting.push(child);
    }
    return found;
  }

  close(): void {
    this.root.forget();
  }
}

/** Whether it still exists; another one may have its name. */
function isThere(directory: CgroupDirectory): boolean {
  if (directory.isGone) return false;
  const stat = tryStat(directory.place);
  if (stat?.ino !== directory.id) return false;
  directory.links = Number(stat.nlink);
  return true;
}

/** Afterwards all children existed a moment ago. */
function updateChildren(directory: CgroupDirectory): void {
  const { children } = directory;
  for (let listings = 0; ; listings += 1) {
    let hasLost = false;
    for (const [key, child] of children) {
      if (isThere(child)) continue;
      hasLost = true;
      child.forget();
      children.delete(key);
    }
    // If one was removed and another one created, the number is the same.
    const hasChanged = hasLost || directory.listedLinks !== directory.links;
    if (!hasChanged || listings === MAX_LISTINGS) return;
    list(directory);
  }
}

function list(directory: CgroupDirectory): void {
  // The number may change meanwhile: then it is listed again with the next reading.
  directory.listedLinks = directory.links;
  const { children, links, place } = directory;
  for (const name of links === LINKS_OF_NO_CHILD ? [] : namesIn(place)) {
    const key = name.toString('latin1');
    if (children.has(key)) continue;
    const child = open(directory, name);
    if (child !== undefined) children.set(key, child);
  }
}

/** Undefined if it has been removed meanwhile. */
function open(parent: CgroupDirectory, name: Buffer): CgroupDirectory | undefined {
  const place = Buffer.concat([parent.place, SLASH, name]);
  const stat = tryStat(place);
  if (stat === undefined) return undefined;
  const path = `${parent.path === '/' ? '' : parent.path}/${name.toString('utf8')}`;
  try {
    return new CgroupDirectory(stat, place, path, parent);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function namesIn(place: Buffer): Buffer[] {
  try {
    return listDirectories(place);
  } catch (error) {
    // It may have been removed meanwhile, or may not be readable.
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

/**
 * The place of a file that a user names. Symbolic links are resolved and the directory is opened before the
 * target is started; later the name is only looked up in that directory, and links are not followed: a target
 * cannot choose which file is written to.
 */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  open,
  openSync,
  readlinkSync,
  renameSync,
  type Stats,
  statSync,
} from 'node:fs';
import { describeErrno, errnoOf, UsageError } from '../../errors.ts';
import { sleep } from '../sleep.ts';
import { WRITABLE_BY_OTHERS } from './cache-directory.ts';
import { O_PATH } from './open-flags.ts';
import { removeFile, replaceFile, scratchName } from './private-file.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_DIRECTORY } = constants;

/** Source: `MAXSYMLINKS` in `include/linux/namei.h`. */
const MAX_LINKS = 40;

/** How often a named pipe without a reader is tried. Unit: milliseconds. */
export const RETRY_MS = 20;

/** The end of the path of a directory that has been removed. Source: `d_path` in `fs/d_path.c`. */
const DELETED = ' (deleted)';

/** The directory of a path, unresolved. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1) || '.';
}

/**
 * Opens a directory, in which names can still be looked up if it is moved. @throws Error of the file system.
 */
export function openDirectory(path: string | Buffer): number {
  return openSync(path, O_PATH | O_DIRECTORY);
}

/** Open directories by the paths that were given for them. */
export type OpenDirectories = ReadonlyMap<string, number>;

/** A name in an open directory. */
export class FilePlace {
  readonly option: string;
  /** As given on the command line. */
  readonly path: string;
  #directory: number;
  /** Whether the directory is ours to close. */
  #isOwner: boolean;
  /** The path that the directory had. */
  #directoryPath = Buffer.alloc(0);
  #name: string;
  /**
   * Whether it is an entry of /proc/PID/fd, as for /dev/stdout: the open file of a shell, for example, which
   * is continued and never replaced.
   */
  #isMagic = false;
  /** Such a descriptor of our own, which is used itself: its position in a file is shared. */
  #ownFd: number | undefined;

  /**
   * `directories` were opened before, and are not closed with the place.
   * @throws UsageError that names the option and the file.
   */
  constructor(option: string, path: string, directories?: OpenDirectories) {
    const directory = directories?.get(parentOf(path));
    this.option = option;
    this.path = path;
    this.#name = path.slice(path.lastIndexOf('/') + 1);
    this.#isOwner = directory === undefined;
    try {
      this.#directory = directory ?? openDirectory(parentOf(path));
    } catch (error) {
      throw this.unusable(error);
    }
    try {
      this.#resolve();
      this.#directoryPath = readlinkSync(procPath(this.#directory), 'buffer');
    } catch (error) {
      this.close();
      throw this.unusable(error);
    }
  }

  /** Whether it is the open file of another program, which is continued and never replaced. */
  get isContinued(): boolean {
    return this.#isMagic;
  }

  /** What is there; undefined if nothing is. @throws Error of the file system. */
  stat(): Stats | undefined {
    if (this.#ownFd !== undefined) return fstatSync(this.#ownFd);
    return (this.#isMagic ? statSync : lstatSync)(this.#at, { throwIfNoEntry: false });
  }

  /** @throws UsageError if a file cannot be created. */
  checkDirectory(): void {
    try {
      accessSync(procPath(this.#directory), constants.W_OK | constants.X_OK);
    } catch (error) {
      throw this.unusable(error);
    }
  }

  /**
   * Opens what is there, or creates it.
   * @throws UsageError; Error of the file system.
   */
  open(flags: number): number {
    if (this.#ownFd !== undefined) return this.#ownFd;
    const follow = this.#isMagic ? 0 : O_NOFOLLOW;
    const fd = openSync(this.#at, flags | O_NOCTTY | follow, 0o666);
    const stat = fstatSync(fd);
    if (!this.#isMagic && stat.isFile() && stat.nlink > 1 && !isProtected(this.#directory)) {
      closeSync(fd);
      throw this.#refused('a hard link');
    }
    return fd;
  }

  /**
   * Opens a named pipe to read from, once it has a writer. `onWait` is called meanwhile, and may throw to end
   * the wait.
   * @throws Error of the file system; what `onWait` throws.
   */
  async openReader(onWait: FileAccess['onWait']): Promise<number> {
    // The thread that waits is none that signals need.
    const opening = new Promise<number>((resolve, reject) => {
      open(this.#at, O_RDONLY | O_NOCTTY | O_NOFOLLOW, (error, fd) => (error ? reject(error) : resolve(fd)));
    });
    let fd: number | undefined;
    const opened = opening.then((each) => {
      fd = each;
    });
    try {
      while (fd === undefined) {
        await Promise.race([opened, sleep(RETRY_MS)]);
        if (fd === undefined) await onWait?.();
      }
      return fd;
    } catch (error) {
      if (fd === undefined) this.#endWait();
      void opening.then(closeSync, () => {});
      throw error;
    }
  }

  /** Opens the other end for a moment, so that a thread that waits for it continues. */
  #endWait(): void {
    try {
      closeSync(openSync(this.#at, O_WRONLY | O_NONBLOCK | O_NOFOLLOW));
    } catch {
      // The pipe has been removed or replaced.
    }
  }

  /**
   * Refuses a named pipe that others have put there: they decide for how long we would wait.
   * @throws UsageError.
   */
  requireOwnPipe(): void {
    const stat = this.stat();
    if (stat?.isFIFO() !== true || this.#isMagic || stat.uid === process.geteuid?.()) return;
    if (!isProtected(this.#directory)) throw this.#refused('a named pipe of another user');
  }

  /** Closes what `open` returned. */
  release(fd: number): void {
    if (fd !== this.#ownFd) closeSync(fd);
  }

  /**
   * Puts a new file there, in place of anything but a directory.
   * @throws Error of the file system.
   */
  replace(bytes: Buffer): void {
    this.#reopenRemoved();
    replaceFile(this.#at, bytes, 0o666);
  }

  /**
   * Creates a file beside it, which is to take its place when it is complete.
   * @throws Error of the file system, as `rename`.
   */
  createBeside(): FileBeside {
    const scratch = `${procPath(this.#directory)}/${scratchName()}`;
    const fd = openSync(scratch, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
    let isThere = true;
    return {
      fd,
      rename: () => {
        renameSync(scratch, this.#at);
        isThere = false;
      },
      remove: () => {
        if (isThere) removeFile(scratch);
        isThere = false;
      },
    };
  }

  /** Removes a file if it is still there. */
  remove(file: Stats): void {
    if (isSameFile(this.stat(), file)) removeFile(this.#at);
  }

  /** Closes the directory. */
  close(): void {
    if (this.#isOwner) closeSync(this.#directory);
    this.#isOwner = false;
  }

  /** The error for a place that cannot be used. */
  unusable(error: unknown): UsageError {
    if (error instanceof UsageError) return error;
    return new UsageError(this.option, `${this.option} ${this.path}: ${describeErrno(errnoOf(error))}`);
  }

  #refused(what: string): UsageError {
    return new UsageError(
      this.option,
      `${this.option} ${this.path}: it is ${what} in a directory that others can write to`,
      'name another file',
    );
  }

  /** What the text names is another file. */
  #leadsToBytes(link: string): UsageError {
    return new UsageError(
      this.option,
      `${this.option} ${this.path}: it links to ${link}, which is not UTF-8`,
    );
  }

  get #at(): string {
    return `${procPath(this.#directory)}/${this.#name}`;
  }

  /** Follows links at the end of the path to the place of the file. */
  #resolve(): void {
    for (let links = 0; ; links += 1) {
      const isOfProc = fstatSync(this.#directory).dev === statSync('/proc/self').dev;
      const stat = lstatSync(this.#at, { throwIfNoEntry: isOfProc });
      if (stat?.isSymbolicLink() !== true) return;
      // A user who can write to the directory could have put the link there.
      if (!isProtected(this.#directory)) throw this.#refused('a symbolic link');
      if (isOfProc) {
        this.#isMagic = true;
        const isOwn = isSameFile(fstatSync(this.#directory), statSync('/proc/self/fd'));
        if (isOwn) this.#ownFd = Number(this.#name);
        // It was free until the directory was opened.
        if (this.#ownFd === this.#directory) throw Object.assign(new Error(), { code: 'ENOENT' });
        return;
      }
      if (links === MAX_LINKS) throw Object.assign(new Error(), { code: 'ELOOP' });
      const bytes = readlinkSync(this.#at, 'buffer');
      const link = bytes.toString();
      if (!Buffer.from(link).equals(bytes)) throw this.#leadsToBytes(link);
      const parent = parentOf(link);
      this.#moveTo(openDirectory(link.startsWith('/') ? parent : `${procPath(this.#directory)}/${parent}`));
      this.#name = link.slice(link.lastIndexOf('/') + 1);
    }
  }

  #moveTo(directory: number): void {
    this.close();
    this.#directory = directory;
    this.#isOwner = true;
  }

  /** The target may have removed the directory and created it again, as `make clean all` does. */
  #reopenRemoved(): void {
    if (!readlinkSync(procPath(this.#directory)).endsWith(DELETED)) return;
    const directory = openDirectory(this.#directoryPath);
    if (readlinkSync(procPath(directory), 'buffer').equals(this.#directoryPath) && isProtected(directory)) {
      this.#moveTo(directory);
    } else closeSync(directory);
  }
}

/** A new file in the directory of another one. */
export interface FileBeside {
  readonly fd: number;
  /** Puts it in the place of the other one. */
  rename(): void;
  /** Removes it if it was not renamed. */
  remove(): void;
}

/** How files are opened. */
export interface FileAccess {
  /** Those that were opened before. */
  directories?: OpenDirectories | undefined;
  /** Called while a named pipe has no reader; may throw to end the wait. */
  onWait?: (() => void | Promise<void>) | undefined;
}

/** Whether both are the same file, under any name. */
export function isSameFile(a: Stats | undefined, b: Stats | undefined): boolean {
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

/** A path to an open file. Source: proc(5), /proc/pid/fd. */
export function procPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** Whether only we and the owner of the root directory, usually root, can put files into the directory. */
function isProtected(directory: number): boolean {
  const { uid, mode } = fstatSync(directory);
  return (mode & WRITABLE_BY_OTHERS) === 0 && (uid === process.geteuid?.() || uid === statSync('/').uid);
}

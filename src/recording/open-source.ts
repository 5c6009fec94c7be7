/** Reads files of any size and kind in pieces. */
import { open } from 'node:fs/promises';
import { describeErrno, errnoOf, InputError } from '../errors.ts';

/** Size of one read. Unit: bytes. */
export const CHUNK_BYTES = 256 * 1024;

/** A file without a record in its first bytes is not a recording, and no other document of ours. */
export const MAX_LEADING_BYTES = 64 * 1024 * 1024;

/** The name for standard input. */
export const STDIN = '-';

/** An open file, or standard input. */
export interface Source {
  isFile: boolean;
  /** Up to the size of the buffer; 0 at the end. */
  read(into: Buffer, position: number): Promise<number>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens a file, or standard input for `-`.
 * @throws InputError; reading throws it too.
 */
export async function openSource(path: string): Promise<Source> {
  if (path === STDIN) return standardInput();
  try {
    const handle = await open(path, 'r');
    let isFile: boolean;
    try {
      const stat = await handle.stat();
      if (stat.isDirectory()) throw new InputError(path, `${path}: is a directory`);
      isFile = stat.isFile();
    } catch (error) {
      await handle.close();
      throw error;
    }
    return {
      isFile,
      read: async (into, position) => {
        try {
          return (await handle.read(into, 0, into.length, isFile ? position : null)).bytesRead;
        } catch (error) {
          throw cannotRead(path, error);
        }
      },
      size: async () => (await handle.stat()).size,
      close: () => handle.close(),
    };
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw cannotRead(path, error);
  }
}

/** The error of a system call on a file. */
export function cannotRead(path: string, cause: unknown): InputError {
  return new InputError(path, `${path}: ${describeErrno(errnoOf(cause))}`, { cause });
}

/** Reads as a stream: it may be a socket or a non-blocking descriptor. */
function standardInput(): Source {
  const chunks = process.stdin[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  return {
    isFile: false,
    async read(into) {
      if (rest.length === 0) {
        const { done, value } = await chunks.next();
        if (done === true) return 0;
        rest = value as Buffer;
      }
      const length = rest.copy(into);
      rest = rest.subarray(length);
      return length;
    },
    size: async () => 0,
    close: async () => void process.stdin.destroy(),
  };
}

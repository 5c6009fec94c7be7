/** Where an export goes: standard output, or a file that is replaced when the document is complete. */
import { closeSync, fchmodSync } from 'node:fs';
import { describeErrno, errnoOf, OutputError } from '../../errors.ts';
import { FilePlace } from '../../kernel/files/file-place.ts';
import { openStream } from '../../kernel/files/output-stream.ts';
import { ChunkWriter } from '../../output/chunk-writer.ts';

/** A destination that is written bit by bit. */
export interface Destination {
  /** Whether the reader has closed it, as after `| head`. */
  readonly isClosed: boolean;
  /** @throws OutputError. */
  write(bytes: Uint8Array): Promise<void>;
  /** The document is complete. @throws OutputError. */
  finish(): Promise<void>;
  /** Leaves what was there before, unless `finish` was called; may be called more than once. */
  close(): void;
}

const STANDARD_OUTPUT = 1;

/** Standard output. */
export function standardDestination(): Destination {
  return writeTo(
    STANDARD_OUTPUT,
    'standard output',
    () => {},
    () => {},
  );
}

/**
 * A file: a regular one is replaced at the end, so that it holds a whole document or what was there before.
 * @throws UsageError that names the option and the file.
 */
export async function fileDestination(option: string, path: string): Promise<Destination> {
  const place = new FilePlace(option, path);
  try {
    const stat = place.stat();
    if (place.isContinued || (stat !== undefined && !stat.isFile())) {
      const stream = await openStream(place);
      stream.keep();
      return writeTo(
        stream.fd,
        path,
        () => {},
        () => stream.close(),
      );
    }
    place.checkDirectory();
    const scratch = place.createBeside();
    let isOpen = true;
    const close = () => {
      if (!isOpen) return;
      isOpen = false;
      scratch.remove();
      closeSync(scratch.fd);
      place.close();
    };
    const finish = () => {
      if (stat !== undefined) fchmodSync(scratch.fd, stat.mode & 0o777);
      scratch.rename();
    };
    return writeTo(scratch.fd, path, finish, close);
  } catch (error) {
    place.close();
    throw place.unusable(error);
  }
}

function writeTo(fd: number, name: string, finish: () => void, close: () => void): Destination {
  let failure: NodeJS.ErrnoException | undefined;
  const writer = new ChunkWriter(fd, (error) => {
    failure = error;
  });
  const check = (cause: NodeJS.ErrnoException | undefined) => {
    if (cause === undefined || errnoOf(cause) === 'EPIPE') return;
    throw new OutputError(name, `cannot write to ${name}: ${describeErrno(errnoOf(cause))}`, { cause });
  };
  return {
    get isClosed() {
      return failure !== undefined;
    },
    async write(bytes) {
      await writer.write(bytes);
      check(failure);
    },
    async finish() {
      try {
        finish();
      } catch (error) {
        check(error as NodeJS.ErrnoException);
      }
    },
    close() {
      writer.close();
      close();
    },
  };
}

/** Whether both are one file, which a document would replace. */
export function isSameAs(path: string, inputs: readonly { dev: number; ino: number }[]): boolean {
  const place = new FilePlace('--output', path);
  try {
    const stat = place.stat();
    return stat !== undefined && inputs.some(({ dev, ino }) => dev === stat.dev && ino === stat.ino);
  } finally {
    place.close();
  }
}

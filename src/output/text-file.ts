/**
 * A document that is written at the end; a place that cannot be written to is reported before the run starts.
 */
import { constants, fstatSync } from 'node:fs';
import { describeErrno, errnoOf, OutputError, UsageError } from '../errors.ts';
import { FilePlace, isSameFile, type OpenDirectories } from '../kernel/files/file-place.ts';
import { openStream, overwriteFile } from '../kernel/files/output-stream.ts';

const { O_WRONLY, O_APPEND, O_NONBLOCK } = constants;

/** A document that is written once, as a whole or not at all. */
export interface TextFile {
  /** @throws OutputError. */
  write(text: string): Promise<void>;
  /** Closes it; `write` does, too. May be called more than once. */
  close(): void;
}

/**
 * Opens what is there, which keeps what it holds until `write`. A file that is not there is created only
 * then: an empty report would be read as one.
 * @throws UsageError that names the option and the file.
 */
export function openTextFile(option: string, path: string, directories?: OpenDirectories): TextFile {
  const place = new FilePlace(option, path, directories);
  const { fd, isStream } = openExisting(place);
  let isOpen = true;
  const close = () => {
    if (isOpen && fd !== undefined) place.release(fd);
    isOpen = false;
    place.close();
  };
  return {
    close,
    async write(text) {
      const bytes = Buffer.from(text);
      try {
        if (isStream) await writeToStream(place, fd, bytes);
        // The target may have removed or replaced the file.
        else if (fd !== undefined && isSameFile(place.stat(), fstatSync(fd))) overwriteFile(fd, bytes);
        else place.replace(bytes);
      } catch (error) {
        // What is there now is refused: the message names the option and the file.
        if (error instanceof UsageError) throw new OutputError(path, error.message, { cause: error });
        throw new OutputError(path, `cannot write to ${path}: ${describeErrno(errnoOf(error))}`, {
          cause: error,
        });
      } finally {
        close();
      }
    },
  };
}

interface Existing {
  /** Absent if nothing is there, or a named pipe without a reader. */
  fd: number | undefined;
  /** A pipe, a terminal or the like, or the open file of another program. */
  isStream: boolean;
}

function openExisting(place: FilePlace): Existing {
  try {
    const stat = place.stat();
    if (stat === undefined) {
      place.checkDirectory();
      return { fd: undefined, isStream: false };
    }
    const isStream = place.isContinued || !stat.isFile();
    try {
      return { fd: place.open(O_WRONLY | O_NONBLOCK | (isStream ? O_APPEND : 0)), isStream };
    } catch (error) {
      if (errnoOf(error) === 'ENXIO' && stat.isFIFO()) return { fd: undefined, isStream };
      throw error;
    }
  } catch (error) {
    place.close();
    throw place.unusable(error);
  }
}

/** Does not block the event loop. @throws Error of the file system. */
async function writeToStream(place: FilePlace, fd: number | undefined, bytes: Buffer): Promise<void> {
  const { ChunkWriter } = await import('./chunk-writer.ts');
  const stream = fd === undefined ? await openStream(place) : undefined;
  let failure: Error | undefined;
  const writer = new ChunkWriter(stream?.fd ?? fd ?? -1, (error) => {
    failure = error;
  });
  await writer.write(bytes);
  writer.close();
  stream?.close();
  if (failure !== undefined) throw failure;
}

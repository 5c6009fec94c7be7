/** A file that is written at the end; a file that cannot be written is reported before the run starts. */
import { closeSync, existsSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { describeErrno, errnoOf, OutputError, UsageError } from '../errors.ts';

/** A file that is written once. */
export interface TextFile {
  /** @throws OutputError. */
  write(text: string): void;
}

/**
 * Tries whether a file can be written. One that is there keeps what it holds until `write`, and one that is
 * not is made only then: an empty report would be read as one.
 * @throws UsageError that names the option and the file.
 */
export function openTextFile(option: string, path: string): TextFile {
  try {
    const isThere = existsSync(path);
    closeSync(openSync(path, 'a'));
    if (!isThere) unlinkSync(path);
  } catch (error) {
    throw new UsageError(option, `${option} ${path}: ${describeErrno(errnoOf(error))}`);
  }
  return {
    write(text) {
      try {
        const fd = openSync(path, 'w');
        try {
          const bytes = Buffer.from(text);
          for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
        } finally {
          closeSync(fd);
        }
      } catch (error) {
        throw new OutputError(path, `cannot write to ${path}: ${describeErrno(errnoOf(error))}`, {
          cause: error,
        });
      }
    },
  };
}

/** A file for a text that is known only at the end; what can't be written is told before anything is started. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { describeErrno, errnoOf, OutputError, UsageError } from '../errors.ts';

/** An open file that is written once. */
export interface TextFile {
  /** Writes and closes it. @throws OutputError. */
  write(text: string): void;
}

/**
 * Opens a file; one that is there keeps what it holds until `write`.
 * @throws UsageError that names the option and the file.
 */
export function openTextFile(option: string, path: string): TextFile {
  try {
    closeSync(openSync(path, 'a'));
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

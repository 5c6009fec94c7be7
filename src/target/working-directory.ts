/** Our working directory, which may have been removed while we are in it, and that of the target. */
import { statSync } from 'node:fs';
import { describeErrno, errnoOf, UsageError } from '../errors.ts';

/** The path of our working directory; undefined if it has been removed. */
export function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** @throws UsageError if `--cwd` is not a directory. */
export function checkTargetDirectory(cwd: string): void {
  let problem: string | undefined;
  try {
    if (!statSync(cwd).isDirectory()) problem = describeErrno('ENOTDIR');
  } catch (error) {
    problem = describeErrno(errnoOf(error));
  }
  if (problem !== undefined) throw new UsageError('--cwd', `--cwd ${cwd}: ${problem}`);
}

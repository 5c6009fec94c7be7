/**
 * The step summary of GitHub: a file named by the runner, which other commands of the step also write to.
 */
import { constants, fstatSync, readSync, writeSync } from 'node:fs';
import { describeErrno, errnoOf, UsageError } from '../errors.ts';
import { FilePlace } from '../kernel/files/file-place.ts';
import type { Verdict } from '../model/verdict.ts';
import { githubStepSummary, SUMMARY_LIMIT_BYTES } from './github.ts';

const NAME = 'GITHUB_STEP_SUMMARY';
const { O_RDWR, O_APPEND, O_CREAT } = constants;

/** A step summary that is appended to. */
export interface StepSummary {
  /** Appends the report as far as there is space. Returns the failure, if any. */
  append(verdict: Verdict): string[];
}

/** Looks the file up before the target is started; undefined without a path. */
export function openStepSummary(path: string | undefined): StepSummary | undefined {
  if (path === undefined || path === '') return undefined;
  // Node.js decodes variables: it may be the name of another file.
  if (path.includes('\ufffd')) return { append: () => [`${NAME} ${path}: not UTF-8`] };
  try {
    const place = new FilePlace(NAME, path);
    return { append: (verdict) => append(verdict, place) };
  } catch (error) {
    return { append: () => [describe(path, error)] };
  }
}

function append(verdict: Verdict, place: FilePlace): string[] {
  try {
    const fd = place.open(O_RDWR | O_APPEND | O_CREAT);
    try {
      const { size } = fstatSync(fd);
      const start = endsLine(fd, size) ? '' : '\n';
      const text = githubStepSummary(verdict, Math.max(0, SUMMARY_LIMIT_BYTES - size - start.length));
      if (text === '')
        return [`${NAME} ${place.path}: no room for the report: GitHub accepts 1 MiB per step`];
      const bytes = Buffer.from(`${start}${text}`);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } finally {
      place.release(fd);
      place.close();
    }
    return [];
  } catch (error) {
    return [describe(place.path, error)];
  }
}

function describe(path: string, error: unknown): string {
  return error instanceof UsageError ? error.message : `${NAME} ${path}: ${describeErrno(errnoOf(error))}`;
}

function endsLine(fd: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  return readSync(fd, last, 0, 1, size - 1) === 0 || last.toString() === '\n';
}

/**
 * The step summary of GitHub: a file named by the runner, which other commands of the step also write to.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { describeErrno, errnoOf } from '../errors.ts';
import type { Verdict } from '../model/verdict.ts';
import { githubStepSummary, SUMMARY_LIMIT_BYTES } from './github.ts';

/**
 * Appends the report as far as there is space. Returns the failure, if any; does nothing without a path.
 */
export function appendStepSummary(verdict: Verdict, path: string | undefined): string[] {
  if (path === undefined || path === '') return [];
  try {
    const fd = openSync(path, 'a+');
    try {
      const { size } = fstatSync(fd);
      const start = endsLine(fd, size) ? '' : '\n';
      const text = githubStepSummary(verdict, Math.max(0, SUMMARY_LIMIT_BYTES - size - start.length));
      if (text === '')
        return [`GITHUB_STEP_SUMMARY ${path}: no room for the report: GitHub accepts 1 MiB per step`];
      const bytes = Buffer.from(`${start}${text}`);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } finally {
      closeSync(fd);
    }
    return [];
  } catch (error) {
    return [`GITHUB_STEP_SUMMARY ${path}: ${describeErrno(errnoOf(error))}`];
  }
}

function endsLine(fd: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  return readSync(fd, last, 0, 1, size - 1) === 0 || last.toString() === '\n';
}

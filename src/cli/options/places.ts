/** Destinations of a command's outputs: two outputs to the same destination would corrupt each other. */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { numberedFile } from '../../app/gate/run-files.ts';
import { UsageError } from '../../errors.ts';
import { tryStat } from '../../try-stat.ts';
import type { GateFlags } from './gate-flags.ts';
import type { RunFlags } from './run-flags.ts';

/** A requested output, or an input. */
export interface Place {
  option: string;
  /** Absent for standard output. */
  file?: string;
  /** Whether it is read. */
  isInput?: true;
}

/** Files that are read; those that are not given are left out. */
export function inputPlaces(option: string, ...files: readonly (string | undefined)[]): Place[] {
  return files.flatMap((file) => (file === undefined ? [] : [{ option, file, isInput: true as const }]));
}

/**
 * The files of a run, without its reports; of several runs, those of each. Both streams of the target may go
 * to one file.
 */
export function runPlaces(flags: RunFlags & GateFlags, runs = 1): Place[] {
  const { stdout, stderr } = flags;
  const isShared = isSameFile(stdout, stderr);
  const files: Requested[] = [
    ...filesOfRuns(flags.output, runs).map((file): Requested => ['--output', file]),
    ...filesOfRuns(flags.summaryJson, runs).map((file): Requested => ['--summary-json', file]),
    ['--save-baseline', flags.saveBaseline],
    ['--stdout', stdout],
    ['--stderr', isShared ? undefined : stderr],
  ];
  return [
    ...inputPlaces('--stdin', flags.stdin),
    ...inputPlaces('--budget-file', flags.budgetFile),
    // A baseline may be replaced by that of the same run, which reads it first.
    ...inputPlaces('--baseline', isSameFile(flags.baseline, flags.saveBaseline) ? undefined : flags.baseline),
    ...(flags.json === true ? [{ option: '--json' }] : []),
    ...files.flatMap(([option, file]) => (file === undefined ? [] : [{ option, file }])),
  ];
}

type Requested = [option: string, file: string | undefined];

function filesOfRuns(file: string | undefined, runs: number): (string | undefined)[] {
  if (file === undefined || runs === 1) return [file];
  return Array.from({ length: runs }, (_, index) => numberedFile(file, index + 1));
}

function isSameFile(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && keyOfFile(a) === keyOfFile(b);
}

/**
 * @throws UsageError if two of them are the same file, or standard output; one that is only read may be given
 * several times.
 */
export function rejectSharedPlaces(places: readonly Place[]): void {
  const taken = new Map<string, Place>();
  for (const place of places) {
    const { option, file, isInput } = place;
    const key = file === undefined ? 'standard output' : keyOfFile(file);
    if (key === undefined) continue;
    const first = taken.get(key);
    if (first === undefined) taken.set(key, place);
    else if (isInput !== true || first.isInput !== true) {
      const isRead = isInput === true || first.isInput === true;
      const what = isRead ? 'are the same file:' : 'both go to';
      throw new UsageError(
        option,
        `${option} and ${first.option} ${what} ${file ?? key}`,
        file === undefined ? `${option}:FILE` : undefined,
      );
    }
  }
}

/** The same key for all names of a file; undefined if several outputs may write to it, such as /dev/null. */
function keyOfFile(path: string): string | undefined {
  try {
    const stat = tryStat(path);
    if (stat !== undefined) return stat.isFile() ? `${stat.dev}:${stat.ino}` : undefined;
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
      return keyOfFile(resolve(dirname(path), readlinkSync(path)));
    }
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    // It is reported when it is opened.
    return path;
  }
}

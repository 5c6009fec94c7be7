/** Destinations of a command's outputs: two outputs to the same destination would corrupt each other. */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { numberedFile } from '../../app/gate/run-files.ts';
import { UsageError } from '../../errors.ts';
import { tryStat } from '../../try-stat.ts';
import type { GateFlags } from './gate-flags.ts';
import type { RunFlags } from './run-flags.ts';

/** A requested output, or the input of the target. */
export interface Place {
  option: string;
  /** Absent for standard output. */
  file?: string;
}

/**
 * The files of a run, without its reports; of several runs, those of each. Both streams of the target may go
 * to one file.
 */
export function runPlaces(flags: RunFlags & GateFlags, runs = 1): Place[] {
  const { stdout, stderr } = flags;
  const isShared = stdout !== undefined && stderr !== undefined && keyOfFile(stdout) === keyOfFile(stderr);
  const files: Requested[] = [
    ...filesOfRuns(flags.output, runs).map((file): Requested => ['--output', file]),
    ...filesOfRuns(flags.summaryJson, runs).map((file): Requested => ['--summary-json', file]),
    ['--save-baseline', flags.saveBaseline],
    ['--stdin', flags.stdin],
    ['--stdout', stdout],
    ['--stderr', isShared ? undefined : stderr],
  ];
  return [
    ...(flags.json === true ? [{ option: '--json' }] : []),
    ...files.flatMap(([option, file]) => (file === undefined ? [] : [{ option, file }])),
  ];
}

type Requested = [option: string, file: string | undefined];

function filesOfRuns(file: string | undefined, runs: number): (string | undefined)[] {
  if (file === undefined || runs === 1) return [file];
  return Array.from({ length: runs }, (_, index) => numberedFile(file, index + 1));
}

/** @throws UsageError if two of them are the same file, or standard output. */
export function rejectSharedPlaces(places: readonly Place[]): void {
  const taken = new Map<string, string>();
  for (const { option, file } of places) {
    const key = file === undefined ? 'standard output' : keyOfFile(file);
    if (key === undefined) continue;
    const first = taken.get(key);
    if (first !== undefined) {
      throw new UsageError(
        option,
        `${option} and ${first} ${isInput(option, first) ? 'are the same file:' : 'both go to'} ${file ?? key}`,
        file === undefined ? `${option}:FILE` : undefined,
      );
    }
    taken.set(key, option);
  }
}

function isInput(...options: string[]): boolean {
  return options.includes('--stdin');
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

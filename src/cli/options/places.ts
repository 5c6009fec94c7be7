/** Destinations of a command's outputs: two outputs to the same destination would corrupt each other. */
import { resolve } from 'node:path';
import { UsageError } from '../../errors.ts';
import type { ReportRequest } from '../../report/render-report.ts';
import { defaultStreamOf } from '../../report/render-report.ts';
import { tryStat } from '../../try-stat.ts';
import type { GateFlags } from './gate-flags.ts';
import type { RunFlags } from './run-flags.ts';

/** A requested output. */
interface Place {
  option: string;
  /** Absent for standard output. */
  file?: string;
}

/** The outputs of a run, without its reports. */
export function runPlaces(flags: RunFlags & GateFlags): Place[] {
  const files: [option: string, file: string | undefined][] = [
    ['--output', flags.output],
    ['--summary-json', flags.summaryJson],
    ['--save-baseline', flags.saveBaseline],
  ];
  return [
    ...(flags.json === true ? [{ option: '--json' }] : []),
    ...files.flatMap(([option, file]) => (file === undefined ? [] : [{ option, file }])),
  ];
}

/** The outputs of reports; several text reports may go to standard error. */
export function reportPlaces(reports: readonly ReportRequest[]): Place[] {
  return reports
    .filter(({ format, file }) => file !== undefined || defaultStreamOf(format) === 'stdout')
    .map(({ format, file }) => ({ option: `--report ${format}`, ...(file === undefined ? {} : { file }) }));
}

/** @throws UsageError if two outputs have the same file, or standard output, as destination. */
export function rejectSharedPlaces(places: readonly Place[]): void {
  const taken = new Map<string, string>();
  for (const { option, file } of places) {
    const key = file === undefined ? 'standard output' : keyOfFile(file);
    if (key === undefined) continue;
    const first = taken.get(key);
    if (first !== undefined) {
      throw new UsageError(
        option,
        `${option} and ${first} both go to ${file ?? key}`,
        file === undefined ? `${option}:FILE` : undefined,
      );
    }
    taken.set(key, option);
  }
}

/** The same key for all names of a file; undefined if several outputs may write to it, such as /dev/null. */
function keyOfFile(path: string): string | undefined {
  const stat = tryStat(path);
  if (stat === undefined) return resolve(path);
  return stat.isFile() ? `${stat.dev}:${stat.ino}` : undefined;
}

/** Where the outputs of one command go: two in one place would spoil each other. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../../errors.ts';
import type { ReportRequest } from '../../report/render-report.ts';
import { defaultStreamOf } from '../../report/render-report.ts';
import type { GateFlags } from './gate-flags.ts';
import type { RunFlags } from './run-flags.ts';

/** An output, as the command line asks for it. */
interface Place {
  option: string;
  /** Absent: standard output. */
  file?: string;
}

/** Those of a run, without its reports. */
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

/** Those of reports; standard error takes any number of texts. */
export function reportPlaces(reports: readonly ReportRequest[]): Place[] {
  return reports
    .filter(({ format, file }) => file !== undefined || defaultStreamOf(format) === 'stdout')
    .map(({ format, file }) => ({ option: `--report ${format}`, ...(file === undefined ? {} : { file }) }));
}

/** @throws UsageError where two want the same file, or standard output. */
export function refuseSharedPlaces(places: readonly Place[]): void {
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

/** The same for all names of a file; undefined for what any number may write to, such as /dev/null. */
function keyOfFile(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return resolve(path);
  return stat.isFile() ? `${stat.dev}:${stat.ino}` : undefined;
}

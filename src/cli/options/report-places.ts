import { defaultStreamOf, type ReportRequest } from '../../report/render-report.ts';
import type { Place } from './places.ts';

/** The outputs of reports; several text reports may go to standard error. */
export function reportPlaces(reports: readonly ReportRequest[]): Place[] {
  return reports
    .filter(({ format, file }) => file !== undefined || defaultStreamOf(format) === 'stdout')
    .map(({ format, file }) => ({ option: `--report ${format}`, ...(file === undefined ? {} : { file }) }));
}

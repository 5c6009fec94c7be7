/** `cmemstat doctor`: prints what this host can measure. */
import { EXIT_CODES } from '../../exit-codes.ts';
import { safeJson } from '../../format/safe-text.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { diagnose } from './doctor.ts';
import { renderDiagnosis } from './doctor-table.ts';

/** The output format, and the placement of a run's cgroup. */
export interface DoctorOptions {
  json: boolean;
  cgroupParent: string | undefined;
}

/**
 * Prints what this host can measure; returns 0 if a run would have a memory cgroup.
 * @throws as {@link diagnose}; OutputError.
 */
export async function printDiagnosis({ json, cgroupParent }: DoctorOptions): Promise<number> {
  const diagnosis = await diagnose(cgroupParent);
  const output = new StandardOutput();
  if (json) await output.write(safeJson(diagnosis, 2));
  else await output.writeLines(renderDiagnosis(diagnosis));
  return diagnosis.ready ? 0 : EXIT_CODES.NOT_READY;
}

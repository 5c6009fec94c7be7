import { diagnose } from '../../app/doctor/doctor.ts';
import { renderDiagnosis } from '../../app/doctor/doctor-table.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { StandardOutput } from '../../output/standard-output.ts';

/** What the command line says. */
export interface DoctorOptions {
  json: boolean;
  cgroupParent: string | undefined;
}

/** Prints what this host can measure; 0 when a run would get a memory cgroup. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const diagnosis = await diagnose(options.cgroupParent);
  const text = options.json ? JSON.stringify(diagnosis, undefined, 2) : renderDiagnosis(diagnosis).join('\n');
  await new StandardOutput().write(text);
  return diagnosis.ready ? 0 : EXIT_CODES.NOT_READY;
}

import type { OnMalformed } from '../flat-keyed.ts';
import { malformed, parseCounter } from '../number.ts';

/** One line of a pressure file. */
export interface PressureLine {
  /** Percentage of the last 10, 60 and 300 seconds spent waiting. Unit: per cent. */
  avg10: number;
  avg60: number;
  avg300: number;
  /** Time spent waiting since the cgroup was created. Unit: microseconds, as in the file. */
  total: number;
}

/** `memory.pressure`: `some` or all tasks (`full`) waited for memory. */
export interface Pressure {
  some?: PressureLine;
  full?: PressureLine;
}

const LINE = /^(some|full) avg10=(\d+\.\d+) avg60=(\d+\.\d+) avg300=(\d+\.\d+) total=(\d+)$/;

/**
 * Parses a PSI file:
 *
 *     some avg10=0.00 avg60=0.00 avg300=0.00 total=0
 *     full avg10=0.00 avg60=0.00 avg300=0.00 total=0
 *
 * Source: Documentation/accounting/psi.rst; include the nested cgroups.
 * Since: Linux 4.20 (CONFIG_PSI). Absent on cgroup v1 and with `psi=0`.
 * Other lines are skipped if there is an `onMalformed`.
 * @throws KernelFileError that names the line, without `onMalformed`.
 */
export function parsePressure(text: string, path: string, onMalformed?: OnMalformed): Pressure {
  const pressure: Pressure = {};
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const [index, line] of lines.entries()) {
    const match = LINE.exec(line);
    if (match === null) {
      const fault = malformed(path, index + 1, `'${line}' is not a pressure line`);
      if (onMalformed === undefined) throw fault;
      onMalformed(fault);
      continue;
    }
    const [, kind, avg10, avg60, avg300, total] = match;
    if (pressure[kind as 'some' | 'full'] !== undefined)
      throw malformed(path, index + 1, `duplicate '${kind}'`);
    pressure[kind as 'some' | 'full'] = {
      avg10: Number(avg10),
      avg60: Number(avg60),
      avg300: Number(avg300),
      total: parseCounter(total ?? '', path, index + 1),
    };
  }
  return pressure;
}

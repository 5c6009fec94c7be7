/** What running processes cost. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * The CPU time of a process. Source: `/proc/<pid>/task/<tid>/schedstat`, whose first number is the time on a
 * CPU.
 */
export function cpuNanoseconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, tid) => {
    const [running] = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ');
    return sum + Number(running);
  }, 0);
}

/** The memory of a process now, or its maximum. Source: `/proc/<pid>/status`. */
export function residentBytes(pid: number | 'self', key: 'VmRSS' | 'VmHWM'): number {
  return parseResident(readFileSync(`/proc/${pid}/status`, 'utf8'), key);
}

/** The same in the text of that file. */
export function parseResident(status: string, key: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
}

/** Whether a program may draw on its terminal now: a background job that tries is stopped. */
import { readFileSync } from 'node:fs';

/**
 * Whether a process is in the foreground of its controlling terminal; also true without one, since nothing is
 * stopped then.
 * Source: proc_pid_stat(5), fields 5 (pgrp) and 8 (tpgid).
 */
export function isForeground(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [pgrp, foreground] = [Number(fields[2]), Number(fields[5])];
  return !(foreground > 0) || foreground === pgrp;
}

/** Whether this process may draw on its terminal. */
export function isInForeground(): boolean {
  return isForeground(readFileSync('/proc/self/stat', 'latin1'));
}

/** How a process ended, and the resulting exit status of cmemstat. */
import { constants } from 'node:os';

/** The end of the target. */
export interface TargetExit {
  /** Its exit status; absent if a signal ended it. */
  code?: number;
  /** The signal that ended it, such as `SIGKILL`. */
  signal?: NodeJS.Signals;
}

/** The status in shell convention: the exit status, or 128 + n for signal n. */
export function shellStatus(exit: TargetExit): number {
  if (exit.signal !== undefined) return 128 + constants.signals[exit.signal];
  return exit.code ?? 0;
}

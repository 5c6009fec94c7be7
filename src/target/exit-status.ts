/** How a process ended, and the resulting exit status of cmemstat. */
import { constants } from 'node:os';

/** The end of the target. */
export interface TargetExit {
  /** Its exit status; absent if a signal ended it. */
  code?: number;
  /** The signal that ended it, such as `SIGKILL` or `SIGRTMIN+1`. */
  signal?: string;
}

/** The status in shell convention: the exit status, or 128 + n for signal n. */
export function shellStatus(exit: TargetExit): number {
  if (exit.signal !== undefined) return 128 + signalNumber(exit.signal);
  return exit.code ?? 0;
}

/** The first real-time signal that the C library leaves to programs. Source: signal(7). */
const SIGRTMIN = 34;

/** Signals with two names: the one that signal(7) lists first. */
const SECOND_NAMES = new Set(['SIGIOT', 'SIGPOLL', 'SIGUNUSED']);

/** The name of a signal, as bash and kill(1) of procps spell it. */
export function signalName(number: number): string {
  if (number === SIGRTMIN) return 'SIGRTMIN';
  if (number > SIGRTMIN) return `SIGRTMIN+${number - SIGRTMIN}`;
  const names = Object.entries(constants.signals).filter(([, each]) => each === number);
  return names.find(([name]) => !SECOND_NAMES.has(name))?.[0] ?? `SIG${number}`;
}

/** The number of a signal that `signalName` has named. Source: signal(7). */
export function signalNumber(name: string): number {
  const [, offset, number] = /^SIG(?:RTMIN(?:\+(\d+))?|(\d+))$/.exec(name) ?? [];
  if (number !== undefined) return Number(number);
  if (name.startsWith('SIGRTMIN')) return SIGRTMIN + Number(offset ?? 0);
  return constants.signals[name as NodeJS.Signals];
}

/**
 * Decodes a wait status. Source: wait(2), WIFSIGNALED and WEXITSTATUS.
 */
export function decodeWaitStatus(status: number): TargetExit {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal: signalName(signal) };
}

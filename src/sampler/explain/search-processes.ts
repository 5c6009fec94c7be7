/** Goes through processes in search of something: bounded in time, and past those that cannot be read. */
import { monotonicMs } from '../../kernel/monotonic.ts';
import { listPids } from '../../kernel/procfs/process-tree.ts';
import { deniedProcesses, hasVanished, isDenied, type Missing } from './missing.ts';

/** Bounds of a search. */
export interface SearchOptions {
  /** Where to look; all processes that can be seen by default. */
  pids?: readonly number[];
  procRoot?: string;
  /** Unit: milliseconds. */
  timeLimitMs?: number;
}

/** How a search ended. */
export interface SearchEnd {
  /** Whether no process was left out. */
  isComplete: boolean;
  missing: Missing[];
}

/**
 * Calls `visit` for each process, in steps, until it returns true: nothing more is to be found. `terms`: what
 * is missing if the search is stopped, and if processes may not be read.
 * @throws what `visit` throws, unless the process has exited or may not be read.
 */
export function* searchProcesses(
  pids: readonly number[] | undefined,
  timeLimitMs: number,
  terms: { stopped: string; denied: string },
  visit: (pid: number) => Generator<void, boolean, void>,
): Generator<void, SearchEnd, void> {
  const missing: Missing[] = [];
  const startMs = monotonicMs();
  let denied = 0;
  let isStopped = false;
  for (const pid of pids ?? listPids()) {
    isStopped = monotonicMs() - startMs > timeLimitMs;
    if (isStopped) {
      missing.push({ what: terms.stopped, reason: `the search was stopped after ${timeLimitMs} ms` });
      break;
    }
    try {
      if (yield* visit(pid)) break;
    } catch (error) {
      if (isDenied(error)) denied += 1;
      else if (!hasVanished(error)) throw error;
    }
    yield;
  }
  if (denied > 0) missing.push(deniedProcesses(terms.denied, denied));
  return { isComplete: !isStopped && denied === 0, missing };
}

/** Waiting for processes that were killed: one that is frozen, or waits in the kernel, does not exit. */
import { LaunchError } from '../errors.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { shellStatus } from './exit-status.ts';
import type { Target } from './launch-request.ts';
import { type BufferedSignals, endingSignals } from './signals.ts';

/** How long killed processes may take to exit. Unit: milliseconds. */
export const EXIT_TIMEOUT_MS = 10_000;

/**
 * How long a signal does not end the wait: much memory takes some time to be freed, and who types Ctrl-C may
 * type it several times. Unit: milliseconds.
 */
const MIN_WAIT_MS = 1_000;

/** How long a target may take to start after a signal. Unit: milliseconds. */
const START_TIMEOUT_MS = 1_000;

/** Interval of the checks for a signal while the target is being started. Unit: milliseconds. */
const START_POLL_MS = 100;

/** The end of all waits of a run for killed processes: some time after the first kill, or the next signal. */
export class ExitWait {
  readonly #timeoutMs: number;
  readonly #over: Promise<void>;
  #end: () => void = () => {};
  #isOver = false;
  #begunMs: number | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #signals: NodeJS.Signals[] = [];

  constructor(timeoutMs = EXIT_TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs;
    this.#over = new Promise((resolve) => {
      this.#end = () => {
        this.#isOver = true;
        resolve();
      };
    });
  }

  /** Whether what has not exited by now is left as it is. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Processes are killed now; only the first call counts. */
  readonly begin = (): void => {
    if (this.#begunMs !== undefined) return;
    this.#begunMs = monotonicMs();
    this.#timers.push(setTimeout(this.#end, this.#timeoutMs));
    this.#signals = endingSignals();
    for (const signal of this.#signals) process.on(signal, this.#onSignal);
  };

  /** The value; undefined if the wait was over before. */
  async until<T>(value: Promise<T>): Promise<T | undefined> {
    return await Promise.race([value, this.#over.then(() => undefined)]);
  }

  /** Signals are not listened to any more; may be called more than once. */
  close(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    for (const signal of this.#signals) process.off(signal, this.#onSignal);
  }

  readonly #onSignal = () => {
    const waitedMs = monotonicMs() - (this.#begunMs ?? 0);
    this.#timers.push(setTimeout(this.#end, Math.max(0, MIN_WAIT_MS - waitedMs)));
  };
}

/** What a start may be ended by, and what it has created. */
interface PendingStart {
  command: readonly string[];
  /** Its cgroup, if it has one of its own. */
  leaf: { killOnce(): void } | undefined;
  buffered: BufferedSignals;
}

/**
 * Waits for the start of a target. A signal ends the wait, and the process that would have become the target:
 * in a cgroup that is frozen it does not get so far.
 * @throws LaunchError if a signal ended the wait; what the start throws.
 */
export async function untilStarted(
  starting: Target | Promise<Target>,
  { command, leaf, buffered }: PendingStart,
  wait: ExitWait,
): Promise<Target> {
  let endedBy: NodeJS.Signals | undefined;
  let timer: NodeJS.Timeout | undefined;
  const poll = setInterval(() => {
    const { ending } = buffered;
    if (ending === undefined) return;
    clearInterval(poll);
    timer = setTimeout(() => {
      endedBy = ending;
      wait.begin();
      leaf?.killOnce();
    }, START_TIMEOUT_MS);
  }, START_POLL_MS);
  try {
    const target = await wait.until(Promise.resolve(starting));
    if (target !== undefined && endedBy === undefined) return target;
    target?.kill('SIGKILL');
    const signal = endedBy ?? 'SIGKILL';
    const message = `ended by ${signal} while the target was being started, for more than ${START_TIMEOUT_MS / 1000} s`;
    throw new LaunchError(command[0] ?? '', shellStatus({ signal }), message);
  } finally {
    clearInterval(poll);
    clearTimeout(timer);
  }
}

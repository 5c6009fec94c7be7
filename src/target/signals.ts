/** Forwards signals to the target, and kills the leaf if the target does not exit. */

import { MAX_TIMER_MS } from '../format/longest-timer.ts';
import { readPidStat } from '../kernel/procfs/pid-stat.ts';
import { signalNumber } from './exit-status.ts';
import { ignoredAtStart } from './inherited-state.ts';

/**
 * The signals that end a program which does not handle them, except those that report its own faults; users
 * may send them to cmemstat instead of the target.
 */
export const ENDING_SIGNALS = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGALRM',
  'SIGVTALRM',
  'SIGPROF',
  'SIGXCPU',
  'SIGSYS',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
  'SIGABRT',
] as const;

/** The signals that mean something to many programs, and not that they are to end. */
const NOTIFYING_SIGNALS = ['SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGURG'] as const;

/** The signals that the kernel or a shell sends to all processes of the terminal's foreground group. */
const GROUP_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH', 'SIGCONT']);

/**
 * Those that end cmemstat while a command is measured: a signal that was ignored at our start, as by
 * nohup(1), stays ignored.
 */
export function endingSignals(): NodeJS.Signals[] {
  const ignored = ENDING_SIGNALS.filter(wasIgnored);
  // Node.js has reset them.
  for (const signal of ignored) if (process.listenerCount(signal) === 0) process.on(signal, () => {});
  return ENDING_SIGNALS.filter((signal) => !ignored.includes(signal));
}

function wasIgnored(signal: NodeJS.Signals): boolean {
  return ((ignoredAtStart() >> BigInt(signalNumber(signal) - 1)) & 1n) === 1n;
}

/** With `--cpu-prof` or `--prof`, V8 takes its samples of cmemstat by SIGPROF. */
const isProfiled = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((option) =>
  /--(cpu-)?prof\b/.test(option),
);

/** All signals that are forwarded. */
const FORWARDED_SIGNALS = [...ENDING_SIGNALS, ...NOTIFYING_SIGNALS].filter(
  (signal) => signal !== 'SIGPROF' || !isProfiled,
);

/** The operations on the target. */
export interface SignalActions {
  /** Undefined once the target has exited. */
  targetPid(): number | undefined;
  /** Sends a signal to the target. */
  passOn(signal: NodeJS.Signals): void;
  /** Kills the whole leaf. */
  killAll(): void;
}

/** A view that is open while signals are forwarded. */
export interface SignalWatcher {
  /** Whether it reads the keyboard, so that no key sends a signal. */
  readonly hasKeyboard: boolean;
  /** A signal was received that asks cmemstat to exit. */
  signalled(): void;
}

/** The state of signal forwarding. */
export interface SignalForwarding {
  /** The first signal that cmemstat received; undefined before. */
  readonly received: NodeJS.Signals | undefined;
  /**
   * Ends the target like a SIGTERM to cmemstat: forwards SIGTERM, then kills everything if the target does
   * not exit in time.
   */
  endTarget(): void;
  stop(): void;
}

/** Signals that arrived while there was no target to forward them to. */
export interface BufferedSignals {
  /** The first one that asks cmemstat to exit. */
  readonly ending: NodeJS.Signals | undefined;
  /** Stops buffering signals; returns them in their order. Returns none when called again. */
  flush(): NodeJS.Signals[];
}

/** Buffers signals until the target has started: one that ended cmemstat would leave the leaf behind. */
export function bufferSignals(): BufferedSignals {
  const buffered: NodeJS.Signals[] = [];
  const ending = new Set(endingSignals());
  const buffer = (signal: NodeJS.Signals) => {
    buffered.push(signal);
  };
  for (const signal of FORWARDED_SIGNALS) process.on(signal, buffer);
  return {
    get ending() {
      return buffered.find((signal) => ending.has(signal));
    },
    flush() {
      for (const signal of FORWARDED_SIGNALS) process.off(signal, buffer);
      return buffered.splice(0);
    },
  };
}

/**
 * Starts forwarding signals, first those that were buffered. The second SIGINT, or `killAfterMs` after the
 * first signal, kills everything; `undefined` waits forever.
 */
export function forwardSignals(
  actions: SignalActions,
  killAfterMs: number | undefined,
  view?: SignalWatcher,
  buffered?: BufferedSignals,
): SignalForwarding {
  const ending = new Set(endingSignals());
  let interrupts = 0;
  let received: NodeJS.Signals | undefined;
  let timer: NodeJS.Timeout | undefined;
  const startTimer = () => {
    if (killAfterMs !== undefined) timer ??= setTimeout(actions.killAll, Math.min(killAfterMs, MAX_TIMER_MS));
  };
  const listeners = FORWARDED_SIGNALS.map((signal) => {
    const notify = (isMissing: () => boolean) => {
      if (isMissing()) actions.passOn(signal);
    };
    const end = (isMissing: () => boolean) => {
      received ??= signal;
      view?.signalled();
      if (signal === 'SIGINT') interrupts += 1;
      if (interrupts >= 2) {
        actions.killAll();
        return;
      }
      if (view?.hasKeyboard === true || isMissing()) actions.passOn(signal);
      startTimer();
    };
    const handle = ending.has(signal) ? end : notify;
    const listener = () => handle(() => !reachedGroup(signal, actions.targetPid()));
    process.on(signal, listener);
    return { signal, handle, listener };
  });
  for (const signal of buffered?.flush() ?? []) {
    // When it reached the group of the terminal, the target was not there yet.
    listeners.find((each) => each.signal === signal)?.handle(() => true);
  }
  return {
    get received() {
      return received;
    },
    endTarget() {
      actions.passOn('SIGTERM');
      startTimer();
    },
    stop() {
      clearTimeout(timer);
      for (const { signal, listener } of listeners) process.off(signal, listener);
    },
  };
}

/**
 * Ctrl-C, Ctrl-\, a new window size and `fg` are sent to every process of the terminal's foreground group:
 * the target has received the signal already, and many programs treat a second one as a forced exit. A signal
 * sent only to cmemstat while it is in the foreground cannot be distinguished from that; all others are
 * always forwarded.
 */
function reachedGroup(signal: NodeJS.Signals, targetPid: number | undefined): boolean {
  if (targetPid === undefined || !GROUP_SIGNALS.has(signal)) return false;
  try {
    const ours = readPidStat('self');
    const target = readPidStat(targetPid);
    return (
      ours.ttyNr !== 0 && ours.tpgid === ours.pgrp && target.pgrp === ours.pgrp && target.ttyNr === ours.ttyNr
    );
  } catch {
    // The target has exited: there is no process to forward the signal to.
    return true;
  }
}

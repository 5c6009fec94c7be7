/** Forwards signals to the target, and kills the leaf if the target does not exit. */

import { MAX_TIMER_MS } from '../format/longest-timer.ts';
import { readPidStat } from '../kernel/procfs/pid-stat.ts';

/** The signals that ask a program to exit; users may send them to cmemstat instead of the target. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

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

/**
 * Starts forwarding signals. The second SIGINT, or `killAfterMs` after the first signal, kills everything;
 * `undefined` waits forever.
 */
export function forwardSignals(
  actions: SignalActions,
  killAfterMs: number | undefined,
  view?: SignalWatcher,
): SignalForwarding {
  let interrupts = 0;
  let received: NodeJS.Signals | undefined;
  let timer: NodeJS.Timeout | undefined;
  const startTimer = () => {
    if (killAfterMs !== undefined) timer ??= setTimeout(actions.killAll, Math.min(killAfterMs, MAX_TIMER_MS));
  };
  const listeners = ENDING_SIGNALS.map((signal) => {
    const listener = () => {
      received ??= signal;
      view?.signalled();
      if (signal === 'SIGINT') interrupts += 1;
      if (interrupts >= 2) {
        actions.killAll();
        return;
      }
      if (view?.hasKeyboard === true || !cameFromKeyboard(signal, actions.targetPid()))
        actions.passOn(signal);
      startTimer();
    };
    process.on(signal, listener);
    return { signal, listener };
  });
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
 * Ctrl-C and Ctrl-\ are sent to every process of the terminal's foreground group: the target has received the
 * signal already, and many programs treat a second one as a forced exit. A signal sent only to cmemstat while
 * it is in the foreground cannot be distinguished from that; SIGTERM and SIGHUP are always forwarded.
 */
function cameFromKeyboard(signal: NodeJS.Signals, targetPid: number | undefined): boolean {
  if (targetPid === undefined || (signal !== 'SIGINT' && signal !== 'SIGQUIT')) return false;
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

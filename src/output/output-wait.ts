/** Waiting for those who read the output of cmemstat: they may never do so. */
import { MAX_TIMER_MS } from '../format/longest-timer.ts';
import { endingSignals, type SignalWatcher } from '../target/signals.ts';

/** What bounds a wait besides the next signal. */
export interface WaitBounds {
  /** A signal that asked cmemstat to exit before, to end the target. */
  received: NodeJS.Signals | undefined;
  /** Such a signal ends the wait after this time; undefined for no limit. Unit: milliseconds. */
  limitMs: number | undefined;
  /** While it is shown, a signal closes it and nothing else. */
  view: Pick<SignalWatcher, 'hasKeyboard'> | undefined;
}

/** Waits that a signal ends; after the first one that it has ended, there are no more. */
export class OutputWait {
  #endedBy: NodeJS.Signals | undefined;

  /** The signal that ended a wait. */
  get endedBy(): NodeJS.Signals | undefined {
    return this.#endedBy;
  }

  /** Resolves when the output is written, or when a signal asks cmemstat to exit. */
  async until(written: Promise<unknown>, bounds?: WaitBounds): Promise<void> {
    if (this.#endedBy !== undefined) return;
    let timer: NodeJS.Timeout | undefined;
    let onSignal = (_signal: NodeJS.Signals) => {};
    const ended = new Promise<void>((resolve) => {
      const end = (signal: NodeJS.Signals) => {
        this.#endedBy ??= signal;
        resolve();
      };
      const endLater = (signal: NodeJS.Signals, { limitMs }: WaitBounds) => {
        if (limitMs !== undefined) timer ??= setTimeout(end, Math.min(limitMs, MAX_TIMER_MS), signal);
      };
      if (bounds?.received !== undefined) endLater(bounds.received, bounds);
      onSignal = (signal) => {
        if (bounds?.view?.hasKeyboard === true) endLater(signal, bounds);
        else end(signal);
      };
    });
    const signals = endingSignals();
    // Before the listener that closes the view.
    for (const signal of signals) process.prependListener(signal, onSignal);
    try {
      await Promise.race([written, ended]);
    } finally {
      clearTimeout(timer);
      for (const signal of signals) process.off(signal, onSignal);
    }
  }
}

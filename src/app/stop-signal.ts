/** Commands that repeat at an interval until a signal. */

/** See {@link stopSignal}. */
export interface StopSignal {
  /** Waits; returns false, at once, after a signal. */
  after(ms: number): Promise<boolean>;
}

/** Waits between two readings, until the first signal. */
export function stopSignal(): StopSignal {
  let stopped = false;
  let wake = () => {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      stopped = true;
      wake();
    });
  }
  return {
    async after(ms) {
      if (stopped) return false;
      await new Promise<void>((settle) => {
        const timer = setTimeout(settle, ms);
        wake = () => {
          clearTimeout(timer);
          settle();
        };
      });
      return !stopped;
    },
  };
}

/** The maximum delay of `setTimeout`; a longer one fires immediately. Unit: milliseconds. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** The longest time that `setTimeout` takes: a longer one fires at once. Unit: milliseconds. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

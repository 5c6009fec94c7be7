/** The stack of a JavaScript error. */
export const STACK = /^\s+at .*:\d+:\d+\)?\r?$/m;

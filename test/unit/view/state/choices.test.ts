import { expect, it } from 'vitest';
import { nextChoice, nextInterval, nextUnits } from '#src/view/state/choices.ts';

it('the first choice follows the last one, and what is not a choice', () => {
  expect(['a', 'b', 'c'].map((now) => nextChoice(['a', 'b'], now))).toEqual(['b', 'a', 'a']);
  expect([nextUnits('readable'), nextUnits('KiB'), nextUnits('bytes')]).toEqual(['KiB', 'bytes', 'readable']);
});

it.each([
  [500, 1, 0, { ms: 1000 }],
  [500, -1, 0, { ms: 200 }],
  [150, -1, 100, { ms: 100 }],
  [300_000, 1, 0, { message: 'the interval is 5m00s; for a longer one use --interval' }],
  [10, -1, 0, { message: 'the interval is 10ms; for a shorter one use --interval' }],
  [100, -1, 100, { message: 'the interval is 100ms, which is the shortest' }],
] as const)(
  'from an interval of %i ms, a step of %i with a minimum of %i ms leads to %o',
  (now, step, min, next) => {
    expect(nextInterval(now, step, min)).toEqual(next);
  },
);

import { describe, expect, test } from 'vitest';
import { addStep, growthOfSteps, type Steps } from '#src/statistics/step-growth.ts';

/** The steps of a figure that is read every second. */
function stepsOf(seconds: number, valueAt: (second: number) => number): Steps {
  let steps: Steps = new Float64Array();
  for (let second = 0; second <= seconds; second++) steps = addStep(steps, second * 1000, valueAt(second), 0);
  return steps;
}

test('a reading equal to the previous one is not stored', () => {
  expect([...stepsOf(10, (second) => Math.floor(second / 6))]).toEqual([0, 0, 6000, 1]);
});

test('readings that are only needed for the first half of the time are not stored', () => {
  expect([...stepsOf(10, (second) => Math.floor(second / 5))]).toEqual([5000, 1, 10_000, 2]);
});

test('memory is bounded at any number of changes', () => {
  expect(stepsOf(10_000, (second) => second).length).toBeLessThanOrEqual(2 * 64);
});

test('steps are not modified', () => {
  const before = stepsOf(10, (second) => second);
  const copy = before.slice();
  addStep(before, 11_000, 5, 0);
  expect(before).toEqual(copy);
});

describe('growth', () => {
  test.each([9, 30, 100, 3000])('of a steady increase over %i seconds is its slope', (seconds) => {
    const growth = growthOfSteps(
      stepsOf(seconds, (second) => second * 10),
      0,
      seconds * 1000,
      1000,
    );
    expect(growth?.slope).toBeGreaterThan(500);
    expect(growth?.slope).toBeLessThan(660);
    expect(growth?.certain).toBeGreaterThan(300);
  });

  test('is unknown with fewer than ten readings, or in less than five seconds', () => {
    const steps = stepsOf(30, (second) => second);
    expect(growthOfSteps(steps, 0, 8000, 1000)).toBeUndefined();
    expect(growthOfSteps(steps, 0, 4900, 100)).toBeUndefined();
    expect(growthOfSteps(steps, 0, 30_000, 5000)).toBeUndefined();
  });

  test('is none once the value has not changed in the second half of the time', () => {
    const steps = stepsOf(20, (second) => second);
    expect(growthOfSteps(steps, 0, 20_000, 1000)?.certain).toBeGreaterThan(0);
    expect(growthOfSteps(steps, 0, 40_000, 1000)).toEqual({ slope: 0, certain: 0 });
    expect(
      growthOfSteps(
        stepsOf(0, () => 7),
        0,
        60_000,
        1000,
      ),
    ).toEqual({ slope: 0, certain: 0 });
  });

  test('of values without a trend is not certain', () => {
    const steps = stepsOf(60, (second) => 1000 + ((second * 7919) % 13));
    expect(growthOfSteps(steps, 0, 60_000, 1000)?.certain).toBe(0);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METRIC_NAMES } from '#src/budget/expression/metric-catalogue.ts';
import { countEdits, nearestName } from '#src/format/nearest-name.ts';

describe('nearestName', () => {
  it.each([
    ['anno', 'anon'],
    ['KERNEL', 'kernel'],
    ['pagetable', 'pagetables'],
    ['proceses', 'processes'],
    ['qqqqqqqq', undefined],
  ])('of %s is %s', (word, name) => {
    expect(nearestName(word, METRIC_NAMES)).toBe(name);
  });

  it('compares no long word', () => {
    expect(nearestName('a'.repeat(1_000_000), ['anon'])).toBeUndefined();
  });

  it('counts edits as a metric: symmetric, 0 for equal words, at most the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
        expect(countEdits(a, b)).toBe(countEdits(b, a));
        expect(countEdits(a, a)).toBe(0);
        expect(countEdits(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

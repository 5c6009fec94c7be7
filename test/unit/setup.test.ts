import fc from 'fast-check';
import { expect, it } from 'vitest';

it.each([
  ['arrays', fc.array(fc.nat(), { maxLength: 400 })],
  ['texts', fc.string({ maxLength: 400 })],
  ['bytes', fc.uint8Array({ maxLength: 400 })],
])(
  'property tests get %s of all lengths up to maxLength',
  (_, arbitrary: fc.Arbitrary<{ length: number }>) => {
    const lengths = fc.sample(arbitrary, { numRuns: 200, seed: 1 }).map(({ length }) => length);
    expect(Math.min(...lengths)).toBeLessThan(10);
    expect(Math.max(...lengths)).toBeGreaterThan(350);
  },
);

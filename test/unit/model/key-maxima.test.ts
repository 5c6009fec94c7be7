import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeyMaxima } from '#src/model/key-maxima.ts';

it('returns the maxima of a naive comparison by key, for any keys, changes and orders', () => {
  const key = fc.constantFrom('anon', 'file', 'slab', 'sock', '0', 'constructor');
  const object = fc
    .array(fc.tuple(key, fc.integer({ min: -5, max: 1000 })))
    .map((entries) => Object.fromEntries(entries));
  fc.assert(
    fc.property(fc.array(object), (objects) => {
      const maxima = new KeyMaxima();
      const expected = new Map<string, number>();
      for (const each of objects) {
        maxima.add(each);
        for (const [name, value] of Object.entries(each)) {
          expected.set(name, Math.max(value, expected.get(name) ?? value));
        }
      }
      expect(new Map(maxima.entries())).toEqual(expected);
    }),
  );
});

it('accepts single values too, and ignores absent ones', () => {
  const maxima = new KeyMaxima();
  maxima.raise('unexplained', -7);
  maxima.raise('unexplained', -9);
  maxima.raise('bpf', undefined);
  expect(maxima.entries()).toEqual([['unexplained', -7]]);
});

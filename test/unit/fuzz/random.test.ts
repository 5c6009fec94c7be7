import { expect, it } from 'vitest';
import { mutateBytes } from '../../fuzz/mutate-bytes.ts';
import { mutateJson } from '../../fuzz/mutate-json.ts';
import { Random } from '../../fuzz/random.ts';

it('makes the same choices for the same seed, and others for others', () => {
  const choices = (seed: string) => {
    const random = new Random(seed);
    return Array.from({ length: 20 }, () => random.below(1000));
  };
  expect(choices('a')).toEqual(choices('a'));
  expect(choices('a')).not.toEqual(choices('b'));
  expect(new Set(choices('a')).size).toBeGreaterThan(15);
});

it('makes documents that mostly are JSON, and differ', () => {
  const texts = Array.from({ length: 300 }, (_, index) =>
    mutateJson(new Random(`${index}`), { a: [1, 'b'], c: {} }),
  );
  const isJson = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  expect(texts.filter(isJson).length).toBeGreaterThan(240);
  expect(new Set(texts).size).toBeGreaterThan(100);
});

it('does not change the file that inputs are made from', () => {
  const bytes = Buffer.from('0123456789'.repeat(20));
  const before = Buffer.from(bytes);
  for (let index = 0; index < 500; index += 1) mutateBytes(new Random(`${index}`), bytes);
  expect(bytes).toEqual(before);
});

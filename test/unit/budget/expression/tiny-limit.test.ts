import { expect, it } from 'vitest';
import { parseBudget } from '#src/budget/expression/parse-budget.ts';
import { explainTinyLimit } from '#src/budget/expression/tiny-limit.ts';

it.each([
  ['anon<64', '64 without a unit is 64 bytes; for MiB write anon<64MiB'],
  ['bpf.map:x le 8', '8 without a unit is 8 bytes; for MiB write bpf.map:x le 8MiB'],
  ['anon.growth<=5', '5 without a unit is 5 bytes; for MiB write anon.growth<=5MiB'],
])('%s is explained', (text, explanation) => {
  expect(explainTinyLimit(parseBudget(text))).toBe(explanation);
});

it.each([
  'anon<=64B',
  'anon<=0',
  'anon<=4096',
  'anon>=64',
  'oom_kill<=3',
  'anon<=1MiB',
  'kernel<=baseline+64',
])('%s needs no explanation', (text) => {
  expect(explainTinyLimit(parseBudget(text))).toBeUndefined();
});

import { cpus } from 'node:os';
import { expect, it } from 'vitest';
import { countCpuList, readPossibleCpus } from '#src/kernel/possible-cpus.ts';

it.each([
  ['0\n', 1],
  ['0-1\n', 2],
  ['0-3,8-11\n', 8],
  ['0,2,4-127', 126],
])('%o', (text, count) => {
  expect(countCpuList(text, 'possible')).toBe(count);
});

it.each(['', 'x', '0-', '3-1', '0,,1', '-1'])('refuses %o', (text) => {
  expect(() => countCpuList(text, 'possible')).toThrow('possible, line 1');
});

it('counts at least the CPUs that are on line', () => {
  expect(readPossibleCpus()).toBeGreaterThanOrEqual(cpus().length);
});

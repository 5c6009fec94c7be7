import { cpus } from 'node:os';
import { expect, it } from 'vitest';
import { countCpuList, countSoftirqColumns, readPossibleCpus } from '#src/kernel/possible-cpus.ts';

it.each([
  ['0\n', 1],
  ['0-1\n', 2],
  ['0-3,8-11\n', 8],
  ['0,2,4-127', 126],
])('%o', (text, count) => {
  expect(countCpuList(text, 'possible')).toBe(count);
});

it.each(['', 'x', '0-', '3-1', '0,,1', '-1'])('rejects %o', (text) => {
  expect(() => countCpuList(text, 'possible')).toThrow('possible, line 1');
});

it.each([
  ['                    CPU0       CPU1       \n          HI:          0          0\n', 2],
  [`     ${Array.from({ length: 300 }, (_, cpu) => `CPU${cpu}`.padStart(11)).join('')}\n`, 300],
])('counts the columns of /proc/softirqs, %#', (text, count) => {
  expect(countSoftirqColumns(text, 'softirqs')).toBe(count);
});

it('rejects a heading without CPUs', () => {
  expect(() => countSoftirqColumns('\nCPU0\n', 'softirqs')).toThrow('no CPU in the heading');
});

it('reads the same number from procfs if sysfs is not mounted', () => {
  expect(readPossibleCpus('/nowhere/possible')).toBe(readPossibleCpus());
});

it('counts at least the online CPUs', () => {
  expect(readPossibleCpus()).toBeGreaterThanOrEqual(cpus().length);
});

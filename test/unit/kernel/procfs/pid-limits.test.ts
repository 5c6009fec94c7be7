import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseLimits } from '#src/kernel/procfs/pid-limits.ts';

test('parses limits with and without a unit, and skips other lines', () => {
  expect(
    parseLimits(`Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max open files            1024                 1048576              files
Max nice priority         0                    0
Max something new         many                 many                 things
`),
  ).toEqual([
    { name: 'cpu time', soft: 'unlimited', hard: 'unlimited', unit: 'seconds' },
    { name: 'open files', soft: '1024', hard: '1048576', unit: 'files' },
    { name: 'nice priority', soft: '0', hard: '0', unit: '' },
  ]);
});

test('parses those of this process', () => {
  const names = parseLimits(readFileSync('/proc/self/limits', 'utf8')).map(({ name }) => name);
  expect(names).toContain('open files');
  expect(names).toContain('address space');
  expect(names.length).toBeGreaterThan(14);
});

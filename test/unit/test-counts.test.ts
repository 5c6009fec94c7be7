import { expect, it } from 'vitest';
import { countTests } from '../test-counts.ts';

/** Vitest's closing lines on a terminal. */
const COLOURED = [
  '\u001b[2m Test Files \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m\u001b[2m | \u001b[22m\u001b[1m\u001b[32m3 passed\u001b[39m\u001b[22m\u001b[90m (4)\u001b[39m',
  '\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[31m2 failed\u001b[39m\u001b[22m\u001b[2m | \u001b[22m\u001b[1m\u001b[32m10 passed\u001b[39m\u001b[22m\u001b[2m | \u001b[22m\u001b[33m1 skipped\u001b[39m\u001b[90m (13)\u001b[39m',
  '\u001b[2m   Start at \u001b[22m 12:00:00',
].join('\n');
const PLAIN = [
  ' Test Files  1 failed | 3 passed (4)',
  '      Tests  2 failed | 10 passed | 1 skipped (13)',
  '   Start at  12:00:00',
].join('\n');

it.each([
  ['in colours', COLOURED, { passed: 10, failed: 2, skipped: 1 }],
  ['without colours', PLAIN, { passed: 10, failed: 2, skipped: 1 }],
  ['where some kinds are left out', '      Tests  7 passed (7)\n', { passed: 7, failed: 0, skipped: 0 }],
  [
    'of several runs, summed',
    `${PLAIN}\n      Tests  5 passed (5)\n${COLOURED}\n`,
    { passed: 25, failed: 4, skipped: 2 },
  ],
  ['of a run without closing lines', 'Error: no such file\n', { passed: 0, failed: 0, skipped: 0 }],
  [
    'where a test is named like a count',
    ' ✓ unit > a line in which 3 passed\nsaid: Tests  4 failed\n',
    { passed: 0, failed: 0, skipped: 0 },
  ],
])('the counts %s', (_, output, counts) => {
  expect(countTests(output)).toEqual(counts);
});

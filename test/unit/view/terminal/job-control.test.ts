import { expect, test } from 'vitest';
import { isForeground } from '#src/view/terminal/job-control.ts';

test.each([
  ['in the foreground', '7 (node) S 1 7 7 34816 7 4194304 0\n', true],
  ['in the background', '7 (node) S 1 7 5 34816 5 4194304 0\n', false],
  ['without a terminal', '7 (node) S 1 7 7 0 -1 4194304 0\n', true],
  ['with a name like fields', '7 (a) S 1 2 (b) S 1 7 7 34816 7 4194304 0\n', true],
])('%s', (_, stat, expected) => {
  expect(isForeground(stat)).toBe(expected);
});

import { expect, it } from 'vitest';
import { parseLockdown, readLockdown } from '#src/kernel/lockdown.ts';

it.each([
  ['[none] integrity confidentiality\n', 'none'],
  ['none [integrity] confidentiality\n', 'integrity'],
  ['none integrity [confidentiality]\n', 'confidentiality'],
  ['none integrity\n', undefined],
  ['', undefined],
])('parseLockdown reads %j as %s', (text, mode) => {
  expect(parseLockdown(text)).toBe(mode);
});

it('knows no mode without the file', () => {
  expect(readLockdown('/proc/none')).toBeUndefined();
});

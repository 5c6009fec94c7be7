import { expect, it } from 'vitest';
import { findHidepid } from '#src/kernel/procfs/hidden-processes.ts';
import { parseMountinfo } from '#src/kernel/procfs/mountinfo.ts';

const mounts = (...lines: string[]) => parseMountinfo(lines.join('\n'), 'mountinfo');

it.each([
  ['22 28 0:20 / /proc rw,relatime - proc proc rw', undefined],
  ['22 28 0:20 / /proc rw,relatime - proc proc rw,hidepid=off', undefined],
  ['22 28 0:20 / /proc rw,relatime - proc proc rw,hidepid=0', undefined],
  ['22 28 0:20 / /proc rw,relatime - proc proc rw,hidepid=invisible', 'hidepid=invisible'],
  ['22 28 0:20 / /proc rw,relatime - proc proc rw,gid=4,hidepid=2', 'hidepid=2'],
  ['22 28 0:20 / /other rw,relatime - proc proc rw,hidepid=2', undefined],
])('%s hides processes by %s', (line, option) => {
  expect(findHidepid(mounts(line))).toBe(option);
});

it('the last of several mounts on /proc is the visible one', () => {
  const [first, second] = [
    '22 28 0:20 / /proc rw - proc proc rw',
    '60 22 0:50 / /proc rw - proc proc rw,hidepid=2',
  ];
  expect(findHidepid(mounts(first ?? '', second ?? ''))).toBe('hidepid=2');
  expect(findHidepid(mounts(second ?? '', first ?? ''))).toBeUndefined();
});

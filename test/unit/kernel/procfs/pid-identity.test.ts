import { expect, test } from 'vitest';
import {
  parseCommandLine,
  parseEffectiveUid,
  readCommandLine,
  readEffectiveUid,
} from '#src/kernel/procfs/pid-identity.ts';

test('the user is the effective one', () => {
  expect(parseEffectiveUid('Name:\tUid:\t7\nUid:\t1000\t65534\t0\t0\nGid:\t1\t2\t3\t4\n')).toBe(65_534);
  expect(parseEffectiveUid('Name:\tx\n')).toBeUndefined();
  expect(readEffectiveUid(process.pid)).toBe(process.geteuid?.());
});

test.each([
  ['sh\0-c\0\0x y\0', ['sh', '-c', '', 'x y']],
  ['nginx: master process\0\0\0\0', ['nginx: master process']],
  ['postgres: writer   ', ['postgres: writer']],
  ['evil\u001b[2J\n\0', ['evil\u001b[2J\n']],
  ['', undefined],
  ['\0\0', undefined],
])('the command line %j', (text, words) => {
  expect(parseCommandLine(text)).toEqual(words);
});

test('a long command line is cut', () => {
  expect(parseCommandLine(`a\0${'x'.repeat(5000)}\0`)).toEqual(['a', 'x'.repeat(998)]);
  expect(readCommandLine(process.pid)?.length).toBeGreaterThan(1);
});

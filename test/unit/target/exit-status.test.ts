import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { expect, it } from 'vitest';
import {
  decodeWaitStatus,
  shellStatus,
  signalName,
  signalNumber,
  type TargetExit,
} from '#src/target/exit-status.ts';

it.each<[TargetExit, number]>([
  [{ code: 0 }, 0],
  [{ code: 1 }, 1],
  [{ code: 255 }, 255],
  [{ signal: 'SIGINT' }, 130],
  [{ signal: 'SIGKILL' }, 137],
  [{ signal: 'SIGSEGV' }, 139],
  [{ signal: 'SIGTERM' }, 143],
  [{ signal: 'SIGRTMIN' }, 162],
  [{ signal: 'SIGRTMIN+30' }, 192],
])('a shell reports the end %o as %i', (exit, status) => {
  expect(shellStatus(exit)).toBe(status);
});

it.each<[number, TargetExit]>([
  [0, { code: 0 }],
  [0x0300, { code: 3 }],
  [0xff00, { code: 255 }],
  [9, { signal: 'SIGKILL' }],
  [0x80 | 6, { signal: 'SIGABRT' }],
  [34, { signal: 'SIGRTMIN' }],
  [64, { signal: 'SIGRTMIN+30' }],
])('the wait status %i is the end %o', (status, exit) => {
  expect(decodeWaitStatus(status)).toEqual(exit);
});

it('names each of the 64 signals, and finds their numbers', () => {
  const names = Array.from({ length: 64 }, (_, at) => signalName(at + 1));
  expect(new Set(names).size).toBe(64);
  expect(names.map(signalNumber)).toEqual(names.map((_, at) => at + 1));
});

it('names the standard signals like bash', () => {
  const { stdout } = spawnSync('bash', ['-c', 'for n in {1..31}; do kill -l $n; done'], { encoding: 'utf8' });
  const names = Array.from({ length: 31 }, (_, at) => signalName(at + 1).slice(3));
  expect(names).toEqual(stdout.trim().split('\n'));
  expect(signalNumber('SIGIOT')).toBe(constants.signals.SIGABRT);
});

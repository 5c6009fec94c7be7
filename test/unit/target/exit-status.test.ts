import { expect, it } from 'vitest';
import { shellStatus, type TargetExit } from '#src/target/exit-status.ts';

it.each<[TargetExit, number]>([
  [{ code: 0 }, 0],
  [{ code: 1 }, 1],
  [{ code: 255 }, 255],
  [{ signal: 'SIGINT' }, 130],
  [{ signal: 'SIGKILL' }, 137],
  [{ signal: 'SIGSEGV' }, 139],
  [{ signal: 'SIGTERM' }, 143],
])('the end %o is what a shell reports as %i', (exit, status) => {
  expect(shellStatus(exit)).toBe(status);
});

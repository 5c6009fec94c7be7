import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { readLastPid } from '#src/kernel/procfs/last-pid.ts';

it('is at or after the pid of a new process, until pids start again', () => {
  const before = readLastPid();
  const { pid } = spawnSync('true');
  const after = readLastPid();
  if (after >= before) expect(after).toBeGreaterThanOrEqual(pid);
});

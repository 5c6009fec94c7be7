import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OwnCgroup } from '#src/cgroup/own-cgroup.ts';
import { KernelFileError } from '#src/errors.ts';
import { makeTree } from '../temporary-tree.ts';

describe('OwnCgroup.enter', () => {
  let other: ChildProcess;
  beforeAll(async () => {
    other = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(other, 'spawn');
  });
  afterAll(() => void other.kill('SIGKILL'));

  it('refuses a cgroup that contains a process which is neither cmemstat nor an ancestor', () => {
    const own = makeTree({ 'cgroup.procs': `${process.pid}\n${process.ppid}\n${other.pid}\n` });
    expect(() => OwnCgroup.enter(own)).toThrow(
      `the current cgroup ${own} contains other processes: ${other.pid} (`,
    );
  });

  it('moves cmemstat and its ancestors', () => {
    const own = makeTree({ 'cgroup.procs': `${process.pid}\n${process.ppid}\n` });
    // An ordinary folder has no cgroup.procs to move them to.
    expect(() => OwnCgroup.enter(own)).toThrow(KernelFileError);
    expect(existsSync(own)).toBe(true);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { describeRemaining, describeSurvivors, findSurvivors } from '#src/cgroup/survivors.ts';

const frozen = { reason: 'frozen in /f', hint: 'echo THAWED > /f/freezer.state' };

it('says what keeps the processes, and each command once', () => {
  const waiting = { reason: 'in an uninterruptible system call (nfs_wait)', hint: undefined };
  expect(
    describeSurvivors('the target', [
      { pid: 7, comm: 'a', ...frozen },
      { pid: 8, comm: 'b\u001b', ...waiting },
      { pid: 9, comm: 'c', ...frozen },
    ]),
  ).toBe(
    'the target could not be killed: 7 (a), 9 (c): frozen in /f; 8 (b\\x1b): in an uninterruptible system call (nfs_wait) (hint: echo THAWED > /f/freezer.state)',
  );
});

it('names five of them', () => {
  const many = Array.from({ length: 7 }, (_, at) => ({ pid: at + 1, comm: 'p', ...frozen }));
  expect(describeSurvivors('7 processes', many)).toMatch(/5 \(p\): frozen in \/f; 2 more \(hint/);
  expect(describeRemaining('/leaf', [1, 2, 3, 4, 5, 6])).toBe(
    'the cgroup /leaf stays, with processes 1, 2, 3, 4, 5 and 1 more; a run after their end removes it',
  );
});

it('leaves out what has exited', async () => {
  const child = spawn('sleep', ['60']);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  expect(findSurvivors([child.pid ?? 0, 2 ** 22 + 1])).toEqual([
    {
      pid: child.pid,
      comm: expect.any(String),
      reason: expect.stringMatching(/^it has not exited yet/),
      hint: undefined,
    },
  ]);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { readPidStat } from '#src/kernel/procfs/pid-stat.ts';
import { ProcessPrograms } from '#src/sampler/process-programs.ts';

const UID = 3_999_999;

it.runIf(process.getuid?.() === 0)('asks the name service once for a user, and names it later', async () => {
  const children = [0, 1].map(() => spawn('sleep', ['60'], { uid: UID }));
  onTestFinished(() => {
    for (const child of children) child.kill();
  });
  await Promise.all(children.map((child) => once(child, 'spawn')));
  let answer = (_: Map<number, string>) => {};
  const ask = vi.fn(() => new Promise<Map<number, string>>((resolve) => (answer = resolve)));
  const programs = new ProcessPrograms((read) => read(), ask);
  const stats = children.map(({ pid = 0 }) => readPidStat(pid));
  const look = () => {
    const users = stats.map((stat) => programs.look(stat)?.user);
    programs.retain(new Set(stats.map(({ pid }) => pid)));
    return users;
  };
  expect(look()).toEqual([String(UID), String(UID)]);
  expect([look(), look()]).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
  answer(new Map([[UID, 'alice']]));
  await Promise.resolve();
  expect(look()).toEqual(['alice', 'alice']);
  expect(look()).toEqual([undefined, undefined]);
  expect(ask.mock.calls).toEqual([[[UID]]]);
});

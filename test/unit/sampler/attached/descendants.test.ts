import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { Descendants } from '#src/sampler/attached/descendants.ts';

it('keeps to a process and what it started, also when it has exited', async () => {
  // The outer shell is replaced by nothing: its child outlives it.
  const parent = spawn('/bin/sh', ['-c', 'sleep 600 & echo $!; read -r _'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(String(line).trim());
  const other = spawn('sleep', ['600'], { stdio: 'ignore' });
  try {
    const all = () => new Map([parent.pid ?? 0, child, other.pid ?? 0, 1].map((pid) => [pid, `in ${pid}`]));
    const descendants = new Descendants();
    expect([...descendants.keep(parent.pid ?? 0, all()).keys()].sort()).toEqual([parent.pid, child].sort());
    const exited = once(parent, 'exit');
    parent.stdin.end();
    await exited;
    expect([...descendants.keep(parent.pid ?? 0, all())]).toEqual([[child, `in ${child}`]]);
    // Another process has got the number of one that has exited.
    expect([...new Descendants().keep(child, new Map([[1, '']]))]).toEqual([]);
  } finally {
    other.kill('SIGKILL');
    process.kill(child, 'SIGKILL');
  }
});

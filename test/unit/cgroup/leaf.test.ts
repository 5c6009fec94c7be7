import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Leaf } from '#src/cgroup/leaf.ts';
import { leafName } from '#src/cgroup/leaf-name.ts';
import { OwnCgroup } from '#src/cgroup/own-cgroup.ts';
import { makeTree } from '../temporary-tree.ts';

it.each([
  [1, 'memory.usage_in_bytes'],
  [2, 'memory.current'],
] as const)('a leaf of cgroup v%i without %s is rejected and removed', (version, file) => {
  const parent = makeTree();
  expect(() => new Leaf(version, parent)).toThrow(
    expect.objectContaining({
      path: join(parent, leafName(), file),
      errno: 'ENOENT',
      hint: `echo +memory > ${join(parent, 'cgroup.subtree_control')}`,
    }),
  );
  expect(readdirSync(parent)).toEqual([]);
});

it('a leaf cannot be created twice', () => {
  const parent = makeTree({ [`${leafName()}/`]: '' });
  expect(() => new Leaf(2, parent)).toThrow(expect.objectContaining({ operation: 'mkdir', errno: 'EEXIST' }));
  expect(readdirSync(parent)).toEqual([leafName()]);
});

it('our own cgroup is shared while another process lives in it', async () => {
  const stranger = spawn('sleep', ['60']);
  const own = makeTree({ 'cgroup.procs': `${process.pid}\n${process.ppid}\n${stranger.pid}\n` });
  expect(() => OwnCgroup.enter(own)).toThrow(
    expect.objectContaining({
      code: 'PLACEMENT',
      kind: 'own',
      message: `the current cgroup ${own} contains other processes: ${stranger.pid} (sleep)`,
      hint: expect.stringMatching(/^systemd-run .*--scope -p Delegate=yes|^mkdir -p .*--cgroup-parent/),
    }),
  );
  expect(readdirSync(own)).toEqual(['cgroup.procs']);
  stranger.kill('SIGKILL');
  await once(stranger, 'exit');
});

it('below a cmemstat that has moved itself aside, the parent is the place', () => {
  const top = makeTree({ 'cgroup.subtree_control': 'memory\n', 'cmemstat-self-1-2/cgroup.procs': '' });
  const room = OwnCgroup.enter(join(top, 'cmemstat-self-1-2'));
  expect(room.directory).toBe(top);
  room.leave();
  expect(readdirSync(top).sort()).toEqual(['cgroup.subtree_control', 'cmemstat-self-1-2']);
});

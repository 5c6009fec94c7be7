import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { isThere, Successors } from '#src/app/attach/successors.ts';
import type { ResolvedTarget, TargetForm } from '#src/cgroup/resolve/resolve-target.ts';
import { UsageError } from '#src/errors.ts';
import { tryStat } from '#src/try-stat.ts';
import { makeTree, removeTrees } from '../../temporary-tree.ts';

afterAll(removeTrees);

function tree(form: TargetForm, cgroups: Readonly<Record<string, string>>) {
  const root = makeTree(
    Object.fromEntries(Object.entries(cgroups).map(([name, pids]) => [`${name}/cgroup.procs`, pids])),
  );
  const target = (name: string): ResolvedTarget => ({
    version: 2,
    mountPoint: root,
    directory: join(root, name),
    path: `/${name}`,
    form,
    target: `${form}:web`,
    owners: [],
  });
  const known = (name: string) => ({ directory: join(root, name), inode: tryStat(join(root, name))?.ino });
  return { root, target, known };
}

/** What is found at once when `found` have the name, after `old` was attached to. */
async function successor(
  form: TargetForm,
  cgroups: Readonly<Record<string, string>>,
  found: readonly string[],
  { removed = false } = {},
) {
  const { root, target, known } = tree(form, { old: '', ...cgroups });
  const before = known('old');
  if (removed) rmSync(join(root, 'old'), { recursive: true });
  const successors = new Successors(target('old'), async () => found.map(target));
  successors.hurry();
  return (await successors.find(before))?.path;
}

it('is the only other cgroup with the name, when the first is gone', async () => {
  expect(await successor('container', { new: '' }, ['new'], { removed: true })).toBe('/new');
  expect(await successor('container', {}, [], { removed: true })).toBeUndefined();
});

it('is taken while the first still exists, if that has lost the name or its processes', async () => {
  expect(await successor('container', { old: '7\n', new: '8\n' }, ['new'])).toBe('/new');
  expect(await successor('container', { old: '', new: '8\n' }, ['old', 'new'])).toBe('/new');
  expect(await successor('container', { old: '7\n', new: '8\n' }, ['old', 'new'])).toBeUndefined();
  // A container that is being started has the name, but runs nothing yet.
  expect(await successor('container', { old: '7\n', new: '' }, ['new'])).toBeUndefined();
});

it('is the one with processes, if several have the name', async () => {
  expect(await successor('comm', { a: '', b: '8\n' }, ['a', 'b'], { removed: true })).toBe('/b');
  expect(await successor('comm', { a: '7\n', b: '8\n' }, ['a', 'b'], { removed: true })).toBeUndefined();
});

it('is a new cgroup with the same path, without looking for the name', async () => {
  const find = vi.fn(async () => []);
  const { root, target, known } = tree('unit', { old: '7\n' });
  const before = known('old');
  mkdirSync(join(root, 'new'));
  writeFileSync(join(root, 'new', 'cgroup.procs'), '8\n');
  rmSync(join(root, 'old'), { recursive: true });
  mkdirSync(join(root, 'old'));
  const next = await new Successors(target('old'), find).find({
    ...before,
    inode: (before.inode ?? 0n) + 1n,
  });
  expect(next?.path).toBe('/old');
  expect(find).not.toHaveBeenCalled();
});

it('is looked for at most every two seconds while the cgroup exists, and none is found where that fails', async () => {
  const find = vi.fn(async () => {
    throw new UsageError('attach', 'gone');
  });
  const { target, known } = tree('container', { old: '7\n' });
  const successors = new Successors(target('old'), find);
  expect(await successors.find(known('old'))).toBeUndefined();
  expect(find).not.toHaveBeenCalled();
  successors.hurry();
  expect(await successors.find(known('old'))).toBeUndefined();
  expect(await successors.find(known('old'))).toBeUndefined();
  expect(find).toHaveBeenCalledTimes(1);
});

it('has its own path from then on, also if it is created again at once', async () => {
  const { root, target, known } = tree('container', { old: '', new: '8\n' });
  const before = known('old');
  rmSync(join(root, 'old'), { recursive: true });
  const successors = new Successors(target('old'), async () => [target('new')]);
  successors.hurry();
  expect((await successors.find(before))?.path).toBe('/new');
  const again = { ...known('new'), inode: (known('new').inode ?? 0n) + 1n };
  expect(await successors.find(again)).toMatchObject({ path: '/new', directory: join(root, 'new') });
});

it('is not known to exist where its directory could not be read at first', () => {
  const { known } = tree('container', { old: '' });
  expect(isThere(known('old'))).toBe(true);
  expect(isThere({ directory: '/nowhere', inode: undefined })).toBe(false);
});

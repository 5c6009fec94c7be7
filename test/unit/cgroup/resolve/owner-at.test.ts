import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ownersOf } from '#src/cgroup/names/cgroup-owner.ts';
import { ownerAt } from '#src/cgroup/resolve/owner-at.ts';
import { required } from '../../../required.ts';
import { makeTree, removeTrees } from '../../temporary-tree.ts';
import { ID } from '../names/cgroup-paths-of-runtimes.ts';

afterAll(removeTrees);

const OF_USER = `/user.slice/user-1000.slice/user@1000.service/app.slice/docker-${ID}.scope`;

const ownerOf = (path: string, directory: string) => {
  const owners = ownersOf(path);
  return ownerAt({ directory, owner: required(owners.at(-1)), owners });
};

it('has the user whose session manager it is below, and the processes of its cgroup', () => {
  const root = makeTree({ 'a/cgroup.procs': '7\n', 'a/b/cgroup.procs': '8\n' });
  const { owner, uid, processes } = ownerOf(OF_USER, join(root, 'a'));
  expect([owner.id, uid, processes()]).toEqual([ID, 1000, [7, 8]]);
  expect(ownerOf(`/docker/${ID}`, join(root, 'a')).uid).toBeUndefined();
});

it.each([
  ['is gone', 'gone'],
  ['cannot be read', 'unreadable'],
  ['has a path that is too long', 'x/'.repeat(2100)],
])('has no processes where the cgroup %s', (_, name) => {
  const root = makeTree({ 'unreadable/cgroup.procs/': '' });
  expect(ownerOf(`/docker/${ID}`, join(root, name)).processes()).toEqual([]);
});

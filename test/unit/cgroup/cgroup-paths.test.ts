import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CgroupPaths } from '#src/cgroup/cgroup-paths.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cmemstat-paths-'));
  mkdirSync(join(root, 'a', 'b'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const idOf = (path: string) => statSync(join(root, path), { bigint: true }).ino;

it('finds the path of an id', () => {
  const paths = new CgroupPaths(root);
  expect([idOf('.'), idOf('a'), idOf('a/b')].map((id) => paths.find(id))).toEqual(['/', '/a', '/a/b']);
  expect(paths.find(1n << 60n)).toBeUndefined();
});

it('walks the hierarchy once until it is refreshed', () => {
  const paths = new CgroupPaths(root);
  paths.find(1n << 60n);
  mkdirSync(join(root, 'new'));
  expect(paths.find(idOf('new'))).toBeUndefined();
  paths.refresh();
  expect(paths.find(idOf('new'))).toBe('/new');
});

it('returns nothing for a hierarchy that no longer exists', () => {
  const id = idOf('a');
  renameSync(join(root, 'a'), join(root, 'z'));
  expect(new CgroupPaths(join(root, 'a')).find(id)).toBeUndefined();
});

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listNested, listProcesses, makeCgroup, removeSubtree } from '#src/cgroup/subtree.ts';
import { makeTree } from '../temporary-tree.ts';

describe('makeCgroup', () => {
  it('creates one directory', () => {
    const cgroup = join(makeTree(), 'leaf');
    makeCgroup(cgroup);
    expect(existsSync(cgroup)).toBe(true);
  });

  it.each([
    ['is there already', 'leaf', 'EEXIST', 'file exists'],
    ['has no parent', 'no/leaf', 'ENOENT', 'no such file or directory'],
    ['has a file as its parent', 'file/leaf', 'ENOTDIR', 'not a directory'],
  ])('reports which directory could not be created and why when it %s', (_, name, errno, words) => {
    const directory = join(makeTree({ 'leaf/': '', file: '' }), name);
    expect(() => makeCgroup(directory)).toThrow(
      expect.objectContaining({
        operation: 'mkdir',
        path: directory,
        errno,
        message: `cannot create ${directory}: ${words}`,
      }),
    );
  });
});

describe('listNested', () => {
  it('returns the deepest first, and no files', () => {
    const root = makeTree({ 'a/b/c/': '', 'a/b/cgroup.procs': '', 'a/d/': '', 'cgroup.procs': '' });
    const nested = listNested(root);
    expect([...nested].sort()).toEqual(['a', 'a/b', 'a/b/c', 'a/d'].map((name) => join(root, name)));
    for (const [index, cgroup] of nested.entries()) {
      expect(nested.slice(index + 1).some((later) => later.startsWith(`${cgroup}/`))).toBe(false);
    }
  });

  it('returns nothing for a missing directory', () => {
    expect(listNested(makeTree())).toEqual([]);
    expect(listNested('/nowhere')).toEqual([]);
  });
});

describe('listProcesses', () => {
  it('returns those of the cgroup and its descendants', () => {
    const root = makeTree({
      'cgroup.procs': '1\n2\n',
      'a/cgroup.procs': '',
      'a/b/cgroup.procs': '3\n',
      'c/cgroup.procs': '4\n',
    });
    expect(listProcesses(root).sort()).toEqual([1, 2, 3, 4]);
    expect(listProcesses(join(root, 'a'))).toEqual([3]);
  });

  it('reads only the given nested cgroups', () => {
    const root = makeTree({ 'cgroup.procs': '1\n', 'a/cgroup.procs': '2\n', 'b/cgroup.procs': '3\n' });
    expect(listProcesses(root, [join(root, 'b')])).toEqual([1, 3]);
  });

  it('omits a cgroup that is removed meanwhile', () => {
    const root = makeTree({ 'cgroup.procs': '1\n' });
    expect(listProcesses(root, [join(root, 'gone')])).toEqual([1]);
    expect(listProcesses('/nowhere')).toEqual([]);
  });

  it('propagates a file that cannot be parsed', () => {
    const root = makeTree({ 'a/cgroup.procs': 'x\n' });
    expect(() => listProcesses(root)).toThrow(`${join(root, 'a/cgroup.procs')}, line 1: `);
  });

  it('propagates a missing permission', () => {
    const root = makeTree({ 'cgroup.procs/': '' });
    expect(() => listProcesses(root)).toThrow(expect.objectContaining({ errno: 'EISDIR' }));
  });
});

describe('removeSubtree', () => {
  it('removes a cgroup with its descendants', () => {
    const root = makeTree({ 'leaf/a/b/': '', 'leaf/c/': '', 'other/': '' });
    removeSubtree(join(root, 'leaf'));
    expect(existsSync(join(root, 'leaf'))).toBe(false);
    expect(existsSync(join(root, 'other'))).toBe(true);
  });

  it('accepts a removed cgroup', () => {
    expect(() => removeSubtree('/nowhere/leaf')).not.toThrow();
  });

  it('reports which cgroup could not be removed', () => {
    // An ordinary folder with a file cannot be removed, like a cgroup with a process.
    const root = makeTree({ 'a/file': '' });
    const cgroup = join(root, 'a');
    expect(() => removeSubtree(root)).toThrow(
      expect.objectContaining({ operation: 'rmdir', path: cgroup, errno: 'ENOTEMPTY' }),
    );
    mkdirSync(join(root, 'b'));
    expect(existsSync(cgroup)).toBe(true);
  });
});

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  listNested,
  listProcesses,
  makeCgroup,
  removeSubtree,
  type VisitCgroup,
  visitNested,
} from '#src/cgroup/subtree.ts';
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

  it('of a removed cgroup are none', () => {
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

/** A folder with names that are not UTF-8, and one whose path is longer than the kernel accepts. */
function makeHardToReach(): { root: string; pids: number[] } {
  const root = makeTree();
  const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff, 0xfe])]);
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from('/cgroup.procs')]), '7\n');
  let directory = openSync(root, 'r');
  for (let depth = 0; depth < 40; depth += 1) {
    const path = `/proc/self/fd/${directory}/${'n'.repeat(200)}`;
    mkdirSync(path);
    const next = openSync(path, 'r');
    closeSync(directory);
    directory = next;
  }
  writeFileSync(`/proc/self/fd/${directory}/cgroup.procs`, '8\n');
  closeSync(directory);
  return { root, pids: [7, 8] };
}

describe('visitNested', () => {
  it('reaches cgroups with any name, and beyond the longest path', () => {
    const { root, pids } = makeHardToReach();
    const descriptors = readdirSync('/proc/self/fd').length;
    expect(listProcesses(root).sort()).toEqual(pids);
    expect(listNested(root)).toHaveLength(41);
    const remove: VisitCgroup = (path) => {
      for (const name of readdirSync(path)) {
        if (name === 'cgroup.procs') unlinkSync(Buffer.concat([Buffer.from(path), Buffer.from(`/${name}`)]));
      }
      rmdirSync(path);
    };
    visitNested(root, remove);
    expect(readdirSync(root)).toEqual([]);
    expect(readdirSync('/proc/self/fd')).toHaveLength(descriptors);
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

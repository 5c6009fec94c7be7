import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leafName } from '#src/cgroup/leaf-name.ts';
import { removeStaleLeaves } from '#src/cgroup/stale-leaves.ts';
import { makeTree } from '../temporary-tree.ts';

/** Our pid, but of a process that started at boot: its owner is dead. */
const DEAD = `cmemstat-${process.pid}-1`;

describe('removeStaleLeaves', () => {
  it('removes the empty leaf of a dead run with its nested cgroups', () => {
    const parent = makeTree({ [`${DEAD}/a/b/`]: '', [`cmemstat-self-${process.pid}-1/`]: '' });
    expect(removeStaleLeaves(parent).sort()).toEqual([
      join(parent, DEAD),
      join(parent, `cmemstat-self-${process.pid}-1`),
    ]);
    expect(readdirSync(parent)).toEqual([]);
  });

  it('keeps the leaf of a live run', () => {
    const parent = makeTree({ [`${leafName()}/`]: '' });
    expect(removeStaleLeaves(parent)).toEqual([]);
    expect(existsSync(join(parent, leafName()))).toBe(true);
  });

  it('keeps cgroups of others', () => {
    const parent = makeTree({ 'user.slice/': '', 'cmemstat/': '', 'cmemstat-1/': '', 'memory.stat': '' });
    expect(removeStaleLeaves(parent)).toEqual([]);
    expect(readdirSync(parent)).toHaveLength(4);
  });

  it.each(['cgroup.procs', 'nested/cgroup.procs'])('keeps a leaf with a process in %s', (file) => {
    const parent = makeTree({ [`${DEAD}/a/`]: '', [`${DEAD}/${file}`]: '4242\n' });
    expect(removeStaleLeaves(parent)).toEqual([]);
    expect(existsSync(join(parent, DEAD, file))).toBe(true);
    // A file prevents the removal of an ordinary folder; nothing below it was removed either.
    expect(existsSync(join(parent, DEAD, 'a'))).toBe(true);
  });

  it('continues after a leaf that cannot be removed', () => {
    const parent = makeTree({ [`${DEAD}/file`]: '', [`cmemstat-${process.pid}-2/`]: '' });
    expect(removeStaleLeaves(parent)).toEqual([join(parent, `cmemstat-${process.pid}-2`)]);
    expect(readdirSync(parent)).toEqual([DEAD]);
  });
});

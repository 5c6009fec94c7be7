import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { enableControllers, enablesMemory, explainNoMemory } from '#src/cgroup/memory-controller.ts';
import { makeTree } from '../temporary-tree.ts';

const cgroup = (offered: string, enabled: string) =>
  makeTree({ 'cgroup.controllers': `${offered}\n`, 'cgroup.subtree_control': enabled });
const control = (directory: string) => readFileSync(join(directory, 'cgroup.subtree_control'), 'utf8');

describe('enableControllers', () => {
  it.each([
    ['cpu io memory pids', '+memory +pids'],
    ['memory', '+memory'],
    ['pids', '+pids'],
  ])('of the offered %o writes %o', (offered, written) => {
    const directory = cgroup(offered, '');
    expect(enableControllers(directory)).toBe(true);
    expect(control(directory)).toBe(written);
  });

  it.each([
    ['memory pids', 'pids memory cpu\n'],
    ['cpu io', '\n'],
  ])('writes nothing of the offered %o if %o is enabled', (offered, enabled) => {
    const directory = cgroup(offered, enabled);
    expect(enableControllers(directory)).toBe(false);
    expect(control(directory)).toBe(enabled);
  });

  it('reports a missing cgroup', () => {
    expect(() => enableControllers('/nowhere')).toThrow(
      expect.objectContaining({ path: '/nowhere/cgroup.controllers', errno: 'ENOENT' }),
    );
  });
});

describe('enablesMemory', () => {
  it('reads the enabled controllers, not the available ones', () => {
    expect(enablesMemory(cgroup('memory', 'memory pids\n'))).toBe(true);
    expect(enablesMemory(cgroup('memory', 'pids\n'))).toBe(false);
    expect(enablesMemory(makeTree())).toBe(false);
  });
});

describe('explainNoMemory', () => {
  /** A cgroup with the memory controller, and one below it, in which it is not enabled. */
  const nested = (type: string) =>
    makeTree({
      'cgroup.controllers': 'memory\n',
      'cgroup.subtree_control': '\n',
      'inner/cgroup.controllers': '\n',
      'inner/cgroup.subtree_control': '\n',
      'inner/cgroup.type': `${type}\n`,
    });

  it('names each cgroup of a domain in which the controller has to be enabled, outermost first', () => {
    const root = nested('domain');
    expect(explainNoMemory(join(root, 'inner'))).toEqual({
      reason: `the memory controller is not enabled in cgroup.subtree_control of ${root}/inner`,
      hint: `echo +memory > ${root}/cgroup.subtree_control && echo +memory > ${root}/inner/cgroup.subtree_control`,
    });
  });

  it.each(['threaded', 'domain threaded', 'domain invalid'])(
    'names the domain above a cgroup of type %s',
    (type) => {
      const root = nested(type);
      expect(explainNoMemory(join(root, 'inner'))).toEqual({
        reason: `${root}/inner is part of a threaded subtree (cgroup.type: ${type}), which has no memory controller`,
        hint: `--cgroup-parent ${root}`,
      });
    },
  );
});

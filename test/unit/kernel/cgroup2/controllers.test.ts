import { describe, expect, it } from 'vitest';
import { parseControllers } from '#src/kernel/cgroup2/controllers.ts';
import { capturedKernels } from '../../captured-kernels.ts';

describe('parseControllers', () => {
  it.each([
    ['cpuset cpu io memory pids\n', ['cpuset', 'cpu', 'io', 'memory', 'pids']],
    ['memory\n', ['memory']],
    ['memory', ['memory']],
    ['\n', []],
    ['', []],
  ])('reads %o', (text, names) => {
    expect(parseControllers(text)).toEqual(names);
  });
});

describe.each(capturedKernels(2))('the controllers of Linux $name', (kernel) => {
  const controllers = (file: string) => parseControllers(kernel.read(`sys/fs/cgroup/${file}`));

  it('are available at the top and enabled for the leaf', () => {
    expect(controllers('cgroup.controllers')).toEqual(expect.arrayContaining(['memory', 'pids', 'cpu']));
    expect(controllers('cgroup.subtree_control').sort()).toEqual(['cpu', 'io', 'memory', 'pids']);
    expect(controllers('leaf/cgroup.controllers').sort()).toEqual(['cpu', 'io', 'memory', 'pids']);
  });

  it('are not enabled by the leaf', () => {
    expect(controllers('leaf/cgroup.subtree_control')).toEqual([]);
    expect(controllers('leaf/nested/cgroup.controllers')).toEqual([]);
  });
});

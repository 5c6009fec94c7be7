import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openCgroup2Reader, optional, workingSet } from '#src/sampler/cgroup2-reader.ts';
import { capturedKernels } from '../captured-kernels.ts';
import { makeTree } from '../temporary-tree.ts';

const MIB = 1024 * 1024;

const read = (leaf: string, processes: number[] = []) => {
  const reader = openCgroup2Reader(leaf, () => processes);
  const figures = reader.read();
  reader.close();
  return figures;
};

describe.each(capturedKernels(2))('a leaf of Linux $name', (kernel) => {
  const figures = read(kernel.leaf, [1, 2, 3]);
  const number = (file: string) => Number(kernel.read(`sys/fs/cgroup/leaf/${file}`));

  it('has the totals and the breakdown', () => {
    const stat = kernel.read('sys/fs/cgroup/leaf/memory.stat');
    expect(figures).toMatchObject({
      current: number('memory.current'),
      swap: { current: number('memory.swap.current') },
      events: { oom_kill: 1 },
      eventsLocal: { oom_kill: 1 },
      pressure: { some: { total: expect.any(Number) }, full: { total: expect.any(Number) } },
      nestedCgroups: 1,
    });
    expect(Object.keys('stat' in figures ? (figures.stat ?? {}) : {})).toHaveLength(
      stat.trimEnd().split('\n').length,
    );
  });

  it('has the limits that were set', () => {
    expect(figures).toMatchObject({ limits: { max: 96 * MIB, high: 'max', swapMax: 8 * MIB, pidsMax: 64 } });
  });

  it.each([
    ['peak', 'memory.peak', '5.19'],
    ['zswap', 'memory.zswap.current', '5.19'],
    ['kernel', 'memory.stat', '5.18'],
  ])('has %s exactly when the kernel has it in %s', (key, _, since) => {
    expect(key in figures).toBe(kernel.has(since));
  });

  it('has the peak of swap exactly when the kernel is 6.5 or later', () => {
    expect('peak' in (('swap' in figures && figures.swap) || {})).toBe(kernel.has('6.5'));
  });

  it('asks for the processes of the nested cgroups too', () => {
    expect(figures).toMatchObject({ processes: 3 });
  });
});

describe('a reader of cgroup v2', () => {
  it('reads anew every time', () => {
    const leaf = makeTree({ 'memory.current': '4096\n', 'memory.stat': 'anon 1\ninactive_file 96\n' });
    const reader = openCgroup2Reader(leaf, () => []);
    expect(reader.read()).toMatchObject({ current: 4096, workingset: 4000, stat: { anon: 1 } });
    writeFileSync(join(leaf, 'memory.current'), '8192\n');
    writeFileSync(join(leaf, 'memory.stat'), 'anon 2\ninactive_file 192\n');
    expect(reader.read()).toMatchObject({ current: 8192, workingset: 8000, stat: { anon: 2 } });
    reader.close();
  });

  it('leaves out what the kernel does not have', () => {
    const figures = read(makeTree({ 'memory.current': '4096\n', 'cgroup.stat': 'nr_descendants 0\n' }));
    expect(figures).toEqual({ current: 4096, limits: {}, nestedCgroups: 0 });
  });

  it('tells absent from 0', () => {
    const zero = read(
      makeTree({
        'memory.current': '0\n',
        'memory.swap.current': '0\n',
        'memory.stat': 'kernel 0\ninactive_file 0\n',
      }),
    );
    expect(zero).toMatchObject({ current: 0, workingset: 0, kernel: 0, swap: { current: 0 } });
  });

  it('asks for the processes below only while there are cgroups below', () => {
    const leaf = makeTree({ 'cgroup.stat': 'nr_descendants 0\n', 'cgroup.procs': '1\n2\n' });
    const listProcesses = vi.fn(() => [1, 2, 3]);
    const reader = openCgroup2Reader(leaf, listProcesses);
    expect(reader.read()).toMatchObject({ processes: 2 });
    expect(listProcesses).not.toHaveBeenCalled();
    writeFileSync(join(leaf, 'cgroup.stat'), 'nr_descendants 1\n');
    expect(reader.read()).toMatchObject({ processes: 3 });
    reader.close();
  });

  it('does not hide a file that it does not understand', () => {
    const leaf = makeTree({ 'memory.stat': 'anon 1\nfile\n' });
    expect(() => read(leaf)).toThrow(`${join(leaf, 'memory.stat')}, line 2: `);
  });

  it('keeps its files open: a leaf that was removed reads as it was', () => {
    const [kernel] = capturedKernels(2);
    if (kernel === undefined) throw new Error('no kernel was captured');
    const leaf = makeTree();
    cpSync(kernel.leaf, leaf, { recursive: true });
    const reader = openCgroup2Reader(leaf, () => []);
    const before = reader.read();
    rmSync(leaf, { recursive: true });
    expect(reader.read()).toEqual(before);
    reader.close();
  });
});

describe('workingSet', () => {
  it.each([
    [100, 30, 70],
    [100, 0, 100],
    [100, 100, 0],
    [4096, 8192, 0],
    [undefined, 30, undefined],
    [100, undefined, undefined],
  ])('of %o without %o is %o', (current, inactiveFile, bytes) => {
    expect(workingSet(current, inactiveFile)).toBe(bytes);
  });
});

describe('optional', () => {
  it('keeps what is there, 0 too', () => {
    expect(optional({ current: 0, peak: undefined })).toEqual({ current: 0 });
    expect(optional({ current: undefined, peak: undefined })).toBeUndefined();
  });
});

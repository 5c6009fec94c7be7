import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openCgroup2Reader, optional, workingSet } from '#src/sampler/cgroup2-reader.ts';
import { capturedKernels } from '../captured-kernels.ts';
import { makeTree } from '../temporary-tree.ts';

const MIB = 1024 * 1024;

const refuse = (fault: Error) => {
  throw fault;
};
const read = (leaf: string, processes: number[] = [], onMalformed: (fault: Error) => void = refuse) => {
  const reader = openCgroup2Reader(leaf, () => processes, onMalformed);
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
  ])('has %s exactly if the kernel has it in %s', (key, _, since) => {
    expect(key in figures).toBe(kernel.has(since));
  });

  it('has the peak of swap exactly if the kernel is 6.5 or later', () => {
    expect('peak' in (('swap' in figures && figures.swap) || {})).toBe(kernel.has('6.5'));
  });

  it('includes the processes of nested cgroups', () => {
    expect(figures).toMatchObject({ processes: 3 });
  });
});

describe('a reader of cgroup v2', () => {
  it('reads again every time', () => {
    const leaf = makeTree({ 'memory.current': '4096\n', 'memory.stat': 'anon 1\ninactive_file 96\n' });
    const reader = openCgroup2Reader(leaf, () => [], refuse);
    expect(reader.read()).toMatchObject({ current: 4096, workingset: 4000, stat: { anon: 1 } });
    writeFileSync(join(leaf, 'memory.current'), '8192\n');
    writeFileSync(join(leaf, 'memory.stat'), 'anon 2\ninactive_file 192\n');
    expect(reader.read()).toMatchObject({ current: 8192, workingset: 8000, stat: { anon: 2 } });
    reader.close();
  });

  it('omits what the kernel lacks', () => {
    const figures = read(makeTree({ 'memory.current': '4096\n', 'cgroup.stat': 'nr_descendants 0\n' }));
    expect(figures).toEqual({ current: 4096, limits: {}, nestedCgroups: 0 });
  });

  it('distinguishes absent from 0', () => {
    const zero = read(
      makeTree({
        'memory.current': '0\n',
        'memory.swap.current': '0\n',
        'memory.stat': 'kernel 0\ninactive_file 0\n',
      }),
    );
    expect(zero).toMatchObject({ current: 0, workingset: 0, kernel: 0, swap: { current: 0 } });
  });

  it('reads nested processes only while there are nested cgroups', () => {
    const leaf = makeTree({ 'cgroup.stat': 'nr_descendants 0\n', 'cgroup.procs': '1\n2\n' });
    const listProcesses = vi.fn(() => [1, 2, 3]);
    const reader = openCgroup2Reader(leaf, listProcesses, refuse);
    expect(reader.read()).toMatchObject({ processes: 2 });
    expect(listProcesses).not.toHaveBeenCalled();
    writeFileSync(join(leaf, 'cgroup.stat'), 'nr_descendants 1\n');
    expect(reader.read()).toMatchObject({ processes: 3 });
    reader.close();
  });

  it('skips lines that cannot be parsed, reports them, and keeps the rest', () => {
    const leaf = makeTree({
      'memory.stat': 'anon 1\nper_node N0=4 N1=5\nfile\nanon 3\ninactive_file 1\n',
      'memory.events': 'low 0\nvendor: x\noom_kill 2\n',
      'memory.pressure':
        'some avg10=0.00 avg60=0.00 avg300=0.00 total=7\nidle avg10=0.00\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n',
      'memory.current': '4096\n',
      'memory.peak': 'unknown\n',
    });
    const faults: string[] = [];
    const figures = read(leaf, [], ({ message }) => faults.push(message));
    expect(figures).toMatchObject({
      current: 4096,
      workingset: 4095,
      stat: { anon: 1, inactive_file: 1 },
      events: { low: 0, oom_kill: 2 },
      pressure: { some: { total: 7 }, full: { total: 3 } },
    });
    expect(figures).not.toHaveProperty('peak');
    expect(faults.map((fault) => fault.replace(`${leaf}/`, '').replace(/:.*/, ''))).toEqual([
      'memory.stat, line 2',
      'memory.stat, line 3',
      'memory.stat, line 4',
      'memory.peak, line 1',
      'memory.events, line 2',
      'memory.pressure, line 2',
    ]);
  });

  it('keeps its files open: a removed leaf reads as before', () => {
    const [kernel] = capturedKernels(2);
    if (kernel === undefined) throw new Error('no kernel was captured');
    const leaf = makeTree();
    cpSync(kernel.leaf, leaf, { recursive: true });
    const reader = openCgroup2Reader(leaf, () => [], refuse);
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
  it('keeps present values, including 0', () => {
    expect(optional({ current: 0, peak: undefined })).toEqual({ current: 0 });
    expect(optional({ current: undefined, peak: undefined })).toBeUndefined();
  });
});

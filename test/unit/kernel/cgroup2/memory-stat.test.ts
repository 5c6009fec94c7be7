import { describe, expect, it } from 'vitest';
import { parseMemoryStat } from '#src/kernel/cgroup2/memory-stat.ts';
import { capturedKernels } from '../../captured-kernels.ts';

const MIB = 1024 * 1024;

/** The number of keys that each kernel prints; see docs and fixtures. */
const KEY_COUNTS: Record<string, number> = { '5.10': 36, '6.1': 51, '6.12': 65, '7.3': 71 };

/** When a key was added to cgroup v2's memory.stat. Source: the history of mm/memcontrol.c. */
const KEYS_SINCE: [key: string, since: string][] = [
  ['anon', '4.5'],
  ['file', '4.5'],
  ['kernel_stack', '4.6'],
  ['slab', '4.6'],
  ['shmem', '4.12'],
  ['inactive_file', '4.5'],
  ['percpu', '5.9'],
  ['pagetables', '5.11'],
  ['swapcached', '5.12'],
  ['vmalloc', '5.17'],
  ['kernel', '5.18'],
  ['zswapped', '5.19'],
  ['sec_pagetables', '6.1'],
];

it('was captured on an old kernel, on two in between and on a new one', () => {
  const names = capturedKernels(2).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['5.10', '6.1', '6.12', expect.stringMatching(/^7\.\d+$/)]));
});

describe.each(capturedKernels(2))('memory.stat of Linux $name', (kernel) => {
  const text = kernel.read('sys/fs/cgroup/leaf/memory.stat');
  const stat = parseMemoryStat(text, 'memory.stat');

  it('is read to the last key, under the names of the kernel', () => {
    const keys = text.trimEnd().split('\n');
    expect(Object.keys(stat)).toEqual(keys.map((line) => line.split(' ')[0]));
    expect(Object.entries(stat).map(([key, value]) => `${key} ${value}`)).toEqual(keys);
  });

  it.each(KEYS_SINCE)('has %s exactly when the kernel is %s or later', (key, since) => {
    expect(key in stat).toBe(kernel.has(since));
  });

  it('includes the 16 MiB that the target allocates, swapped out or not, and its 4 MiB of shared memory', () => {
    const swap = Number(kernel.read('sys/fs/cgroup/leaf/memory.swap.current'));
    expect((stat.anon ?? 0) + swap).toBeGreaterThanOrEqual(16 * MIB);
    expect((stat.shmem ?? 0) + swap).toBeGreaterThanOrEqual(4 * MIB);
  });

  it('counts page cache outside of the working set in file', () => {
    expect(stat.inactive_file).toBeLessThanOrEqual(stat.file ?? 0);
  });

  it('is read for an empty cgroup too', () => {
    const root = parseMemoryStat(kernel.read('sys/fs/cgroup/tree/memory.stat'), 'memory.stat');
    expect(Object.keys(root)).toEqual(Object.keys(stat));
  });

  it('reports the line of a truncated file', () => {
    const lines = text.split('\n');
    const cut = `${lines.slice(0, 10).join('\n')}\n${lines[10]?.split(' ')[0]}`;
    expect(() => parseMemoryStat(cut, '/leaf/memory.stat')).toThrow('/leaf/memory.stat, line 11: ');
  });

  it('reports the line where two reads were joined', () => {
    const count = text.trimEnd().split('\n').length;
    expect(() => parseMemoryStat(text + text, 'memory.stat')).toThrow(
      `memory.stat, line ${count + 1}: duplicate key 'anon'`,
    );
  });
});

it.each(capturedKernels(2).filter(({ name }) => name in KEY_COUNTS))(
  'memory.stat of Linux $name has the known number of keys',
  (kernel) => {
    const stat = parseMemoryStat(kernel.read('sys/fs/cgroup/leaf/memory.stat'), 'memory.stat');
    expect(Object.keys(stat)).toHaveLength(KEY_COUNTS[kernel.name] ?? 0);
  },
);

it.each(capturedKernels(2).filter((kernel) => kernel.has('5.18')))(
  'kernel is at least the sum of its parts on Linux $name',
  (kernel) => {
    const stat = parseMemoryStat(kernel.read('sys/fs/cgroup/leaf/memory.stat'), 'memory.stat');
    const { slab = 0, kernel_stack = 0, pagetables = 0, percpu = 0, vmalloc = 0 } = stat;
    // vmalloc includes the stacks, with CONFIG_VMAP_STACK.
    expect(stat.kernel).toBeGreaterThanOrEqual(slab + pagetables + percpu + Math.max(vmalloc, kernel_stack));
  },
);

import { describe, expect, it } from 'vitest';
import { parseMemoryStatV1 } from '#src/kernel/cgroup1/memory-stat.ts';
import { parseMemoryStat } from '#src/kernel/cgroup2/memory-stat.ts';
import { FIELDS, sourceOf } from '#src/model/field-catalogue.ts';
import { capturedKernels } from '../captured-kernels.ts';

describe('the catalogue', () => {
  it('has every field once', () => {
    const ids = FIELDS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(FIELDS)('has a source and a description of $id', ({ meaning, source, since }) => {
    expect(meaning).not.toBe('');
    const sources = Object.values(source);
    expect(sources.length).toBeGreaterThan(0);
    for (const each of sources) expect(each).not.toBe('');
    if (since !== undefined) expect(since).toMatch(/^\d+\.\d+$/);
  });

  it('differs by mode', () => {
    expect(sourceOf('current', 'cgroup2')).toBe('memory.current');
    expect(sourceOf('current', 'cgroup1')).toBe('memory.usage_in_bytes');
    expect(sourceOf('current', 'process-tree')).toBeUndefined();
    expect(sourceOf('unknown', 'cgroup2')).toBeUndefined();
  });
});

const OF_STAT = FIELDS.filter(({ source }) => source.cgroup2 === 'memory.stat');

describe.each(capturedKernels(2))('on Linux $name', (kernel) => {
  const stat = parseMemoryStat(kernel.read('sys/fs/cgroup/leaf/memory.stat'), 'memory.stat');

  it.each(OF_STAT)(
    '$id is in memory.stat exactly if the catalogue lists it for that release',
    ({ id, since = '4.5' }) => {
      expect(id in stat).toBe(kernel.has(since));
    },
  );
});

describe.each(capturedKernels(1))('on Linux $name', (kernel) => {
  const text = kernel.read('sys/fs/cgroup/memory/leaf/memory.stat');

  it.each(FIELDS.filter(({ source }) => source.cgroup1?.startsWith('memory.stat ')))(
    '$id comes from the key that the catalogue names',
    ({ id, source }) => {
      const key = source.cgroup1?.split(' ')[1];
      const printed = new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1];
      const { stat, swapBytes } = parseMemoryStatV1(text, 'memory.stat');
      expect(String(id === 'swap' ? swapBytes : stat[id])).toBe(printed);
    },
  );
});

import { describe, expect, it } from 'vitest';
import { parseMemoryStatV1 } from '#src/kernel/cgroup1/memory-stat.ts';
import { capturedKernels } from '../../captured-kernels.ts';

const parse = (text: string) => parseMemoryStatV1(text, '/leaf/memory.stat');

describe('parseMemoryStatV1', () => {
  it('returns the figures of the subtree, under the names of cgroup v2', () => {
    const text = 'cache 1\nrss 2\ntotal_cache 10\ntotal_rss 20\ntotal_rss_huge 30\ntotal_mapped_file 40\n';
    expect(parse(text).stat).toEqual({ file: 10, anon: 20, anon_thp: 30, file_mapped: 40 });
  });

  it('keeps the names of keys that cgroup v2 lacks', () => {
    const text = 'pgpgin 1\npgpgout 2\ntotal_pgpgin 3\ntotal_pgpgout 4\nsome_key 5\ntotal_new_key 6\n';
    expect(parse(text).stat).toEqual({ total_pgpgin: 3, total_pgpgout: 4, some_key: 5, total_new_key: 6 });
  });

  it('returns swap separately, and only that of the subtree', () => {
    expect(parse('swap 1\ntotal_swap 2\n')).toEqual({
      stat: {},
      swapBytes: 2,
      hierarchicalLimitBytes: undefined,
    });
  });

  it('has no swap if the kernel does not count it', () => {
    expect(parse('total_cache 1\n').swapBytes).toBeUndefined();
  });

  it.each(['9223372036854771712', '9223372036854710272', '9223372036854775807'])(
    'reads %s as no limit',
    (limit) => {
      const { stat, hierarchicalLimitBytes } = parse(
        `hierarchical_memory_limit ${limit}\nhierarchical_memsw_limit ${limit}\ntotal_cache 1\n`,
      );
      expect(hierarchicalLimitBytes).toBe(Number.POSITIVE_INFINITY);
      expect(stat).toEqual({ file: 1 });
    },
  );

  it('reads the limit that the ancestors set', () => {
    expect(parse('hierarchical_memory_limit 104857600\n').hierarchicalLimitBytes).toBe(104_857_600);
  });

  it('reads an empty file as nothing', () => {
    expect(parse('')).toEqual({ stat: {}, swapBytes: undefined, hierarchicalLimitBytes: undefined });
  });

  it.each([
    ['a value above 2^53', 'cache 1\ntotal_cache 9007199254740993\n', 2],
    [
      'a value above 2^53 after a limit above it',
      'hierarchical_memory_limit 9223372036854771712\nrss 9007199254740993\n',
      2,
    ],
    ['a negative value', 'cache -1\n', 1],
    ['a negative limit', 'hierarchical_memory_limit -1\n', 1],
    ['the word max', 'hierarchical_memory_limit max\n', 1],
    ['a key that comes twice', 'cache 1\nrss 1\ncache 1\n', 3],
    [
      'a limit that comes twice',
      'hierarchical_memory_limit 1\nhierarchical_memory_limit 9223372036854771712\n',
      2,
    ],
    ['a line cut off', 'cache 1\ntotal_c', 2],
  ])('reports the file and the line of %s', (_, text, line) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ operation: 'parse', path: '/leaf/memory.stat', line }),
    );
  });
});

describe.each(capturedKernels(1))('memory.stat of Linux $name', (kernel) => {
  const text = kernel.read('sys/fs/cgroup/memory/leaf/memory.stat');
  const { stat, swapBytes, hierarchicalLimitBytes } = parse(text);
  const printed = (key: string) => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1]);

  it.each([
    ['anon', 'total_rss'],
    ['file', 'total_cache'],
    ['shmem', 'total_shmem'],
    ['inactive_file', 'total_inactive_file'],
    ['pgfault', 'total_pgfault'],
    ['total_pgpgin', 'total_pgpgin'],
  ])('has %s as %s', (name, key) => {
    expect(stat[name]).toBe(printed(key));
    expect(stat[name]).toBeGreaterThan(0);
  });

  it('has the swap and the limit', () => {
    expect(swapBytes).toBe(printed('total_swap'));
    expect(hierarchicalLimitBytes).toBe(96 * 1024 * 1024);
  });

  it('has every figure once', () => {
    const totals = text.match(/^total_/gm) ?? [];
    // total_swap is separate, hierarchical_memory_limit has no total.
    expect(Object.keys(stat)).toHaveLength(totals.length);
    expect(stat).not.toHaveProperty('rss');
    expect(stat).not.toHaveProperty('cache');
    expect(stat).not.toHaveProperty('hierarchical_memsw_limit');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLimitV1 } from '#src/kernel/cgroup1/memory-limit.ts';
import { capturedKernels } from '../../captured-kernels.ts';

describe('parseLimitV1', () => {
  it.each([
    ['no limit with pages of 4 KiB', '9223372036854771712\n', 'max'],
    ['no limit with pages of 64 KiB', '9223372036854710272\n', 'max'],
    ['no limit of old kernels', '9223372036854775807\n', 'max'],
    ['a limit', '100663296\n', 100_663_296],
    ['a limit of nothing', '0\n', 0],
  ])('reads %s', (_, text, limit) => {
    expect(parseLimitV1(text, 'memory.limit_in_bytes')).toBe(limit);
  });

  it('reads every limit that a double represents exactly', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (value) => parseLimitV1(`${value}\n`, 'f') === value));
  });

  it.each(['', '\n', 'max\n', '-1\n', '1.5\n', '1 2\n'])('rejects %o', (text) => {
    expect(() => parseLimitV1(text, '/leaf/memory.limit_in_bytes')).toThrow(
      '/leaf/memory.limit_in_bytes, line 1: ',
    );
  });
});

describe.each(capturedKernels(1))('the limits of Linux $name', (kernel) => {
  it('are those of the leaf, and no others', () => {
    const limit = (file: string) => parseLimitV1(kernel.read(`sys/fs/cgroup/memory/leaf/${file}`), file);
    expect(limit('memory.limit_in_bytes')).toBe(96 * 1024 * 1024);
    expect(limit('memory.memsw.limit_in_bytes')).toBe('max');
    expect(limit('nested/memory.limit_in_bytes')).toBe('max');
  });
});

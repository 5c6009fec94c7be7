import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLimit, parseSingleValue } from '#src/kernel/limit.ts';
import { capturedKernels } from '../captured-kernels.ts';

const MIB = 1024 * 1024;

describe('parseLimit', () => {
  it.each([
    ['max\n', 'max'],
    ['max', 'max'],
    ['0\n', 0],
    ['100663296\n', 100_663_296],
    ['9007199254740991\n', Number.MAX_SAFE_INTEGER],
  ])('reads %o', (text, limit) => {
    expect(parseLimit(text, 'memory.max')).toBe(limit);
  });

  it('reads every number', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (value) => parseLimit(`${value}\n`, 'f') === value));
  });

  it.each(['', '\n', 'ma', 'MAX', 'max max', '-1\n', '9223372036854771712\n', '1\n2\n'])(
    'rejects %o',
    (text) => {
      expect(() => parseLimit(text, '/leaf/memory.max')).toThrow('/leaf/memory.max, line 1: ');
    },
  );
});

describe('parseSingleValue', () => {
  it('reads a number', () => {
    expect(parseSingleValue('4096\n', 'memory.current')).toBe(4096);
  });

  it.each(['max\n', '', '-4096\n', '4096 0\n', '9007199254740992\n'])('rejects %o', (text) => {
    expect(() => parseSingleValue(text, 'memory.current')).toThrow('memory.current, line 1: ');
  });
});

describe.each(capturedKernels(2))('the limits of Linux $name', (kernel) => {
  const limit = (file: string) => parseLimit(kernel.read(`sys/fs/cgroup/${file}`), file);

  it('are those set on the leaf', () => {
    expect(limit('leaf/memory.max')).toBe(96 * MIB);
    expect(limit('leaf/memory.swap.max')).toBe(8 * MIB);
    expect(limit('leaf/pids.max')).toBe(64);
    expect(limit('leaf/memory.high')).toBe('max');
    expect(limit('tree/child/memory.max')).toBe(16 * MIB);
    expect(limit('tree/child/memory.swap.max')).toBe(0);
    expect(limit('tree/memory.max')).toBe('max');
  });

  it('apply to memory.current', () => {
    const current = parseSingleValue(kernel.read('sys/fs/cgroup/leaf/memory.current'), 'memory.current');
    expect(current).toBeGreaterThan(16 * MIB);
    expect(current).toBeLessThanOrEqual(96 * MIB);
  });
});

import { describe, expect, it } from 'vitest';
import { countUsedElements } from '#src/kernel/bpf/sys/array-usage.ts';
import { mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { descriptor, fakeBpf, leakedDescriptors, refuse } from './fake-bpf.ts';

const array = { id: 1, type: mapTypeNumber('array'), key_size: 4, value_size: 4096, max_entries: 200 };

/** A kernel that returns an array in which these elements are not zero. */
function kernelWith(used: readonly number[], valueBytes: number, entries: number) {
  let next = 0;
  return fakeBpf({
    BPF_MAP_GET_FD_BY_ID: descriptor(),
    BPF_MAP_LOOKUP_BATCH: (attr, [, values]) => {
      const room = attr.readUInt32LE(32);
      const count = Math.min(room, entries - next);
      values?.fill(0);
      for (let index = 0; index < count; index++) {
        if (used.includes(next + index) && values !== undefined) values[(index + 1) * valueBytes - 1] = 1;
      }
      next += count;
      attr.writeUInt32LE(count, 32);
      return next < entries ? 0 : refuse('BPF_MAP_LOOKUP_BATCH', 'ENOENT')(attr, []);
    },
  });
}

describe('the elements in use', () => {
  it('are counted over several batches', () => {
    const bpf = kernelWith([0, 63, 64, 199], 4096, 200);
    const leaked = leakedDescriptors(() => {
      expect(countUsedElements(bpf, array, 2)).toBe(4);
    });
    expect(leaked).toBe(0);
    expect(bpf.calls.filter((call) => call === 'BPF_MAP_LOOKUP_BATCH')).toHaveLength(4);
  });

  it('of a percpu array are those written by any CPU', () => {
    const percpu = { ...array, type: mapTypeNumber('percpu_array'), value_size: 12, max_entries: 10 };
    expect(countUsedElements(kernelWith([9], 16 * 4, 10), percpu, 4)).toBe(1);
  });

  it.each([
    ['another type', { ...array, type: mapTypeNumber('hash') }],
    ['a map that is too large', { ...array, max_entries: 1 << 20 }],
  ])('are unknown for %s, which is not opened', (_, map) => {
    const bpf = fakeBpf({});
    expect(countUsedElements(bpf, map, 2)).toBeUndefined();
    expect(bpf.calls).toEqual([]);
  });

  it.each(['EINVAL', 'ENOTSUPP', 'EPERM'])('are unknown if the kernel returns %s', (errno) => {
    const bpf = fakeBpf({
      BPF_MAP_GET_FD_BY_ID: descriptor(),
      BPF_MAP_LOOKUP_BATCH: refuse('BPF_MAP_LOOKUP_BATCH', errno),
    });
    expect(countUsedElements(bpf, array, 2)).toBeUndefined();
  });

  it('are unknown for a map that no longer exists', () => {
    const gone = fakeBpf({ BPF_MAP_GET_FD_BY_ID: refuse('BPF_MAP_GET_FD_BY_ID', 'ENOENT') });
    expect(countUsedElements(gone, array, 2)).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { KernelFileError } from '#src/errors.ts';
import { parseMeminfo } from '#src/kernel/procfs/memory/meminfo.ts';

describe('/proc/meminfo', () => {
  it('has sizes in bytes, without what is not a size', () => {
    const text =
      'MemTotal:       24554792 kB\nActive(anon):      12 kB\nHugePages_Total:       3\nPercpu:  0 kB\n';
    expect(parseMeminfo(text, '/proc/meminfo')).toEqual({
      MemTotal: 24_554_792 * 1024,
      'Active(anon)': 12 * 1024,
      Percpu: 0,
    });
  });

  it('has no size that a number cannot hold', () => {
    const text = 'MemTotal: 1 kB\nMemFree: 9007199254740991 kB\n';
    expect(() => parseMeminfo(text, '/proc/meminfo')).toThrow(KernelFileError);
    expect(() => parseMeminfo(text, '/proc/meminfo')).toThrow('line 2');
  });
});

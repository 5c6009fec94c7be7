import { describe, expect, it } from 'vitest';
import { parseMeminfo } from '#src/kernel/procfs/memory/meminfo.ts';

describe('/proc/meminfo', () => {
  it('has sizes in bytes, without what is not a size', () => {
    const text =
      'MemTotal:       24554792 kB\nActive(anon):      12 kB\nHugePages_Total:       3\nPercpu:  0 kB\n';
    expect(parseMeminfo(text)).toEqual({
      MemTotal: 24_554_792 * 1024,
      'Active(anon)': 12 * 1024,
      Percpu: 0,
    });
  });

  it('has no size that a number cannot hold', () => {
    const text = 'MemTotal: 1 kB\nVmallocTotal:   13743895347199 kB\nMemFree: 1 kB\n';
    expect(parseMeminfo(text)).toEqual({ MemTotal: 1024, MemFree: 1024 });
  });
});

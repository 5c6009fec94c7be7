import { describe, expect, it } from 'vitest';
import { parsePidStatus } from '#src/kernel/procfs/memory/pid-status.ts';
import { parseAnonymousRollup } from '#src/kernel/procfs/memory/smaps-rollup.ts';
import { parseStackPointer } from '#src/kernel/procfs/memory/stack-pointers.ts';
import { capturedKernels } from '../../../captured-kernels.ts';

describe('parsePidStatus', () => {
  it('reads sizes in bytes', () => {
    const text =
      'Name:\tVmPTE:\t1 kB\nUid:\t1\t1000\t3\t4\nNSpid:\t42\t7\nVmRSS:\t    1768 kB\nRssAnon:\t 108 kB\nVmPTE:\t      44 kB\nVmSwap:\t 4 kB\nHugetlbPages:\t 2048 kB\nThreads:\t3\n';
    expect(parsePidStatus(text, 'f')).toEqual({
      uid: 1000,
      threads: 3,
      vmRss: 1768 * 1024,
      rssAnon: 108 * 1024,
      vmPte: 44 * 1024,
      vmSwap: 4096,
      hugetlbPages: 2048 * 1024,
      nsPids: [42, 7],
    });
  });

  it('leaves out what a kernel thread does not have', () => {
    expect(parsePidStatus('Name:\tkworker\nUid:\t0\t0\t0\t0\nThreads:\t1\n', 'f')).toEqual({
      uid: 0,
      threads: 1,
      nsPids: [],
    });
  });

  it.each([...capturedKernels(2), ...capturedKernels(1)])('reads that of Linux $name', (kernel) => {
    const status = parsePidStatus(kernel.read('proc/target/status'), 'f');
    expect(status.vmPte).toBeGreaterThan(0);
    expect(status.rssAnon).toBeLessThanOrEqual(status.vmRss ?? 0);
  });
});

describe('parseAnonymousRollup', () => {
  it.each([...capturedKernels(2), ...capturedKernels(1)])('reads that of Linux $name', (kernel) => {
    const rollup = parseAnonymousRollup(kernel.read('proc/target/smaps_rollup'), 'f');
    expect(rollup?.pssAnon).toBeGreaterThan(0);
    expect(rollup?.pssAnon).toBeLessThanOrEqual(rollup?.anonymous ?? 0);
  });

  it('is undefined for a process without memory, and rejects other text', () => {
    expect(parseAnonymousRollup('', 'f')).toBeUndefined();
    expect(() => parseAnonymousRollup('Pss: 4 kB\n', 'f')).toThrow('no Pss_Anon line');
  });
});

describe('parseStackPointer', () => {
  it.each([
    ['202 0x7f52 0x80 0x2 0x0 0x0 0xffffffff 0x7fff2d0fd850 0x7f8c43d702ad\n', 0x7fff2d0fd850],
    ['-1 0x7fff2d0fd850 0x7f8c43d702ad\n', 0x7fff2d0fd850],
    ['running\n', undefined],
    ['', undefined],
    ['blocked 0x1', undefined],
  ])('reads %o', (text, pointer) => {
    expect(parseStackPointer(text)).toBe(pointer);
  });
});

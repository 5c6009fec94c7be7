import { describe, expect, it } from 'vitest';
import { parsePss } from '#src/kernel/procfs/memory/smaps-rollup.ts';
import { capturedKernels } from '../../../captured-kernels.ts';

const HEAD = '55d0c0a3b000-7ffd0d9f2000 ---p 00000000 00:00 0    [rollup]\n';

describe('parsePss', () => {
  it('returns bytes', () => {
    expect(parsePss(`${HEAD}Rss:                1804 kB\nPss:                 244 kB\n`, 'f')).toBe(
      244 * 1024,
    );
  });

  it('ignores the Pss of parts', () => {
    const text = `${HEAD}Pss_Anon:             8 kB\nPss_File:             9 kB\nSwapPss:             10 kB\nPss:                 17 kB\n`;
    expect(parsePss(text, 'f')).toBe(17 * 1024);
  });

  it('is undefined for a process without memory of its own', () => {
    expect(parsePss('', 'f')).toBeUndefined();
  });

  it('can be 0', () => {
    expect(parsePss(`${HEAD}Pss:                   0 kB\n`, 'f')).toBe(0);
  });

  it.each([
    ['no Pss', `${HEAD}Rss:                1804 kB\n`],
    ['a Pss that is cut off', `${HEAD}Pss:                 2`],
    ['a negative Pss', `${HEAD}Pss:                 -2 kB\n`],
    ['another unit', `${HEAD}Pss:                 2 MB\n`],
    ['a Pss above 2^53', `${HEAD}Pss:   9007199254740993 kB\n`],
  ])('rejects %s', (_, text) => {
    expect(() => parsePss(text, '/proc/42/smaps_rollup')).toThrow(
      expect.objectContaining({ operation: 'parse', path: '/proc/42/smaps_rollup' }),
    );
  });

  it.each([...capturedKernels(2), ...capturedKernels(1)])('is below the Rss on Linux $name', (kernel) => {
    const text = kernel.read('proc/target/smaps_rollup');
    const rss = Number(/^Rss:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
    const pss = parsePss(text, 'f') ?? 0;
    expect(pss).toBeGreaterThan(0);
    expect(pss).toBeLessThanOrEqual(rss);
  });
});

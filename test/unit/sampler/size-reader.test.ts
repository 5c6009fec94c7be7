import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unitOfMetric } from '#src/model/figures.ts';
import { openCgroup1Reader } from '#src/sampler/cgroup1-reader.ts';
import { openCgroup2Reader } from '#src/sampler/cgroup2-reader.ts';
import { openSizeReader } from '#src/sampler/size-reader.ts';
import { capturedKernels } from '../captured-kernels.ts';
import { makeTree } from '../temporary-tree.ts';

/** A copy of a captured leaf: the reader writes to memory.peak. */
function copyOf(leaf: string): string {
  const directory = makeTree();
  for (const name of readdirSync(leaf)) {
    if (statSync(join(leaf, name)).isFile()) copyFileSync(join(leaf, name), join(directory, name));
  }
  return directory;
}

describe('the sizes of a leaf', () => {
  it.each([
    ...capturedKernels(2).map((kernel) => ({ ...kernel, version: 2 as const })),
    ...capturedKernels(1).map((kernel) => ({ ...kernel, version: 1 as const })),
  ])('match a sample on $name', async ({ leaf, version }) => {
    const directory = copyOf(leaf);
    const reader =
      version === 2
        ? openCgroup2Reader(
            directory,
            () => [],
            () => {},
          )
        : openCgroup1Reader(directory, { processes: () => [], nested: () => [] }, () => {});
    const sample = await reader.read();
    const sizes = openSizeReader(version, directory);
    const reading = sizes.read();
    expect(reading?.current).toBe(sample.current);
    expect(reading?.kernel).toBe(sample.kernel);
    expect(reading?.swap).toBe(sample.swap?.current);
    expect(reading?.peak).toBe(sample.peak);
    for (const [key, value] of Object.entries(sample.stat ?? {})) {
      const isSize = unitOfMetric(key) === 'bytes' && !key.startsWith('hierarchical_');
      expect([key, reading?.stat.valueOf(key)]).toEqual([key, isSize ? value : undefined]);
    }
    expect(reading?.stat.valueOf('anon')).toBeGreaterThan(0);
    reader.close();
    sizes.close();
  });

  it('include the high-water mark since the last reading if the kernel can reset it', () => {
    const [kernel] = capturedKernels(2).filter(({ has }) => has('6.12'));
    const directory = copyOf(kernel?.leaf ?? '');
    const peak = join(directory, 'memory.peak');
    writeFileSync(peak, '1000000\n');
    const sizes = openSizeReader(2, directory);
    expect(sizes.read()).toMatchObject({ peak: 1_000_000, isWindow: false });
    expect(readFileSync(peak, 'utf8')).toMatch(/^reset\n/);
    writeFileSync(peak, '2000\n');
    expect(sizes.read()).toMatchObject({ peak: 2000, isWindow: true });
    sizes.close();
  });

  it('are absent if the kernel lacks the files', () => {
    const [kernel] = capturedKernels(2);
    const directory = copyOf(kernel?.leaf ?? '');
    for (const name of ['memory.peak', 'memory.swap.current']) rmSync(join(directory, name), { force: true });
    const sizes = openSizeReader(2, directory);
    expect(sizes.read()).toMatchObject({ peak: undefined, swap: undefined });
    sizes.close();
  });
});

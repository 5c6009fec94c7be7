import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Containers } from '#src/sampler/attached/containers.ts';
import { makeTree, removeTrees } from '../../temporary-tree.ts';

afterAll(removeTrees);

const files = (name: string, current: number) => ({
  [`${name}/memory.current`]: `${current}\n`,
  [`${name}/memory.stat`]: `anon ${current - 10}\nfile 8\nshmem 1\n`,
});

it('have a row each, and keep what they used when they are gone', async () => {
  const root = makeTree({ ...files('a', 100), ...files('b', 50) });
  const found = [{ directory: join(root, 'a'), cgroup: 'a', name: 'web' }];
  const containers = new Containers(2, async () => found);
  expect(await containers.read(0)).toEqual([
    { cgroup: 'a', name: 'web', current: 100, anon: 90, file: 8, shmem: 1 },
  ]);
  found.push({ directory: join(root, 'b'), cgroup: 'b', name: 'side' });
  // It is looked for every two seconds.
  expect(await containers.read(1000)).toHaveLength(1);
  expect(await containers.read(2000)).toMatchObject([{ name: 'web' }, { name: 'side', current: 50 }]);
  found.shift();
  rmSync(join(root, 'a'), { recursive: true });
  await containers.read(2500);
  expect(containers.summary()).toEqual([
    { cgroup: 'a', name: 'web', peakBytes: 100, lastBytes: 100 },
    { cgroup: 'b', name: 'side', peakBytes: 50, lastBytes: 50 },
  ]);
  containers.close();
  expect(await containers.read(2600)).toEqual([]);
});

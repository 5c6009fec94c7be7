/** Cgroups as on a large node. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chooseMemoryHierarchy, readHierarchyFacts } from '#src/cgroup/hierarchy.ts';
import { enableControllers } from '#src/cgroup/memory-controller.ts';
import { removeSubtree } from '#src/cgroup/subtree.ts';

const SLICES = 40;

/** Measures with this number of cgroups: slices, with those in them that `nameOf` names. */
export async function withCgroups<T>(
  count: number,
  nameOf: (slice: number, at: number) => string,
  measure: () => Promise<T>,
): Promise<T> {
  const hierarchy = chooseMemoryHierarchy(readHierarchyFacts());
  if (hierarchy.version === undefined) throw new Error(hierarchy.reason);
  const { version, mountPoint } = hierarchy;
  const top = join(mountPoint, `cmemstat-bench-${process.pid}`);
  const make = (directory: string) => {
    mkdirSync(directory);
    if (version === 2) enableControllers(directory);
  };
  try {
    make(top);
    for (let slice = 0; slice < SLICES; slice += 1) {
      const directory = join(top, `bench${slice}.slice`);
      make(directory);
      for (let at = 0; at < count / SLICES - 1; at += 1) mkdirSync(join(directory, nameOf(slice, at)));
    }
    return await measure();
  } finally {
    removeSubtree(top);
  }
}

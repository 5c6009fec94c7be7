import { expect, it } from 'vitest';
import { watchEvents } from '#src/app/run/open-readers.ts';

it.each([1, 2] as const)('a removed cgroup of v%i has no events to watch', async (version) => {
  const leaf = { version, directory: '/sys/fs/cgroup/cmemstat-removed' };
  expect(await watchEvents(leaf, () => {})).toBeUndefined();
});

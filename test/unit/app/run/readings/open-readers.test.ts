import { expect, it } from 'vitest';
import { openExplainer, watchEvents } from '#src/app/run/readings/open-readers.ts';

it.each([1, 2] as const)('a removed cgroup of v%i has no events to watch', async (version) => {
  const leaf = { version, directory: '/sys/fs/cgroup/cmemstat-removed' };
  expect(await watchEvents(leaf, () => {})).toBeUndefined();
});

it('says that memory by name requires a cgroup where the process tree is measured', async () => {
  const warnings: string[] = [];
  const parts = {
    elapsedMs: () => 0,
    emit: () => {},
    warn: (message: string) => void warnings.push(message),
  };
  expect(await openExplainer(() => undefined, new Set(['end']), parts)).toBeUndefined();
  expect(warnings).toEqual(['--explain: requires a memory cgroup, and the process tree is measured']);
  expect(await openExplainer(() => undefined, new Set(), parts)).toBeUndefined();
  expect(warnings).toHaveLength(1);
});

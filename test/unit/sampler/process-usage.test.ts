import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ProcessUsages } from '#src/sampler/process-usage.ts';

it('a pid that is reused by another process has no CPU share of its own yet', async () => {
  let ctime = 100;
  const usages = new ProcessUsages(async () => ({ 7: { memory: 4096, ctime } }));
  const shareAt = async (cpuMs: number) => {
    ctime = cpuMs;
    await sleep(2);
    return (await usages.read([7])).get(7)?.cpuPercent;
  };
  expect(await shareAt(100)).toBeUndefined();
  expect(await shareAt(200)).toBeGreaterThan(0);
  expect(await shareAt(10)).toBeUndefined();
  expect(await shareAt(20)).toBeGreaterThan(0);
});

it('processes that have exited are left out', async () => {
  const some = new ProcessUsages(async () => ({ 7: { memory: 4096, ctime: 1 }, 8: null, 9: undefined }));
  expect([...(await some.read([7, 8, 9])).keys()]).toEqual([7]);
  const none = new ProcessUsages(() => Promise.reject(new Error('No matching pid found')));
  expect(await none.read([7])).toEqual(new Map());
});

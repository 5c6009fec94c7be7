import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import type { PidStat } from '#src/kernel/procfs/pid-stat.ts';
import { MAX_HELD, ProcessUsages } from '#src/sampler/process-usage.ts';

/** No pid of Linux is as large: pidusage holds descriptors of none of these. */
const FIRST_PID = 2 ** 23;

function statOf(pid: number, changed: Partial<PidStat> = {}): PidStat {
  const fixed = { comm: 'sh', ppid: 1, pgrp: pid, ttyNr: 0, tpgid: -1, threads: 1, image: '1-2-3' };
  return { ...fixed, pid, state: 'S', startTime: '1', cpuTicks: 0, rssPages: 1, ...changed };
}

it('a pid that is reused by another process has no CPU share of its own yet', async () => {
  const pid = FIRST_PID;
  const usages = new ProcessUsages(() => Promise.reject(new Error('No matching pid found')));
  const shareAt = async (cpuTicks: number, startTime: string) => {
    await sleep(2);
    return (await usages.read([statOf(pid, { cpuTicks, startTime })])).get(pid)?.cpuPercent;
  };
  expect(await shareAt(10, '1')).toBeUndefined();
  expect(await shareAt(20, '1')).toBeGreaterThan(0);
  expect(await shareAt(30, '2')).toBeUndefined();
  expect(await shareAt(40, '2')).toBeGreaterThan(0);
});

it('reads by pidusage what was there before, and all else from the line that was read already', async () => {
  const [lasting, gone, ended] = [FIRST_PID + 1, FIRST_PID + 2, FIRST_PID + 3];
  const query = vi.fn((pids: number[]) =>
    Promise.resolve(
      Object.fromEntries(pids.map((pid) => [pid, pid === lasting ? { memory: 7, ctime: 1 } : null])),
    ),
  );
  const usages = new ProcessUsages(query);
  const stats = [statOf(lasting), statOf(gone), statOf(ended, { state: 'Z', threads: 2 })];
  await usages.read(stats);
  expect(query).not.toHaveBeenCalled();
  const second = await usages.read(stats);
  expect(query.mock.calls).toEqual([[[lasting, gone]]]);
  expect(second.get(lasting)?.rssBytes).toBe(7);
  expect(second.get(gone)?.rssBytes).toBeGreaterThanOrEqual(4096);
  expect(second.get(ended)?.rssBytes).toBeGreaterThanOrEqual(4096);
});

it('lets pidusage hold descriptors of a limited number of processes, for all readers together', async () => {
  const queried = new Set<number>();
  const query = (pids: number[]) => {
    for (const pid of pids) queried.add(pid);
    return Promise.resolve({});
  };
  for (let round = 0; round < 5; round += 1) {
    const stats = Array.from({ length: 60 }, (_, at) => statOf(FIRST_PID + 1000 * round + 10 + at));
    const usages = new ProcessUsages(query);
    await usages.read(stats);
    expect((await usages.read(stats)).size).toBe(60);
  }
  expect(queried.size).toBeGreaterThan(0);
  expect(queried.size).toBeLessThanOrEqual(MAX_HELD);
});

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ForeignCgroup } from '#src/cgroup/foreign-cgroup.ts';
import type { AttachedTo } from '#src/model/restarts.ts';
import type { Sample } from '#src/model/sample.ts';
import { Segments } from '#src/sampler/attached/segments.ts';
import { makeTree, removeTrees } from '../../temporary-tree.ts';

afterAll(removeTrees);

const root = makeTree({
  'a/cpu.stat': 'usage_usec 100\nuser_usec 70\nsystem_usec 30\n',
  'b/cpu.stat': 'usage_usec 9\nuser_usec 4\nsystem_usec 5\n',
});
const cgroup = (name: string) => new ForeignCgroup({ version: 2, directory: join(root, name) });
const attached: AttachedTo = { target: 'unit:a', cgroup: '/a', peakSince: 'creation' };
const sample = (elapsedMs: number, figures: Partial<Sample>): Sample => ({
  type: 'sample',
  elapsedMs,
  reason: 'tick',
  ...figures,
});

it('sum up each cgroup: the peak and the CPU time of one that is new are its own', () => {
  const segments = new Segments();
  segments.enter(cgroup('a'), attached, 40);
  // The high-water mark is older than the attachment.
  segments.add(sample(0, { current: 10, peak: 999, events: { max: 1 } }));
  segments.add(
    sample(500, {
      current: 30,
      peak: 999,
      events: { max: 2 },
      maxima: { readings: 1, longestGapMs: 1, bytes: { current: 50 } },
    }),
  );
  rmSync(join(root, 'a'), { recursive: true });
  segments.leave(1000);
  segments.leave(1100);
  const next = { ...attached, followed: true as const };
  segments.enter(cgroup('b'), next, 3000);
  segments.add(sample(3000, { current: 5, peak: 70 }));
  segments.finish(4000);
  const { restarts, cpuUs } = segments.summary(4000);
  expect(restarts).toEqual({
    count: 1,
    waitedMs: 2000,
    cgroups: [
      {
        attached,
        fromMs: 0,
        toMs: 1000,
        peakBytes: 50,
        lastBytes: 30,
        events: { max: 2 },
        cpuUs: { user: 0, system: 0 },
      },
      {
        attached: next,
        fromMs: 3000,
        toMs: 4000,
        peakBytes: 70,
        lastBytes: 5,
        cpuUs: { user: 4, system: 5 },
      },
    ],
  });
  expect(cpuUs).toEqual({ user: 4, system: 5 });
});

it('count the time without a cgroup up to the end', () => {
  const segments = new Segments();
  segments.enter(cgroup('b'), attached, 0);
  segments.leave(1000);
  segments.finish(5000);
  expect(segments.summary(5000).restarts).toMatchObject({ count: 0, waitedMs: 4000 });
  const one = new Segments();
  one.enter(cgroup('b'), attached, 0);
  one.finish(5000);
  expect(one.summary(5000)).toEqual({ restarts: undefined, cpuUs: { user: 0, system: 0 } });
});

import { describe, expect, it } from 'vitest';
import { findGrownNames } from '#src/budget/comparison/find-grown-names.ts';
import type { RunNames } from '#src/budget/comparison/run-figures.ts';
import type { NamedMemory } from '#src/model/explain/name-list.ts';

const NAMES: NamedMemory[] = [
  { group: 'anon', kind: 'process', name: 'agent', bytes: 500 },
  { group: 'shmem', kind: 'file', name: '/dev/shm/state', bytes: 300 },
  { group: 'file', kind: 'file', name: '/var/log', bytes: 200 },
  { group: 'slab', kind: 'slab-cache', name: 'dentry', bytes: 90 },
  { group: 'page-tables', kind: 'process', name: 'agent', bytes: 40 },
];
const at = (
  moment: RunNames['moment'],
  elapsedMs: number,
  factor = 1,
  more: Partial<RunNames> = {},
): RunNames => ({
  moment,
  elapsedMs,
  method: 'pages',
  bytes: 1130 * factor,
  names: NAMES.map((name) => ({ ...name, bytes: name.bytes * factor })),
  ...more,
});
const namesOf = (grown: ReturnType<typeof findGrownNames>) => grown?.names.map(({ name }) => name);

describe('the names of a metric', () => {
  it.each([
    ['current', ['agent', '/dev/shm/state', '/var/log', 'dentry']],
    ['anon', ['agent']],
    ['stat.anon', ['agent']],
    ['stat.total_rss', ['agent']],
    ['file', ['/dev/shm/state', '/var/log']],
    ['inactive_file', ['/var/log']],
    ['shmem', ['/dev/shm/state']],
    ['kernel', ['dentry', 'agent']],
    ['slab_reclaimable', ['dentry']],
    ['pagetables', ['agent']],
    ['bpf.maps', []],
  ])('of %s are those that grew of its part of the memory', (metric, expected) => {
    const grown = findGrownNames(metric, 0, [at('peak', 10, 3)], [at('peak', 10)]);
    expect(namesOf(grown)).toEqual(expected);
  });

  it.each(['swap', 'psi.some', 'leftover', 'pgfault', 'processes', 'bpf.map:flows', 'constructor'])(
    'of %s are none: it is not in the tree',
    (metric) => {
      expect(findGrownNames(metric, 0, [at('peak', 10)], undefined)).toBeUndefined();
    },
  );

  it('are those of the explanation that is nearest to the time shown', () => {
    const explained = [at('exceeded', 100), at('peak', 900), at('end', 2000)];
    const momentAt = (ms: number) => findGrownNames('current', ms, explained, undefined)?.moment;
    expect([0, 400, 600, 1400, 1500].map(momentAt)).toEqual(['exceeded', 'exceeded', 'peak', 'peak', 'end']);
    expect(findGrownNames('current', 0, [], undefined)).toBeUndefined();
    expect(findGrownNames('current', 0, undefined, [at('peak', 10)])).toBeUndefined();
  });
});

describe('the baseline', () => {
  it('is its explanation of the same moment, else of the peak', () => {
    const now = [at('end', 10, 3)];
    const baseOf = (...baseline: RunNames[]) => findGrownNames('current', 10, now, baseline)?.baseline;
    expect(baseOf(at('peak', 1), at('end', 2))).toBe('end');
    expect(baseOf(at('exceeded', 1), at('peak', 2))).toBe('peak');
    // A name of another method is not the same.
    expect(baseOf(at('end', 1, 1, { method: 'counters' }), at('exceeded', 2))).toBe('exceeded');
  });

  it('of another method is not compared: the largest names are listed, with the reason', () => {
    const base = [at('peak', 1, 1, { method: 'counters' })];
    const grown = findGrownNames('current', 10, [at('peak', 10, 3)], base);
    expect(grown).not.toHaveProperty('baseline');
    expect(grown?.reason).toContain('counters');
    expect(grown?.names[0]).toEqual({ kind: 'process', name: 'agent', bytes: 1500 });
  });

  it('may list only its largest names', () => {
    const cut = at('peak', 1, 1, { names: NAMES.slice(0, 2), unlisted: { file: 200, slab: 90 } });
    const grown = findGrownNames('file', 10, [at('peak', 10, 3)], [cut]);
    expect(grown?.names).toEqual([
      { kind: 'file', name: '/dev/shm/state', bytes: 900, baselineBytes: 300 },
      { kind: 'file', name: '/var/log', bytes: 600, baselineAtMost: 200 },
    ]);
  });

  it('that is as large has no names that grew', () => {
    expect(findGrownNames('current', 10, [at('peak', 10)], [at('peak', 1)])).toMatchObject({ names: [] });
  });

  it('leaves out what is negligible beside the largest growth', () => {
    const grown = (bytes: number) => ({ ...NAMES[2], bytes, name: `/${bytes}` }) as NamedMemory;
    const now = at('peak', 10, 1, { names: [grown(5000), grown(51), grown(49)] });
    const names = findGrownNames('current', 10, [now], [at('peak', 1, 1, { names: [] })]);
    expect(namesOf(names)).toEqual(['/5000', '/51']);
  });
});

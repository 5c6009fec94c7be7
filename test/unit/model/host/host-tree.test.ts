import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostCgroup } from '#src/model/host/host-cgroups.ts';
import { type HostRowOptions, hostRows, largestCgroups } from '#src/model/host/host-tree.ts';
import { HOST } from './example-host.ts';

const nameOf = ({ path }: HostCgroup) => path.slice(path.lastIndexOf('/') + 1);
const paths = (options: Partial<HostRowOptions>) =>
  hostRows(HOST.cgroups, { sort: 'current', nameOf, ...options }).map(({ cgroup }) => cgroup.path);

describe('the rows of a host', () => {
  it('are a tree whose siblings are sorted, the largest first', () => {
    expect(paths({}).map((path) => path.split('/')[1])).toEqual(
      ['', 'kubepods', 'kubepods', 'kubepods', 'kubepods', 'kubepods'].concat([
        'system.slice',
        'system.slice',
        'system.slice',
        'cmemstat-77-5',
      ]),
    );
    expect(paths({ isReversed: true })[1]).toBe('/cmemstat-77-5');
    expect(paths({ sort: 'name' })[1]).toBe('/cmemstat-77-5');
    expect(paths({ sort: 'processes' })[1]).toBe('/system.slice');
  });

  it('have those of an unknown figure last, in both directions', () => {
    const services = (isReversed: boolean) =>
      paths({ sort: 'growth', isReversed }).filter((path) => path.startsWith('/system.slice/'));
    expect(services(false)).toEqual(['/system.slice/nginx.service', '/system.slice/evil\x1b[2J.service']);
    expect(services(true)).toEqual(services(false));
  });

  it('end below a closed cgroup, which says that it has some', () => {
    const rows = hostRows(HOST.cgroups, { sort: 'current', nameOf, isOpen: ({ depth }) => depth < 1 });
    expect(rows.map(({ depth }) => depth)).toEqual([0, 1, 1, 1]);
    expect(rows.map(({ hasChildren, isOpen }) => [hasChildren, isOpen])).toEqual([
      [true, true],
      [true, false],
      [true, false],
      [false, false],
    ]);
  });

  it('with a filter are those that match and what they are in, also in closed ones', () => {
    const matches = (cgroup: HostCgroup) => nameOf(cgroup).startsWith('nginx');
    expect(paths({ matches, isOpen: () => false })).toEqual([
      '/',
      '/system.slice',
      '/system.slice/nginx.service',
    ]);
    expect(paths({ matches: () => false })).toEqual([]);
  });
});

describe('the largest cgroups', () => {
  it('come with those that they are in, and are never more than requested', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom('current', 'growth', 'name'),
        (most, sort) => {
          const chosen = largestCgroups(HOST.cgroups, most, { sort, nameOf } as HostRowOptions);
          expect(chosen.length).toBeLessThanOrEqual(most);
          if (sort === 'current') expect(chosen.length).toBe(Math.min(most, HOST.cgroups.length));
          for (const { parent } of chosen) if (parent !== undefined) expect(chosen).toContain(parent);
        },
      ),
    );
  });

  it('are those with the most of the figure, wherever they are', () => {
    const chosen = largestCgroups(HOST.cgroups, 3, { sort: 'growth', nameOf });
    expect(chosen.map(({ path }) => path)).toEqual(['/', '/system.slice', '/system.slice/nginx.service']);
  });
});

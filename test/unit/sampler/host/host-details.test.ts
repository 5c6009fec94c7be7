import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCgroupCount } from '#src/kernel/cgroup1/cgroup-count.ts';
import type { HostCgroup } from '#src/model/host/host-cgroups.ts';
import { mapsByHolder } from '#src/sampler/bpf/cgroup-objects.ts';
import { CgroupFiles, OpenFiles } from '#src/sampler/host/cgroup-files.ts';
import { CgroupTree } from '#src/sampler/host/cgroup-tree.ts';
import { sumHeldElsewhere } from '#src/sampler/host/held-elsewhere.ts';
import { readDetails } from '#src/sampler/host/read-details.ts';
import { readRemovedCgroups } from '#src/sampler/host/removed-cgroups.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cmemstat-details-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function detailsOf(version: 1 | 2, files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const tree = new CgroupTree(directory);
  try {
    return readDetails(new CgroupFiles(tree.root, new OpenFiles(10)), version);
  } finally {
    tree.close();
  }
}

describe('the details of a cgroup', () => {
  it('are those of cgroup v2', () => {
    const details = detailsOf(2, {
      'memory.peak': '4096\n',
      'memory.max': 'max\n',
      'memory.events': 'low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n',
      'memory.pressure':
        'some avg10=0.00 avg60=0.00 avg300=0.00 total=123\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=45\n',
    });
    expect(details).toEqual({
      peak: 4096,
      limit: Number.POSITIVE_INFINITY,
      events: { low: 0, high: 1, max: 2, oom: 3, oom_kill: 4, oom_group_kill: 5 },
      stall: { some: 123, full: 45 },
    });
    expect(detailsOf(2, { 'memory.max': '8192\n' }).limit).toBe(8192);
  });

  it('are those of cgroup v1', () => {
    const details = detailsOf(1, {
      'memory.max_usage_in_bytes': '4096\n',
      'memory.limit_in_bytes': '9223372036854771712\n',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 7\n',
      'memory.failcnt': '9\n',
    });
    expect(details).toEqual({
      peak: 4096,
      limit: Number.POSITIVE_INFINITY,
      events: { oom_kill: 7, failcnt: 9 },
    });
  });

  it('are absent if the kernel does not have them, or the cgroup is gone', () => {
    expect(detailsOf(2, {})).toEqual({});
    expect(detailsOf(1, {})).toEqual({ events: {} });
  });
});

describe('removed cgroups', () => {
  it('are counted by cgroup v2', () => {
    writeFileSync(join(directory, 'cgroup.stat'), 'nr_descendants 10\nnr_dying_descendants 3\n');
    expect(readRemovedCgroups(2, directory, 11)).toBe(3);
    rmSync(join(directory, 'cgroup.stat'));
    expect(readRemovedCgroups(2, directory, 11)).toBeUndefined();
  });

  it('are what a hierarchy of cgroup v1 has beyond its directories', () => {
    const text = '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t1\t1\nmemory\t4\t112\t1\n';
    expect(parseCgroupCount(text, 'memory')).toBe(112);
    expect(parseCgroupCount(text, 'mem')).toBeUndefined();
    expect(parseCgroupCount('memory\t4\n', 'memory')).toBeUndefined();
    const all = parseCgroupCount(readFileSync('/proc/cgroups', 'utf8'), 'memory');
    if (all !== undefined) {
      // Other tests create and remove cgroups.
      expect(readRemovedCgroups(1, directory, 0)).toBeGreaterThan(0);
      expect(readRemovedCgroups(1, directory, 1_000_000_000)).toBe(0);
    }
  });
});

describe('maps that are held', () => {
  const process = (pid: number) => ({ pid, comm: '' });

  it('are found directly, and through programs and links', () => {
    const holders = {
      map: new Map([[1, [process(10), process(11)]]]),
      program: new Map([[5, [process(10)]]]),
      link: new Map([
        [7, [process(12)]],
        [8, [process(12)]],
      ]),
    };
    const programs = [
      { id: 5, map_ids: [2, 3] },
      { id: 6, map_ids: [4] },
    ];
    const links = [
      { id: 7, type: 1, prog_id: 6, map_id: undefined },
      { id: 8, type: 1, prog_id: undefined, map_id: 9 },
      { id: 99, type: 1, prog_id: 5, map_id: undefined },
    ];
    expect(mapsByHolder(holders, programs, links)).toEqual(
      new Map([
        [10, new Set([1, 2, 3])],
        [11, new Set([1])],
        [12, new Set([4, 9])],
      ]),
    );
  });

  it('count for cgroups that another one pays for, each once, and for those around them', () => {
    const make = (id: bigint, path: string, parent?: HostCgroup): HostCgroup => {
      const depth = parent === undefined ? 0 : parent.depth + 1;
      return { id, path, directory: path, parent, depth, figures: {} };
    };
    const root = make(1n, '/');
    const pod = make(2n, '/pod', root);
    const agent = make(3n, '/pod/agent', pod);
    const loader = make(4n, '/pod/loader', pod);
    const other = make(5n, '/other', root);
    const map = (id: number, cgroupId: bigint | undefined) => ({
      id,
      cgroupId,
      bytes: 100 * id,
      unchargedBytes: 1,
    });
    const maps = [map(1, 3n), map(2, 4n), map(3, 5n), map(4, undefined), map(5, 77n)];
    const held = new Map([
      [10, new Set([1, 2, 3, 999])],
      [11, new Set([2, 3, 4])],
      [12, new Set([5])],
      [13, new Set([1])],
    ]);
    const paths = new Map([
      [10, '/pod/agent'],
      [11, '/pod/agent/below'],
      [12, '/other'],
    ]);
    const sums = sumHeldElsewhere(held, maps, [root, pod, agent, loader, other], (pid) => paths.get(pid));
    expect(new Map([...sums].map(([{ path }, bytes]) => [path, bytes]))).toEqual(
      new Map([
        ['/pod/agent', 199 + 299 + 399],
        // The map of the loader is charged to the pod.
        ['/pod', 299 + 399],
        ['/other', 499],
      ]),
    );
  });

  it('are not looked for in cgroups that are gone', () => {
    mkdirSync(join(directory, 'x'));
    expect(sumHeldElsewhere(new Map([[1, new Set([1])]]), [], [], () => undefined).size).toBe(0);
  });
});

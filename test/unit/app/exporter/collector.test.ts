import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { CgroupLabels } from '#src/cgroup/resolve/cgroup-labels.ts';
import { KernelFileError } from '#src/errors.ts';
import { listedMap } from '../../model/listed-maps.ts';
import { collectorOf, ExampleNode, seriesOf } from './example-node.ts';

const MIB = 1024 ** 2;
const lxc = (name: string, mib: number) => ({ path: `/lxc.payload.${name}`, mib });
const HEX = (digit: string) => digit.repeat(64);
const POD_UID = '0d2ffb0a-2d1b-4f4a-9d6a-3a2f6c0b8e11';

const named = (series: ReadonlyMap<string, number>, part: string) =>
  [...series.keys()].filter((name) => name.includes(part));

describe('the figures of cgroups', () => {
  it('have the names of containers and units, and no ids', async () => {
    const node = new ExampleNode();
    node.cgroups = [
      lxc('web', 100),
      { path: '/system.slice/nginx.service', mib: 40 },
      { path: '/system.slice/run-u123.service', mib: 4 },
      { path: '/system.slice/run-u124.service', mib: 6 },
      { path: `/system.slice/docker-${HEX('a')}.scope`, mib: 9 },
      { path: '/user.slice/user-1000.slice/session-7.scope', mib: 3 },
      { path: '/user.slice/user-1000.slice/user@1000.service/app.slice/shell.service', mib: 2 },
      { path: '/lxc.payload.web/init.scope', mib: 1 },
      { path: '/custom/job', mib: 5 },
    ];
    const series = await seriesOf(collectorOf(node));
    expect(series.get('cmemstat_memory_bytes{container="web",kind="current"}')).toBe(100 * MIB);
    expect(series.get('cmemstat_memory_bytes{container="web",kind="working_set"}')).toBe(50 * MIB);
    expect(series.get('cmemstat_memory_bytes{container="web",kind="kernel"}')).toBe(25 * MIB);
    expect(series.get('cmemstat_memory_bytes{unit="nginx.service",kind="current"}')).toBe(40 * MIB);
    expect(series.get('cmemstat_memory_bytes{unit="run-*.service",kind="current"}')).toBe(10 * MIB);
    expect(series.get('cmemstat_exporter_unnamed_cgroups')).toBe(1);
    for (const absent of ['aaaa', 'session-7', 'shell', 'init.scope', 'custom', 'job', 'run-u']) {
      expect(named(series, absent), absent).toEqual([]);
    }
  });

  it('have the labels of Kubernetes, which the logs of the kubelet name', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cmemstat-exporter-'));
    try {
      mkdirSync(join(directory, `var/log/pods/shop_web-1_${POD_UID}`), { recursive: true });
      mkdirSync(join(directory, `var/log/containers/web-1_shop_nginx-${HEX('a')}.log`), { recursive: true });
      const node = new ExampleNode();
      const pod = `/kubepods/burstable/pod${POD_UID}`;
      node.cgroups = [
        { path: pod, mib: 30 },
        { path: `${pod}/${HEX('a')}`, mib: 20 },
        { path: `${pod}/${HEX('b')}`, mib: 1 },
      ];
      const collector = collectorOf(node, { names: new CgroupLabels(directory) });
      const series = await seriesOf(collector);
      const of = 'namespace="shop",pod="web-1"';
      expect(series.get(`cmemstat_memory_bytes{${of},container="nginx",kind="current"}`)).toBe(20 * MIB);
      expect(series.get(`cmemstat_memory_bytes{${of},kind="current"}`)).toBe(30 * MIB);
      expect(series.get('cmemstat_exporter_unnamed_cgroups')).toBe(1);
      // The runtime knows the other container a moment later.
      mkdirSync(join(directory, `var/log/containers/web-1_shop_side-${HEX('b')}.log`));
      node.nowMs += 30_000;
      expect((await seriesOf(collector)).get('cmemstat_exporter_unnamed_cgroups')).toBe(1);
      node.nowMs += 30_000;
      const later = await seriesOf(collector);
      expect(later.get('cmemstat_exporter_unnamed_cgroups')).toBe(0);
      expect(later.get(`cmemstat_memory_bytes{${of},container="side",kind="current"}`)).toBe(MIB);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('are those of the requested cgroups, by their path if they have no name', async () => {
    const node = new ExampleNode();
    node.cgroups = [lxc('web', 100), lxc('db', 50), { path: '/custom/job-1', mib: 5 }];
    const matches = (text: string) => text === 'web' || text.includes('job');
    const series = await seriesOf(collectorOf(node, { matches }));
    expect(series.get('cmemstat_memory_bytes{cgroup="/custom/job-1",kind="current"}')).toBe(5 * MIB);
    expect(named(series, 'container="web"')).not.toEqual([]);
    expect(named(series, 'container="db"')).toEqual([]);
  });

  it('have the same series after a restart, and counters that continue', async () => {
    const node = new ExampleNode();
    const details = {
      peak: 5,
      limit: Number.POSITIVE_INFINITY,
      events: { oom_kill: 3 },
      stall: { some: 2e6 },
    };
    node.cgroups = [{ ...lxc('web', 100), details }];
    const collector = collectorOf(node);
    const before = await seriesOf(collector);
    const oom = 'cmemstat_memory_events_total{container="web",event="oom_kill"}';
    const stall = 'cmemstat_memory_stall_seconds_total{container="web",kind="some"}';
    expect([before.get(oom), before.get(stall)]).toEqual([3, 2]);
    expect(before.get('cmemstat_memory_limit_bytes{container="web",kind="max"}')).toBe(Infinity);
    node.recreate('/lxc.payload.web');
    node.cgroups = [
      { ...lxc('web', 1), details: { ...details, events: { oom_kill: 1 }, stall: { some: 0 } } },
    ];
    const after = await seriesOf(collector);
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect([after.get(oom), after.get(stall)]).toEqual([4, 2]);
    expect(after.get('cmemstat_memory_bytes{container="web",kind="current"}')).toBe(MIB);
  });

  it('are those of cAdvisor too, if requested', async () => {
    const node = new ExampleNode();
    node.cgroups = [lxc('web', 100), { path: '/system.slice/a.service', mib: 1 }];
    expect(named(await seriesOf(collectorOf(node)), 'container_memory')).toEqual([]);
    const series = await seriesOf(collectorOf(node, { withCadvisorNames: true }));
    expect(series.get('container_memory_usage_bytes{container="web"}')).toBe(100 * MIB);
    expect(series.get('container_memory_working_set_bytes{container="web"}')).toBe(50 * MIB);
    expect(series.get('container_memory_rss{container="web"}')).toBe(25 * MIB);
    expect(named(series, 'container_memory').every((name) => name.includes('container="web"'))).toBe(true);
  });
});

describe('the figures of BPF maps', () => {
  const web = { ...lxc('web', 100), figures: { bpf: 700, orphaned: 50, bpfUncharged: 30 } };

  it('are by cgroup and by what they are charged to', async () => {
    const node = new ExampleNode();
    node.cgroups = [web, lxc('idle', 10), lxc('holder', 10)];
    node.elsewhere = new Map([['/lxc.payload.holder', 9]]);
    const series = await seriesOf(collectorOf(node));
    const of = (name: string, scope: string) =>
      series.get(`cmemstat_bpf_bytes{container="${name}",scope="${scope}",objects="maps"}`);
    expect(of('web', 'charged')).toBe(700);
    expect(of('web', 'uncharged')).toBe(30);
    expect(of('web', 'orphaned')).toBe(50);
    expect(of('web', 'held_elsewhere')).toBe(0);
    expect(of('holder', 'held_elsewhere')).toBe(9);
    expect(named(series, 'cmemstat_bpf_bytes{container="idle"')).toEqual([]);
  });

  it('are by name, the largest 20 apart, and all of them in a sum', async () => {
    const node = new ExampleNode();
    node.maps = [
      ...Array.from({ length: 30 }, (_, at) =>
        listedMap({ id: at, name: `map${at}`, bytes: 100 + at, max_entries: 10, elements: at }),
      ),
      listedMap({ id: 100, name: 'map29', bytes: 1000, max_entries: 5, elements: 1 }),
      listedMap({ id: 101, name: '', bytes: 7 }),
      listedMap({ id: 102, name: 'other', bytes: 5_000 }),
    ];
    const series = await seriesOf(collectorOf(node, { maxSeries: 1000 }));
    expect(series.get('cmemstat_bpf_map_bytes{name="map29"}')).toBe(1129);
    expect(series.get('cmemstat_bpf_map_elements{name="map29"}')).toBe(30);
    expect(series.get('cmemstat_bpf_map_max_entries{name="map29"}')).toBe(15);
    expect(named(series, 'cmemstat_bpf_map_bytes')).toHaveLength(21);
    const all = named(series, 'cmemstat_bpf_map_bytes').reduce(
      (sum, name) => sum + (series.get(name) ?? 0),
      0,
    );
    expect(all).toBe(node.maps.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  it('are absent without the rights, and announced', async () => {
    const node = new ExampleNode();
    node.maps = undefined;
    node.cgroups = [lxc('web', 100)];
    const series = await seriesOf(collectorOf(node));
    expect(named(series, 'bpf_')).toEqual([]);
    expect(series.get('cmemstat_exporter_absent{figure="bpf"}')).toBe(1);
    expect(series.get('cmemstat_exporter_errors_total{source="bpf"}')).toBe(0);
  });

  it('are tried again every five minutes', async () => {
    const node = new ExampleNode();
    const collector = collectorOf(node);
    for (let minute = 0; minute < 11; minute += 1) {
      await collector.collect();
      node.nowMs += 60_000;
    }
    expect(node.retries).toBe(2);
  });

  it('are back after a reading that failed, which is counted', async () => {
    const node = new ExampleNode();
    const collector = collectorOf(node);
    node.maps = [listedMap({ id: 1, name: 'flows', bytes: 8 })];
    await seriesOf(collector);
    const { maps } = node;
    node.maps = undefined;
    const failed = await seriesOf(collector);
    expect(failed.get('cmemstat_exporter_errors_total{source="bpf"}')).toBe(1);
    expect(named(failed, 'bpf_map')).toEqual([]);
    node.maps = maps;
    const after = await seriesOf(collector);
    expect(after.get('cmemstat_bpf_map_bytes{name="flows"}')).toBe(8);
    expect(named(after, 'cmemstat_exporter_absent')).toEqual([]);
  });
});

describe('the number of series', () => {
  const node = (containers: number) => {
    const example = new ExampleNode();
    example.cgroups = [
      ...Array.from({ length: containers }, (_, at) => ({
        ...lxc(`c${at}`, 1 + at),
        figures: { bpf: 1000 + at, orphaned: 0, bpfUncharged: 0 },
      })),
      ...Array.from({ length: 80 }, (_, at) => ({ path: `/system.slice/u${at}.service`, mib: 1 + at })),
    ];
    example.maps = Array.from({ length: 50 }, (_, at) => listedMap({ id: at, name: `m${at}`, bytes: at }));
    return example;
  };

  it.each([0, 1, 10, 2000])('is at most 100 and three for each of %i containers', async (containers) => {
    const series = await seriesOf(collectorOf(node(containers)));
    expect(series.size).toBeLessThanOrEqual(100 + 3 * containers);
    expect(series.size).toBeGreaterThan(90 + 3 * containers);
    expect(series.get('cmemstat_exporter_series')).toBe(series.size);
    expect(series.get('cmemstat_exporter_series_limit')).toBe(100 + 3 * containers);
    expect(series.get('cmemstat_exporter_series_cut')).toBeGreaterThan(0);
    expect(named(series, 'kind="working_set"').filter((name) => name.includes('container='))).toHaveLength(
      containers,
    );
    // Units and maps have a share, too.
    expect(named(series, 'unit="')).not.toEqual([]);
    expect(named(series, 'cmemstat_bpf_map_bytes').length).toBeGreaterThan(5);
  });

  it.each([60, 75, 200, 5000])('is at most %i if that is the limit', async (maxSeries) => {
    const series = await seriesOf(collectorOf(node(500), { maxSeries, withCadvisorNames: true }));
    expect(series.size).toBeLessThanOrEqual(maxSeries);
    expect(series.get('cmemstat_exporter_series')).toBe(series.size);
    expect(named(series, 'cmemstat_host_memory_bytes')).not.toEqual([]);
  });

  it('cuts nothing if there is room', async () => {
    const series = await seriesOf(collectorOf(node(10), { maxSeries: 100_000 }));
    expect(series.get('cmemstat_exporter_series_cut')).toBe(0);
    expect(named(series, 'unit="u3.service"').length).toBeGreaterThan(4);
  });

  it('has the same series while sizes change a little', async () => {
    const example = node(20);
    const collector = collectorOf(example);
    const before = new Set((await seriesOf(collector)).keys());
    for (let round = 0; round < 20; round += 1) {
      example.nowMs += 15_000;
      for (const [at, cgroup] of example.cgroups.entries()) cgroup.mib += (at + round) % 3 === 0 ? 1 : 0;
      for (const [at, cgroup] of example.cgroups.entries()) cgroup.mib -= (at + round) % 3 === 1 ? 1 : 0;
      expect(new Set((await seriesOf(collector)).keys())).toEqual(before);
    }
  });
});

describe('a collection', () => {
  it('without cgroups has the reason, and the figures of the exporter itself', async () => {
    const node = new ExampleNode();
    node.failure = new KernelFileError('read', '/sys/fs/cgroup', 'cannot read /sys/fs/cgroup: gone', {});
    const collector = collectorOf(node);
    const { failure } = await collector.collect();
    expect(failure).toContain('cannot read');
    const series = await seriesOf(collector);
    expect(series.get('cmemstat_exporter_errors_total{source="cgroups"}')).toBe(2);
    expect(series.get('cmemstat_exporter_absent{figure="cgroups"}')).toBe(1);
    node.failure = undefined;
    expect((await collector.collect()).failure).toBeUndefined();
  });

  it('reads the details of each cgroup once', async () => {
    const node = new ExampleNode();
    node.cgroups = [lxc('a', 2), lxc('b', 1)];
    await collectorOf(node).collect();
    expect(node.detailsRead.toSorted()).toEqual(node.cgroups.map(({ path }) => path));
  });

  it('lacks the details of cgroups whose files cannot be read, and counts the failures', async () => {
    const node = new ExampleNode();
    node.cgroups = [lxc('a', 2)];
    node.detailsFailure = new KernelFileError('read', '/x', 'cannot read memory.peak', {});
    const collector = collectorOf(node);
    expect((await collector.collect()).failure).toBeUndefined();
    const series = await seriesOf(collector);
    expect(series.has('cmemstat_memory_bytes{container="a",kind="current"}')).toBe(true);
    expect(series.has('cmemstat_memory_peak_bytes{container="a",kind="current"}')).toBe(false);
    expect(series.get('cmemstat_exporter_errors_total{source="cgroups"}')).toBe(2);
  });

  it('keeps nothing of what is gone, over a day of pods and maps that come and go', async () => {
    const node = new ExampleNode();
    const collector = collectorOf(node);
    const collectMinutes = async (from: number, to: number) => {
      for (let minute = from; minute < to; minute += 1) {
        node.nowMs += 60_000;
        node.cgroups = Array.from({ length: 20 }, (_, at) => ({
          ...lxc(`job-${at < 5 ? at : `${at}-${minute}`}`, 1 + ((at + minute) % 7)),
          details: { events: { oom: minute % 5 }, stall: { some: minute } },
        }));
        for (const { path } of node.cgroups) node.recreate(path);
        node.maps = Array.from({ length: 30 }, (_, at) =>
          listedMap({ id: minute * 30 + at, name: `map${at}-${minute}`, bytes: at * 100 }),
        );
        const { figures } = await collector.collect();
        expect(figures.size).toBeLessThanOrEqual(160);
      }
      node.forgetGone();
    };
    await collectMinutes(0, 240);
    const before = usedHeap();
    await collectMinutes(240, 24 * 60);
    expect(usedHeap() - before).toBeLessThan(MIB);
  });
});

/** What is in use after a garbage collection. Unit: bytes. */
function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

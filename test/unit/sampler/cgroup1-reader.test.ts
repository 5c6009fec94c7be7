import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCgroup1Reader } from '#src/sampler/cgroup1-reader.ts';
import { capturedKernels } from '../captured-kernels.ts';
import { makeTree } from '../temporary-tree.ts';

const WALK = { processes: () => [1, 2], nested: () => ['/leaf/a', '/leaf/b', '/leaf/c'] };

const refuse = (fault: Error) => {
  throw fault;
};
const read = (leaf: string, onMalformed: (fault: Error) => void = refuse) => {
  const reader = openCgroup1Reader(leaf, WALK, onMalformed);
  const figures = reader.read();
  reader.close();
  return figures;
};

describe.each(capturedKernels(1))('a leaf of Linux $name', (kernel) => {
  const figures = read(kernel.leaf);
  const number = (file: string) => Number(kernel.read(`sys/fs/cgroup/memory/leaf/${file}`));

  it('has the figures under the names of cgroup v2', () => {
    const stat = kernel.read('sys/fs/cgroup/memory/leaf/memory.stat');
    const printed = (key: string) => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(stat)?.[1]);
    expect(figures).toMatchObject({
      current: number('memory.usage_in_bytes'),
      peak: number('memory.max_usage_in_bytes'),
      kernel: number('memory.kmem.usage_in_bytes'),
      workingset: number('memory.usage_in_bytes') - printed('total_inactive_file'),
      swap: { current: printed('total_swap') },
      stat: { anon: printed('total_rss'), file: printed('total_cache') },
    });
  });

  it('has the limits, and max without a limit', () => {
    expect(figures).toMatchObject({ limits: { max: 96 * 1024 * 1024, 'memsw.limit_in_bytes': 'max' } });
  });

  it('has the OOM kills and the limit hits as events of the leaf alone', () => {
    expect(figures).toMatchObject({ eventsLocal: { oom_kill: 1, failcnt: number('memory.failcnt') } });
    expect(figures).not.toHaveProperty('events');
  });

  it('lacks what cgroup v1 does not have', () => {
    expect(figures).not.toHaveProperty('pressure');
    expect(figures).not.toHaveProperty('zswap');
  });

  it('counts processes and nested cgroups by walking the tree', () => {
    expect(figures).toMatchObject({ processes: 2, nestedCgroups: 3 });
  });
});

describe('a reader of cgroup v1', () => {
  it('omits what the kernel lacks', () => {
    expect(read(makeTree({ 'memory.usage_in_bytes': '4096\n' }))).toEqual({
      current: 4096,
      limits: {},
      eventsLocal: {},
      nestedCgroups: 0,
    });
  });

  it('walks only if there are nested cgroups', () => {
    const alone = { 'cgroup.procs': '7\n8\n9\n' };
    expect(read(makeTree(alone))).toMatchObject({ processes: 3, nestedCgroups: 0 });
    const nested = { ...alone, 'a/cgroup.procs': '' };
    expect(read(makeTree(nested))).toMatchObject({ processes: 2, nestedCgroups: 3 });
  });

  it('has no swap if swap is not counted, and no OOM kills before Linux 4.13', () => {
    const leaf = makeTree({
      'memory.stat': 'total_cache 1\n',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\n',
      'memory.failcnt': '0\n',
    });
    expect(read(leaf)).not.toHaveProperty('swap');
    expect(read(leaf)).toMatchObject({ eventsLocal: { failcnt: 0 } });
    expect(read(leaf)).not.toHaveProperty('eventsLocal.oom_kill');
  });

  it('skips lines that cannot be parsed, reports them, and keeps the rest', () => {
    const leaf = makeTree({
      'memory.usage_in_bytes': '4096\n',
      'memory.stat': 'total_rss 4096\ntotal_vendor -1\nhierarchical_memory_limit 9223372036854771712\n',
      'memory.oom_control': 'oom_kill_disable 0\nvendor\noom_kill 1\n',
    });
    const faults: string[] = [];
    const figures = read(leaf, ({ message }) => faults.push(message));
    expect(figures).toMatchObject({ current: 4096, stat: { anon: 4096 }, eventsLocal: { oom_kill: 1 } });
    expect(faults).toHaveLength(2);
  });

  it('opens the list of processes each time: an open one has those of a moment ago', () => {
    const leaf = makeTree({ 'cgroup.procs': '7\n', 'cgroup.procs.new': '7\n8\n' });
    const reader = openCgroup1Reader(leaf, WALK, refuse);
    expect(reader.read()).toMatchObject({ processes: 1 });
    renameSync(join(leaf, 'cgroup.procs.new'), join(leaf, 'cgroup.procs'));
    expect(reader.read()).toMatchObject({ processes: 2 });
    reader.close();
  });

  it('reads again every time', () => {
    const leaf = makeTree({ 'memory.usage_in_bytes': '1\n' });
    const reader = openCgroup1Reader(leaf, WALK, refuse);
    reader.read();
    writeFileSync(join(leaf, 'memory.usage_in_bytes'), '2\n');
    expect(reader.read()).toMatchObject({ current: 2 });
    expect(reader.processes()).toEqual([1, 2]);
    reader.close();
  });
});

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  chooseMemoryHierarchy,
  directoryOf,
  findVisibleCgroupMounts,
  type HierarchyFacts,
  readHierarchyFacts,
} from '#src/cgroup/hierarchy.ts';
import type { Mount } from '#src/kernel/procfs/mountinfo.ts';
import { parseMountinfo } from '#src/kernel/procfs/mountinfo.ts';
import { parsePidCgroup } from '#src/kernel/procfs/pid-cgroup.ts';
import { capturedKernels } from '../captured-kernels.ts';
import { makeTree } from '../temporary-tree.ts';

const top = makeTree({ 'v2/user/own/': '', 'memory/docker/abc/': '', 'memory/job/': '', 'unified/': '' });
const V2 = join(top, 'v2');
const V1 = join(top, 'memory');
const UNIFIED = join(top, 'unified');

const mount2 = (mountPoint: string, more: Partial<Mount> = {}): Mount => ({
  id: 1,
  parentId: 0,
  device: '0:1',
  root: '/',
  mountPoint,
  options: ['rw', 'relatime'],
  fsType: 'cgroup2',
  superOptions: ['rw', 'nsdelegate'],
  ...more,
});
const mount1 = (mountPoint: string, controllers: string[], more: Partial<Mount> = {}): Mount => ({
  id: 1,
  parentId: 0,
  device: '0:1',
  root: '/',
  mountPoint,
  options: ['rw', 'relatime'],
  fsType: 'cgroup',
  superOptions: ['rw', ...controllers],
  ...more,
});

/** A host with only the given properties. */
const host = (facts: Partial<Omit<HierarchyFacts, 'memberships'>> & { cgroup?: string }): HierarchyFacts => ({
  mounts: facts.mounts ?? [],
  memberships: parsePidCgroup(facts.cgroup ?? '0::/\n', 'cgroup'),
  controllersAt: facts.controllersAt ?? (() => ['cpu', 'io', 'memory', 'pids']),
  kernelCommandLine: facts.kernelCommandLine ?? 'quiet\n',
  hasCgroupDirectory: facts.hasCgroupDirectory ?? true,
});

describe('chooseMemoryHierarchy', () => {
  it('chooses cgroup v2 with memory', () => {
    expect(chooseMemoryHierarchy(host({ mounts: [mount2(V2)], cgroup: '0::/user/own\n' }))).toEqual({
      version: 2,
      mountPoint: V2,
      readOnly: false,
      isOutsideNamespace: false,
      ownDirectory: join(V2, 'user/own'),
    });
  });

  it('chooses the memory hierarchy of cgroup v1, not another one', () => {
    const mounts = [mount1('/cpu', ['cpu', 'cpuacct']), mount1(V1, ['memory'])];
    expect(chooseMemoryHierarchy(host({ mounts, cgroup: '3:cpu,cpuacct:/x\n4:memory:/job\n' }))).toEqual({
      version: 1,
      mountPoint: V1,
      readOnly: false,
      isOutsideNamespace: false,
      ownDirectory: join(V1, 'job'),
    });
  });

  it('chooses cgroup v1 beside a cgroup v2 without memory, in any order of mounts', () => {
    const mounts = [mount2(UNIFIED), mount1(V1, ['memory'])];
    for (const each of [mounts, mounts.toReversed()]) {
      const facts = host({ mounts: each, cgroup: '4:memory:/job\n0::/\n', controllersAt: () => ['pids'] });
      expect(chooseMemoryHierarchy(facts)).toMatchObject({ version: 1, mountPoint: V1 });
    }
  });

  it('chooses cgroup v2 beside a cgroup v1 without memory', () => {
    const mounts = [mount1('/cpu', ['cpu']), mount2(UNIFIED)];
    expect(chooseMemoryHierarchy(host({ mounts, cgroup: '3:cpu:/\n0::/\n' }))).toMatchObject({
      version: 2,
      mountPoint: UNIFIED,
    });
  });

  it('chooses the mount of cgroup v2 with memory', () => {
    const controllersAt = (mountPoint: string) => (mountPoint === V2 ? ['memory'] : []);
    const facts = host({ mounts: [mount2(UNIFIED), mount2(V2)], controllersAt });
    expect(chooseMemoryHierarchy(facts)).toMatchObject({ version: 2, mountPoint: V2 });
  });

  it('ignores other file systems with an option named memory', () => {
    const mounts = [{ ...mount1('/x', ['memory']), fsType: 'tmpfs' }];
    expect(chooseMemoryHierarchy(host({ mounts })).version).toBeUndefined();
  });

  it.each([
    ['the mount is', mount2(V2, { options: ['ro', 'relatime'] })],
    ['the file system is', mount2(V2, { superOptions: ['ro'] })],
  ])('reports a read-only mount when %s', (_, mount) => {
    expect(chooseMemoryHierarchy(host({ mounts: [mount] }))).toMatchObject({ readOnly: true });
  });

  it('finds our own cgroup in a container that mounts it as the root', () => {
    const mounts = [mount1(V1, ['memory'], { root: '/docker/abc', options: ['ro'] })];
    const facts = host({ mounts, cgroup: '4:memory:/docker/abc\n' });
    expect(chooseMemoryHierarchy(facts)).toMatchObject({ ownDirectory: V1, readOnly: true });
  });

  it('does not confuse us with the ancestor shown by a mount from outside of our cgroup namespace', () => {
    const mounts = [mount2(V2, { root: '/../..' })];
    expect(chooseMemoryHierarchy(host({ mounts, cgroup: '0::/\n' }))).toMatchObject({
      isOutsideNamespace: true,
      ownDirectory: undefined,
    });
  });

  it('finds the root itself, without a trailing slash', () => {
    expect(chooseMemoryHierarchy(host({ mounts: [mount2(V2)], cgroup: '0::/\n' }))).toMatchObject({
      isOutsideNamespace: false,
      ownDirectory: V2,
    });
  });

  it.each([
    ['lies beside what is mounted', mount2(V2, { root: '/docker/abc' }), '0::/docker/abcdef\n'],
    ['lies above our cgroup namespace', mount2(V2), '0::/../../elsewhere\n'],
    ['is in no hierarchy', mount2(V2), ''],
    ['has no directory, because it was removed', mount2(V2), '0::/user/gone\n'],
  ])('has no directory of our own when our cgroup %s', (_, mount, cgroup) => {
    expect(chooseMemoryHierarchy(host({ mounts: [mount], cgroup }))).toMatchObject({
      version: 2,
      ownDirectory: undefined,
    });
  });
});

describe('chooseMemoryHierarchy without a memory hierarchy', () => {
  const absence = (facts: Parameters<typeof host>[0]) => {
    const answer = chooseMemoryHierarchy(host({ controllersAt: () => [], ...facts }));
    if (answer.version !== undefined) throw new Error('there is one');
    return answer;
  };

  it.each([
    'cgroup_disable=memory',
    'quiet cgroup_disable=memory splash',
    'cgroup_disable=cpu,memory',
    'cgroup_disable=memory,io\n',
  ])('reports %o on the kernel command line', (kernelCommandLine) => {
    const { reason, hint } = absence({ mounts: [mount2(V2)], kernelCommandLine });
    expect(reason).toMatch(/^the kernel was booted with cgroup_disable=\S*memory/);
    expect(hint).toContain('remove cgroup_disable=memory');
  });

  it.each([
    'cgroup_disable=pressure',
    'xcgroup_disable=memory',
    'cgroup_enable=memory',
    'cgroup_disable=memoryless',
  ])('ignores %o', (kernelCommandLine) => {
    expect(absence({ mounts: [mount2(V2)], kernelCommandLine }).reason).toContain('cgroup.controllers');
  });

  it('reports how cgroup v2 enables the controller', () => {
    expect(absence({ mounts: [mount2(V2)] })).toMatchObject({
      reason: 'cgroup v2 is mounted, but the memory controller is not in its cgroup.controllers',
      hint: expect.stringContaining('echo +memory > cgroup.subtree_control'),
    });
  });

  it('reports how to mount it', () => {
    const mounts = [mount1('/cpu', ['cpu'])];
    const sysfs = 'mount -t sysfs none /sys && ';
    const v2 = 'mount -t cgroup2 none /sys/fs/cgroup';
    const reason = 'no cgroup hierarchy with the memory controller is mounted';
    expect(absence({ mounts })).toMatchObject({ reason, hint: v2 });
    expect(absence({ mounts, hasCgroupDirectory: false }).hint).toBe(`${sysfs}${v2}`);
    // In use on v1, although v2 is mounted too.
    const cgroup = '4:memory:/own\n0::/\n';
    const v1 = 'mkdir -p /run/cmemstat-cgroup && mount -t cgroup -o memory none /run/cmemstat-cgroup';
    expect(absence({ mounts: [...mounts, mount2(V2)], cgroup })).toMatchObject({
      reason: 'the memory controller is in use on cgroup v1, and its hierarchy is not mounted',
      hint: v1,
    });
    expect(absence({ mounts, cgroup, hasCgroupDirectory: false }).hint).toBe(`${sysfs}${v1}`);
  });
});

describe('directoryOf', () => {
  it.each([
    ['/', '/', '/m'],
    ['/', '/a/b', '/m/a/b'],
    ['/../..', '/', undefined],
    ['/../..', '/a', undefined],
    ['/..', '/..', undefined],
    ['/', '/../..', undefined],
    ['/', '/../../x', undefined],
    ['/docker/abc', '/docker/abc', '/m'],
    ['/docker/abc', '/docker/abc/x/y', '/m/x/y'],
    ['/docker/abc', '/docker/abcd', undefined],
    ['/docker/abc', '/docker', undefined],
    ['/docker/abc', '/', undefined],
  ])('below a mount of %s maps %s to %s', (root, cgroupPath, directory) => {
    expect(directoryOf({ root, mountPoint: '/m' }, cgroupPath)).toBe(directory);
  });
});

describe('the facts', () => {
  it('of a captured host lead to the hierarchy that it was captured on', () => {
    for (const version of [1, 2] as const) {
      for (const kernel of capturedKernels(version)) {
        const facts = host({
          mounts: parseMountinfo(kernel.read('proc/self/mountinfo'), 'mountinfo'),
          cgroup: kernel.read('proc/target/cgroup'),
          controllersAt: () => (version === 2 ? ['memory'] : []),
        });
        expect(chooseMemoryHierarchy(facts)).toMatchObject({ version });
      }
    }
  });

  it('of this host can be read', () => {
    const facts = readHierarchyFacts();
    expect(facts.mounts.length).toBeGreaterThan(0);
    expect(facts.mounts.every(({ fsType }) => fsType === 'cgroup' || fsType === 'cgroup2')).toBe(true);
    const empty = join(top, 'empty');
    mkdirSync(empty);
    expect(facts.controllersAt(empty)).toEqual([]);
  });
});

describe('findVisibleCgroupMounts', () => {
  const at = (mountPoint: string, device: string, more: Partial<Mount> = {}) =>
    mount1(mountPoint, ['memory'], { device, ...more });
  const devices = (found: Record<string, string>) => (path: string) => found[path];

  it('returns the last of mounts stacked on one point', () => {
    const whole = at('/m', '0:5');
    const part = at('/m', '0:5', { root: '/job' });
    expect(findVisibleCgroupMounts([whole, part], devices({ '/m': '0:5' }))).toEqual([part]);
    const tmpfs = at('/m', '0:9', { fsType: 'tmpfs' });
    expect(findVisibleCgroupMounts([whole, tmpfs], devices({ '/m': '0:9' }))).toEqual([]);
  });

  it('omits what another mount hides', () => {
    const hidden = at('/sys/fs/cgroup/memory', '0:5');
    const shown = at('/mnt/memory', '0:5');
    expect(findVisibleCgroupMounts([hidden, shown], devices({ '/mnt/memory': '0:5' }))).toEqual([shown]);
    expect(findVisibleCgroupMounts([hidden], devices({ '/sys/fs/cgroup/memory': '0:7' }))).toEqual([]);
  });

  it('returns the hierarchies of this host', () => {
    const { mounts } = readHierarchyFacts();
    const text = readFileSync('/proc/self/mountinfo', 'utf8');
    expect(mounts.length).toBe(text.split('\n').filter((line) => / - cgroup2? /.test(line)).length);
  });
});

describe('a hierarchy that is mounted twice', () => {
  it('is used where it is writable', () => {
    const mounts = [mount1('/ro', ['memory'], { options: ['ro'] }), mount1(V1, ['memory'])];
    expect(chooseMemoryHierarchy(host({ mounts, cgroup: '4:memory:/job\n' }))).toMatchObject({
      mountPoint: V1,
      readOnly: false,
    });
    expect(
      chooseMemoryHierarchy(host({ mounts: mounts.toReversed(), cgroup: '4:memory:/job\n' })),
    ).toMatchObject({
      mountPoint: V1,
    });
  });

  it('is used where our own cgroup is visible', () => {
    const mounts = [mount1(UNIFIED, ['memory'], { root: '/elsewhere' }), mount1(V1, ['memory'])];
    expect(chooseMemoryHierarchy(host({ mounts, cgroup: '4:memory:/job\n' }))).toMatchObject({
      mountPoint: V1,
      ownDirectory: join(V1, 'job'),
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelFileError } from '#src/errors.ts';
import { parseMountinfo } from '#src/kernel/procfs/mountinfo.ts';
import { openFilePaths, type PathSources } from '#src/sampler/explain/file-paths.ts';
import { MountTable } from '#src/sampler/explain/mount-table.ts';

/** Lines of mountinfo: id, parent, device, root, mount point, type, options of the file system. */
type Row = [number, number, string, string, string, string, string?];

const mountinfo = (rows: readonly Row[]) =>
  rows
    .map(
      ([id, parent, device, root, point, type, options = 'rw']) =>
        `${id} ${parent} ${device} ${root} ${point} rw shared:1 - ${type} source ${options}\n`,
    )
    .join('');

const HOST: Row[] = [
  [1, 1, '0:1', '/', '/', 'rootfs'],
  [20, 1, '8:1', '/', '/', 'ext4'],
  [21, 20, '0:21', '/', '/proc', 'proc'],
  [22, 20, '8:2', '/@home', '/home', 'btrfs'],
  [23, 20, '0:40', '/', '/tmp', 'tmpfs'],
];

interface Setting {
  host?: Row[];
  /** By pid. */
  processes?: Record<number, { rows: Row[]; root?: string; namespace?: string }>;
  /** Pids of processes that have exited. */
  exited?: number[];
  /** Real paths of the host by path. */
  real?: Record<string, string>;
  exists?: string[];
}

function open(
  pids: readonly number[],
  { host = HOST, processes = {}, exited = [], real, exists = [] }: Setting,
) {
  const gone = new KernelFileError('read', '/proc/6/ns/mnt', 'no such process', { errno: 'ESRCH' });
  const denied = new KernelFileError('read', '/proc/5/ns/mnt', 'permission denied', { errno: 'EACCES' });
  const sources: PathSources = {
    readMountinfo: (pid) => mountinfo(pid === 'self' ? host : (processes[pid]?.rows ?? [])),
    readNamespace: (pid) => {
      const found = pid === 'self' ? undefined : processes[pid];
      if (found === undefined) throw exited.includes(pid as number) ? gone : denied;
      return { namespace: found.namespace ?? `mnt:[${pid}]`, root: found.root ?? '/' };
    },
    findRealPath: (path) => (real === undefined ? path : real[path]),
    exists: (_, path) => exists.includes(path),
  };
  return openFilePaths(pids, sources);
}

describe('paths of the host', () => {
  const paths = open([], {});
  const at = (device: string, path: string) => paths.resolve({ device, path, fsType: 'any' });

  it.each([
    ['8:1', '/var/log/a', '/var/log/a', '/'],
    ['8:2', '/@home/u/f', '/home/u/f', '/home'],
    ['8:2', '/@home', '/home', '/home'],
    ['0:40', '/x', '/tmp/x', '/tmp'],
    ['8:1', '/', '/', '/'],
  ])('puts the mount before %s %s', (device, path, expected, mountPoint) => {
    expect(at(device, path)).toMatchObject({ path: expected, mountPoint, seenBy: 'processes' });
  });

  it.each([
    ['below a mount that hides it', '8:1', '/home/old'],
    ['a subvolume that is not mounted', '8:2', '/@homeless/f'],
    ['a file system that is not mounted', '0:99', '/f'],
    ['the file system that was there first', '0:1', '/init'],
  ])('leaves the path as it is: %s', (_, device, path) => {
    expect(at(device, path)).toEqual({ path, seenBy: 'none' });
  });

  it('keeps any byte', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1 }), (bytes) => {
        const name = String.fromCharCode(...bytes.map((byte) => (byte === 47 ? 46 : byte)));
        expect(at('8:2', `/@home/${name}`).path).toBe(`/home/${name}`);
      }),
    );
  });
});

describe('bind mounts and stacks', () => {
  it('prefers the mount that begins the farthest inside', () => {
    const paths = open([], { host: [...HOST, [30, 20, '8:1', '/srv/data', '/data', 'ext4']] });
    expect(paths.resolve({ device: '8:1', path: '/srv/data/f', fsType: 'ext4' }).path).toBe('/data/f');
    expect(paths.resolve({ device: '8:1', path: '/srv/database', fsType: 'ext4' }).path).toBe(
      '/srv/database',
    );
  });

  it('prefers the mount point of the host to one in the root of a container', () => {
    const rows: Row[] = [...HOST, [24, 20, '0:40', '/', '/srv/roots/debian/tmp', 'tmpfs']];
    for (const host of [rows, rows.toReversed()]) {
      const paths = open([], { host });
      expect(paths.resolve({ device: '0:40', path: '/a', fsType: 'tmpfs' }).path).toBe('/tmp/a');
    }
  });

  it('sees the last of the mounts on a directory', () => {
    const paths = open([], { host: [...HOST, [30, 23, '0:41', '/', '/tmp', 'tmpfs']] });
    expect(paths.resolve({ device: '0:40', path: '/f', fsType: 'tmpfs' }).seenBy).toBe('none');
    expect(paths.resolve({ device: '0:41', path: '/f', fsType: 'tmpfs' }).path).toBe('/tmp/f');
  });

  it('does not see a mount below a directory that was hidden later', () => {
    const rows: Row[] = [
      ...HOST,
      [30, 20, '0:50', '/', '/a/b', 'tmpfs'],
      [31, 20, '0:51', '/', '/a', 'tmpfs'],
    ];
    const paths = open([], { host: rows });
    expect(paths.resolve({ device: '0:50', path: '/f', fsType: 'tmpfs' }).seenBy).toBe('none');
    expect(paths.resolve({ device: '0:51', path: '/f', fsType: 'tmpfs' }).path).toBe('/a/f');
  });

  it('sees a bind mount of one file', () => {
    const paths = open([], { host: [...HOST, [30, 20, '0:40', '/key', '/etc/key', 'tmpfs']] });
    expect(paths.resolve({ device: '0:40', path: '/key', fsType: 'tmpfs' }).path).toBe('/etc/key');
  });

  it('ends if mounts are their own parents', () => {
    const table = new MountTable(
      parseMountinfo(
        mountinfo([
          [1, 2, '0:1', '/', '/', 'a'],
          [2, 1, '0:2', '/', '/', 'b'],
        ]),
        'f',
      ),
    );
    expect(table.mountAt('/x')).toBeUndefined();
  });
});

describe('the mount namespaces of processes', () => {
  const container: Row[] = [
    [100, 90, '0:60', '/', '/', 'overlay', 'rw,lowerdir=/d/l/B:/d/l/C,upperdir=/d/A/diff,workdir=/d/A/work'],
    [101, 100, '8:1', '/vol/db', '/var/lib/db', 'ext4'],
    [102, 100, '0:61', '/', '/dev/shm', 'tmpfs'],
  ];
  const real = { '/d/l/B': '/d/B/diff', '/d/l/C': '/d/C/diff', '/d/A/diff': '/d/A/diff' };
  const paths = open([5, 7, 8], { processes: { 7: { rows: container } }, real });
  const at = (device: string, path: string) => paths.resolve({ device, path, fsType: 'any' });

  it.each([
    ['the upper layer', '8:1', '/d/A/diff/etc/passwd', '/etc/passwd', 'overlay'],
    ['a lower layer behind a symbolic link', '8:1', '/d/C/diff/bin/sh', '/bin/sh', 'overlay'],
    ['a volume', '8:1', '/vol/db/base/1', '/var/lib/db/base/1', 'ext4'],
    ['its tmpfs', '0:61', '/seg', '/dev/shm/seg', 'tmpfs'],
    ['the overlay itself', '0:60', '/etc', '/etc', 'overlay'],
  ])('shows a file of %s as the container sees it', (_, device, path, expected, mountType) => {
    expect(at(device, path)).toMatchObject({ path: expected, seenBy: 'processes', mountType });
  });

  it.each([
    ['another container', '/d/Z/diff/x'],
    ['a layer below a mount that hides it', '/d/A/diff/var/lib/db/old'],
    ['a directory whose name begins alike', '/d/A/different'],
  ])('shows a file of %s as the host sees it', (_, path) => {
    expect(at('8:1', path)).toMatchObject({ path, seenBy: 'host' });
  });

  it('reports processes whose mounts cannot be read', () => {
    expect(paths.missing).toEqual([
      { what: 'mounts of processes', reason: 'permission denied', hint: undefined, count: 2 },
    ]);
  });

  it('does not report those that have exited: the list of processes does', () => {
    expect(open([6], { exited: [6] }).missing).toEqual([]);
  });

  it('finds the directory in which the relative layers of podman begin', () => {
    const rows: Row[] = [
      [100, 90, '0:60', '/', '/', 'overlay', 'rw,lowerdir=l/B,upperdir=A/diff,workdir=A/work'],
    ];
    const home = '/var/lib/containers/overlay';
    const relative = open([7], {
      processes: { 7: { rows } },
      real: { [`${home}/l/B`]: `${home}/B/diff`, [`${home}/A/diff`]: `${home}/A/diff` },
    });
    const show = (path: string) => relative.resolve({ device: '8:1', path, fsType: 'ext4' });
    expect(show('/etc/x')).toMatchObject({ path: '/etc/x', seenBy: 'host' });
    expect(show(`${home}/B/diff/etc/x`)).toMatchObject({ path: '/etc/x', seenBy: 'processes' });
    expect(show(`${home}/A/diff/y`)).toMatchObject({ path: '/y', seenBy: 'processes' });
  });

  it('finds the layers of a root file system that no process sees, if the file is there', () => {
    const rows: Row[] = [
      [100, 90, '0:60', '/', '/', 'overlay', 'rw,lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work'],
    ];
    const live = open([7], { host: rows, processes: { 7: { rows } }, real: {}, exists: ['/etc/x', '/b'] });
    const show = (path: string) => live.resolve({ device: '0:7', path, fsType: '9p' });
    expect(show('/upper/etc/x')).toMatchObject({ path: '/etc/x', seenBy: 'processes' });
    expect(show('/b')).toMatchObject({ path: '/b', seenBy: 'processes' });
    expect(show('/gone')).toEqual({ path: '/gone', seenBy: 'none' });
  });

  it('completes the mounts of a process in a chroot', () => {
    const rows: Row[] = [[31, 22, '0:70', '/', '/run', 'tmpfs']];
    const jail = open([7], { processes: { 7: { rows, root: '/home/jail' } } });
    const show = (device: string, path: string) => jail.resolve({ device, path, fsType: 'any' });
    expect(show('8:2', '/@home/jail/bin/x')).toMatchObject({ path: '/bin/x', seenBy: 'processes' });
    expect(show('0:70', '/s')).toMatchObject({ path: '/run/s', seenBy: 'processes' });
    expect(show('8:2', '/@home/other')).toMatchObject({ path: '/home/other', seenBy: 'host' });
  });
});

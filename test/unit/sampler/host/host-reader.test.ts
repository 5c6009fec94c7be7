/** A tree of directories on tmpfs in place of cgroups: it counts links as cgroupfs does. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FoundCgroup } from '#src/cgroup/find-cgroup.ts';
import { SyscallError } from '#src/errors.ts';
import { KeptFile } from '#src/kernel/pseudo-file.ts';
import type { HostCgroup } from '#src/model/host/host-cgroups.ts';
import { CgroupFiles, OpenFiles } from '#src/sampler/host/cgroup-files.ts';
import { CgroupTree } from '#src/sampler/host/cgroup-tree.ts';
import { sumByCgroup } from '#src/sampler/host/host-bpf.ts';
import { currentOfRoot, unchargedMemory } from '#src/sampler/host/host-memory.ts';
import { type HostReader, openHostReader } from '#src/sampler/host/host-reader.ts';
import { countLines, FigureFiles, parsePressureBytes } from '#src/sampler/host/read-figures.ts';
import { StatSizes } from '#src/sampler/stat-sizes.ts';
import { listedMap } from '../../model/listed-maps.ts';

const KIB = 1024;
let directory: string;
let reader: HostReader | undefined;

beforeEach(() => {
  directory = mkdtempSync('/dev/shm/cmemstat-host-');
});
afterEach(() => {
  reader?.close();
  reader = undefined;
  vi.restoreAllMocks();
  // Unlike Node.js, it removes paths of any length.
  execFileSync('rm', ['-rf', directory]);
});

const write = (path: string, files: Readonly<Record<string, string>>) => {
  mkdirSync(join(directory, path), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, path, name), text);
};
const stat = (anon: number, file = 0) =>
  `anon ${anon * KIB}\nfile ${file * KIB}\nkernel 4096\nkernel_stack 0\nsock 512\nshmem 0\nslab 1024\npgfault 7\n`;
const cgroup = (path: string, current: number, pids: readonly number[] = []) =>
  write(path, {
    'memory.current': `${current * KIB}\n`,
    'memory.stat': stat(current - 4),
    'memory.swap.current': '8192\n',
    'memory.pressure':
      'some avg10=1.50 avg60=0.00 avg300=0.00 total=9\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
    'cgroup.procs': pids.map((pid) => `${pid}\n`).join(''),
    'cgroup.type': 'domain\n',
  });

type Bpf = Awaited<ReturnType<NonNullable<Parameters<typeof openHostReader>[1]>>>;

async function open(version: 1 | 2 = 2, bpf?: Bpf): Promise<HostReader> {
  const root: FoundCgroup = { version, mountPoint: directory, directory, path: '/' };
  const absent = { reason: 'CAP_BPF is missing', hint: 'run with sudo' };
  const noBpf = { absent, read: () => undefined, close: () => {} };
  reader = await openHostReader({ root, repeats: true }, async () => bpf ?? noBpf);
  return reader;
}

const byPath = (cgroups: readonly HostCgroup[]) => new Map(cgroups.map((each) => [each.path, each]));

describe('reading a host', () => {
  it('has the figures of every cgroup, and counts processes with those below', async () => {
    write('.', { 'memory.stat': stat(100, 50), 'cgroup.procs': '1\n2\n' });
    cgroup('a', 40, [3]);
    cgroup('a/b', 20, [4, 5]);
    const { cgroups, uncharged } = (await open()).read();
    const found = byPath(cgroups);
    expect([...found.keys()]).toEqual(['/', '/a', '/a/b']);
    expect(found.get('/a')?.figures).toMatchObject({
      current: 40 * KIB,
      anon: 36 * KIB,
      kernel: 4 * KIB,
      slab: KIB,
      swap: 8 * KIB,
      pressure: 1.5,
      processes: 3,
    });
    expect(found.get('/a/b')?.parent).toBe(found.get('/a'));
    expect(found.get('/')?.figures.processes).toBe(5);
    // The root of a host has no memory.current: it is the sum of what cgroups are charged for.
    expect(found.get('/')?.figures.current).toBe((100 + 50 + 4) * KIB + 512);
    expect(uncharged?.bytes).toBeGreaterThan(0);
  });

  it('reads the root as any other cgroup, and knows nothing of the host, in a container', async () => {
    cgroup('.', 77);
    const { cgroups, uncharged, absent } = (await open()).read();
    expect(cgroups[0].figures.current).toBe(77 * KIB);
    expect(uncharged).toBeUndefined();
    expect(absent.map(({ figure }) => figure)).toContain('uncharged');
  });

  it('raises sizes that the kernel has not flushed to those of the cgroups below', async () => {
    const much = 4 * 1024 * 1024;
    cgroup('.', 2 * much);
    cgroup('a', 2 * much);
    write('a', { 'memory.stat': stat(8, 3000) });
    cgroup('a/b', much);
    cgroup('a/b/c', 10);
    cgroup('a/d', 10);
    const found = byPath((await open()).read().cgroups);
    // 4 KiB of each are kernel memory.
    expect(found.get('/a')?.figures).toMatchObject({ anon: (much + 2) * KIB, file: 3000 * KIB });
    expect(found.get('/a/b')?.figures.anon).toBe((much - 4) * KIB);
    expect(found.get('/')?.figures.anon).toBe((2 * much - 4) * KIB);
  });

  it('leaves out cgroups without the controller, and counts their processes in the one above', async () => {
    cgroup('a', 40, [1]);
    write('a/plain', { 'cgroup.procs': '2\n3\n' });
    cgroup('a/plain/deep', 5, [4]);
    const host = await open();
    const found = byPath(host.read().cgroups);
    expect([...found.keys()]).toEqual(['/', '/a', '/a/plain/deep']);
    expect(found.get('/a')?.figures.processes).toBe(4);
    expect(found.get('/a/plain/deep')?.parent).toBe(found.get('/a'));
    // The controller is enabled.
    cgroup('a/plain', 7, [2, 3]);
    expect([...byPath(host.read().cgroups).keys()].sort()).toEqual(['/', '/a', '/a/plain', '/a/plain/deep']);
  });

  it('sees cgroups that are created and removed, also if the number is the same', async () => {
    cgroup('a/one', 10);
    cgroup('a', 30);
    const host = await open();
    const names = () =>
      host
        .read()
        .cgroups.map(({ path }) => path)
        .sort();
    expect(names()).toEqual(['/', '/a', '/a/one']);
    rmSync(join(directory, 'a/one'), { recursive: true });
    cgroup('a/two', 10);
    expect(names()).toEqual(['/', '/a', '/a/two']);
    const before = host.read().cgroups.find(({ path }) => path === '/a/two')?.id;
    rmSync(join(directory, 'a/two'), { recursive: true });
    cgroup('a/other', 1);
    cgroup('a/two', 99);
    const again = host.read().cgroups.find(({ path }) => path === '/a/two');
    expect(again?.id).not.toBe(before);
    expect(again?.figures.current).toBe(99 * KIB);
    rmSync(join(directory, 'a'), { recursive: true });
    expect(names()).toEqual(['/']);
  });

  it('adds BPF maps to the cgroup that pays and those above, unknown ones to the root', async () => {
    write('.', { 'memory.stat': stat(1) });
    cgroup('a/b', 10);
    cgroup('a', 30);
    const id = statSync(join(directory, 'a/b'), { bigint: true }).ino;
    const byCgroup = new Map([
      [id, { charged: 100, orphaned: 0, uncharged: 3 }],
      [1n, { charged: 10, orphaned: 10, uncharged: 2 }],
      [undefined, { charged: 1, orphaned: 0, uncharged: 0 }],
    ]);
    const bpf = {
      absent: undefined,
      read: () => ({ maps: [], byCgroup, unchargedBytes: 5 }),
      close: () => {},
    };
    const { cgroups, uncharged, absent } = (await open(2, bpf)).read();
    expect(cgroups.map(({ path, figures }) => [path, figures.bpf, figures.orphaned])).toEqual([
      ['/', 111, 10],
      ['/a', 100, 0],
      ['/a/b', 100, 0],
    ]);
    expect(cgroups.map(({ figures }) => figures.bpfUncharged)).toEqual([5, 3, 3]);
    expect(uncharged?.parts.bpf).toBe(5);
    expect(absent.map(({ figure }) => figure)).not.toContain('bpf');
  });

  it('charges the root of a container only for its own BPF maps', async () => {
    cgroup('.', 50);
    cgroup('a', 30);
    const id = statSync(join(directory, 'a'), { bigint: true }).ino;
    const byCgroup = new Map([
      [id, { charged: 100, orphaned: 0, uncharged: 0 }],
      [1n, { charged: 10, orphaned: 10, uncharged: 0 }],
      [undefined, { charged: 1, orphaned: 0, uncharged: 0 }],
    ]);
    const bpf = {
      absent: undefined,
      read: () => ({ maps: [], byCgroup, unchargedBytes: 5 }),
      close: () => {},
    };
    const { cgroups } = (await open(2, bpf)).read();
    expect(cgroups.map(({ path, figures }) => [path, figures.bpf, figures.orphaned])).toEqual([
      ['/', 100, 0],
      ['/a', 100, 0],
    ]);
  });

  it('reads BPF maps again after a reading of them that failed', async () => {
    cgroup('a', 30);
    const sums = { maps: [], byCgroup: new Map(), unchargedBytes: 0 };
    let fault: Error | undefined = new SyscallError('bpf', 'BPF_MAP_GET_FD_BY_ID', 'EAGAIN');
    const read = () => {
      if (fault !== undefined) throw fault;
      return sums;
    };
    const host = await open(2, { absent: undefined, read, close: () => {} });
    const first = host.read();
    expect(first.maps).toBeUndefined();
    expect(first.absent.find(({ figure }) => figure === 'bpf')?.reason).toContain('EAGAIN');
    fault = undefined;
    expect(host.read().maps).toEqual([]);
  });

  it('opens BPF maps again that could not be read, only then', async () => {
    cgroup('a', 30);
    const sums = { maps: [], byCgroup: new Map(), unchargedBytes: 0 };
    const close = vi.fn();
    const sources = [
      { absent: { reason: 'busy', hint: undefined }, read: () => undefined, close },
      { absent: undefined, read: () => sums, close: () => {} },
    ];
    const root = { version: 2 as const, mountPoint: directory, directory, path: '/' };
    const openBpf = vi.fn(async () => sources.shift() as NonNullable<(typeof sources)[number]>);
    reader = await openHostReader({ root, repeats: true }, openBpf);
    expect(reader.read().maps).toBeUndefined();
    await reader.retryBpf();
    expect(close).toHaveBeenCalledOnce();
    expect(reader.read().maps).toEqual([]);
    await reader.retryBpf();
    expect(openBpf).toHaveBeenCalledTimes(2);
  });

  it('leaves figures of BPF out without the rights, and says which are missing', async () => {
    cgroup('a', 30);
    const { cgroups, absent } = (await open()).read();
    expect(cgroups[1]?.figures).not.toHaveProperty('bpf');
    const reason = { reason: 'CAP_BPF is missing', hint: 'run with sudo' };
    expect(absent).toContainEqual({ figure: 'bpf', ...reason });
    expect(absent).toContainEqual({ figure: 'orphaned', ...reason });
  });

  it('shows no growth before it is certain', async () => {
    cgroup('a', 30);
    const host = await open();
    expect(host.read().cgroups[1]?.figures.growth).toBeUndefined();
    expect(host.read().absent.map(({ figure }) => figure)).not.toContain('growth');
  });

  describe('with growth', () => {
    let seconds = 0;
    let host: HostReader;
    /** Takes one reading a second of a cgroup that grows by 64 KiB each. */
    const grow = (readings: number) => {
      let last = host.read();
      for (let at = 0; at < readings; at++) {
        seconds += 1;
        cgroup('a', 100 + 64 * seconds);
        last = host.read();
      }
      return last.cgroups[1]?.figures;
    };

    beforeEach(async () => {
      seconds = 0;
      vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => BigInt(seconds) * 1_000_000_000n);
      cgroup('a', 100);
      host = await open();
    });

    it('shows it once it is certain', () => {
      expect(grow(60)?.growth).toBeCloseTo(64 * 60 * KIB, 0);
    });

    it('starts again after the controller was disabled', () => {
      grow(60);
      // So do open files of cgroups, unlike those of tmpfs.
      const gone = vi.spyOn(KeptFile.prototype, 'readBytes').mockImplementation(() => {
        throw Object.assign(new Error('no such device'), { code: 'ENODEV' });
      });
      expect(host.read().cgroups).toHaveLength(1);
      gone.mockRestore();
      expect(grow(5)?.growth).toBeUndefined();
    });

    it('has one value for a reading, however long it is shown', () => {
      const shown = grow(60);
      const before = shown?.growth;
      for (let at = 0; at < 60; at++) {
        seconds += 1;
        cgroup('a', 1_000_000 + 4096 * at);
        host.read();
      }
      expect(shown?.growth).toBe(before);
      expect(host.read().cgroups[1]?.figures.growth).not.toBe(before);
    });
  });

  it('opens lists of processes of v1 each time: an open one has the processes of a moment ago', async () => {
    const files = { 'memory.stat': 'total_rss 4096\n', 'memory.usage_in_bytes': '4096\n' };
    write('.', { 'memory.stat': 'total_rss 4096\n', 'cgroup.procs': '', release_agent: '' });
    write('a', { ...files, 'cgroup.procs': '1\n2\n' });
    const host = await open(1);
    expect(host.read().cgroups[1]?.figures.processes).toBe(2);
    write('a', { 'cgroup.procs.new': '1\n2\n3\n' });
    renameSync(join(directory, 'a/cgroup.procs.new'), join(directory, 'a/cgroup.procs'));
    expect(host.read().cgroups[1]?.figures.processes).toBe(3);
  });

  it('reads v1 under the names of v2', async () => {
    const v1 =
      'cache 4096\nrss 8192\nshmem 0\nswap 1\ntotal_cache 12288\ntotal_rss 20480\ntotal_shmem 4096\ntotal_swap 16384\n';
    const files = { 'memory.stat': v1, 'memory.kmem.usage_in_bytes': '2048\n', 'cgroup.procs': '' };
    write('.', { ...files, release_agent: '' });
    write('a', { ...files, 'memory.usage_in_bytes': '40960\n' });
    const { cgroups, absent } = (await open(1)).read();
    expect(cgroups[1]?.figures).toMatchObject({
      current: 40960,
      anon: 20480,
      file: 12288,
      shmem: 4096,
      kernel: 2048,
      swap: 16384,
    });
    expect(cgroups[0].figures.current).toBe(20480 + 12288 + 2048);
    expect(absent.map(({ figure }) => figure)).toEqual(expect.arrayContaining(['slab', 'sock', 'pressure']));
  });
});

describe('the tree of cgroups', () => {
  it('follows paths that are too long for the kernel', () => {
    const names = Array.from({ length: 20 }, (_, at) => `${at}`.padStart(250, 'x'));
    const cwd = process.cwd();
    process.chdir(directory);
    for (const name of names) {
      mkdirSync(name);
      process.chdir(name);
    }
    process.chdir(cwd);
    const tree = new CgroupTree(directory);
    try {
      const found = tree.refresh();
      expect(found).toHaveLength(21);
      expect(tree.refresh()).toEqual(found);
      expect(found.at(-1)?.path).toBe(`/${names.join('/')}`);
    } finally {
      tree.close();
    }
  });

  it('keeps names apart that are not UTF-8', () => {
    for (const byte of [0xff, 0xfe])
      mkdirSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.of(byte)]));
    const tree = new CgroupTree(directory);
    expect(tree.refresh()).toHaveLength(3);
    tree.close();
  });

  it('keeps no more files open than it may, and closes those of cgroups that are gone', () => {
    const descriptors = () => readdirSync('/proc/self/fd').length;
    cgroup('a', 1);
    const before = descriptors();
    const tree = new CgroupTree(directory);
    const open = new OpenFiles(2);
    const a = tree.refresh()[1];
    if (a === undefined) throw new Error('not found');
    const files = new CgroupFiles(a, open);
    for (const name of ['memory.current', 'memory.stat', 'memory.pressure', 'memory.current']) {
      expect(files.read(name)?.length).toBeGreaterThan(0);
    }
    expect(descriptors()).toBe(before + 2);
    rmSync(join(directory, 'a'), { recursive: true });
    tree.refresh();
    expect(descriptors()).toBe(before);
    expect(open.take() && open.take() && !open.take()).toBe(true);
    tree.close();
  });
});

describe('the files of a cgroup', () => {
  it('are closed if the first reading of an open one fails, as that of PSI does where it is disabled', () => {
    cgroup('a', 1);
    const tree = new CgroupTree(directory);
    const open = new OpenFiles(1);
    const a = tree.refresh()[1];
    if (a === undefined) throw new Error('not found');
    const files = new CgroupFiles(a, open);
    const before = readdirSync('/proc/self/fd').length;
    vi.spyOn(KeptFile.prototype, 'readBytes').mockImplementationOnce(() => {
      throw Object.assign(new Error('not supported'), { code: 'EOPNOTSUPP' });
    });
    expect(files.read('memory.pressure')).toBeUndefined();
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
    expect(open.take()).toBe(true);
    tree.close();
  });
});

describe('BPF maps by cgroup', () => {
  it('are summed without what is charged to none, and orphaned ones apart', () => {
    const map = listedMap;
    const { byCgroup, unchargedBytes } = sumByCgroup([
      map({ id: 1, bytes: 1000, unchargedBytes: 300, cgroupId: 7n }),
      map({ id: 2, bytes: 50, cgroupId: 7n, orphaned: true }),
      map({ id: 3, bytes: 20, cgroupId: undefined }),
    ]);
    expect(byCgroup.get(7n)).toEqual({ charged: 750, orphaned: 50, uncharged: 300 });
    expect(byCgroup.get(undefined)).toEqual({ charged: 20, orphaned: 0, uncharged: 0 });
    expect(unchargedBytes).toBe(300);
  });
});

describe('memory of the host', () => {
  const sizes = (text: string) => {
    const { stat: parsed } = new FigureFiles(2);
    parsed.parse(Buffer.from(text));
    return parsed;
  };
  const host = { MemTotal: 10_000, MemFree: 4000, Slab: 900, KernelStack: 100, PageTables: 50, Percpu: 400 };

  it('that no cgroup is charged for is listed by its parts', () => {
    const counters = sizes('anon 1000\nfile 2000\nslab 300\nkernel_stack 60\npagetables 70\npercpu 100\n');
    const uncharged = unchargedMemory({ ...host, Hugetlb: 512 }, 3600, 500, counters, 120);
    // Page tables: less than are charged, since the files are read one after another.
    expect(uncharged).toEqual({
      bytes: 2400,
      parts: { hugetlb: 512, slab: 600, kernel_stack: 40, percpu: 180, bpf: 120, other: 948 },
    });
  });

  it('is kernel memory as a whole where the kernel has no kinds of it', () => {
    const uncharged = unchargedMemory(host, 5000, 200, new StatSizes(() => undefined), undefined);
    expect(uncharged).toEqual({ bytes: 1000, parts: { kernel: 1250 } });
  });

  it('that the root is charged for is added up from kinds before Linux 5.18', () => {
    const counters = sizes('anon 1\nfile 2\nslab 4\nkernel_stack 8\npercpu 16\nsock 32\nhugetlb 64\n');
    expect(currentOfRoot({ anon: 1, file: 2, sock: 32 }, counters)).toBe(127);
    expect(currentOfRoot({ anon: 1, file: 2, kernel: 1000, sock: 32 }, counters)).toBe(1099);
    expect(currentOfRoot({}, counters)).toBeUndefined();
  });
});

describe('the bytes of a file', () => {
  it.each([
    ['some avg10=12.34 avg60=0.00 avg300=0.00 total=1\n', 12.34],
    ['some avg10=0.00 avg60', 0],
    ['full avg10=1.00', undefined],
    ['', undefined],
  ])('have a pressure: %j', (text, value) => {
    expect(parsePressureBytes(Buffer.from(text))).toBe(value);
  });

  it('have lines', () => {
    expect(countLines(Buffer.from('1\n2\n'))).toBe(2);
    expect(countLines(Buffer.from(''))).toBe(0);
    expect(countLines(undefined)).toBeUndefined();
  });
});

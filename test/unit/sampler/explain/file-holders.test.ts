import { closeSync, openSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatDevice } from '#src/kernel/file-number.ts';
import { listOpenFiles } from '#src/kernel/procfs/memory/open-files.ts';
import { finishSteps } from '#src/kernel/steps.ts';
import { findFileHolders, readSegments } from '#src/sampler/explain/file-holders.ts';
import { measureThreadStack, readDeviceMemory, topLevelTable } from '#src/sampler/explain/kernel-terms.ts';
import { MappedFiles } from '#src/sampler/explain/mapped-files.ts';
import { readUsedFiles } from '#src/sampler/explain/used-files.ts';
import { makeTree } from '../../temporary-tree.ts';

const numberOf = (path: string) => {
  const { dev, ino } = statSync(path, { bigint: true });
  return { device: formatDevice(dev), inode: String(ino) };
};

/** A process with a file open and another one mapped. */
function makeProcess(): { root: string; open: string; mapped: string } {
  const root = makeTree({ '10/fd/': '', '10/maps': '', open: 'x', mapped: 'y', '10/root/': '' });
  const [open, mapped] = [join(root, 'open'), join(root, 'mapped')];
  symlinkSync(open, join(root, '10/fd/3'));
  symlinkSync(root, join(root, '10/fd/4'));
  symlinkSync(join(root, 'closed'), join(root, '10/fd/5'));
  const { device, inode } = numberOf(mapped);
  const [major, minor] = device.split(':').map((part) => Number(part).toString(16).padStart(2, '0'));
  const line = `1000-2000 rw-p 00000000 ${major}:${minor} ${inode} /mapped\n3000-4000 rw-p 00000000 00:00 0\n`;
  writeFileSync(join(root, '10/maps'), line);
  return { root, open, mapped };
}

describe('formatDevice', () => {
  it.each([
    [0xfe00n, '254:0'],
    [0x1n, '0:1'],
    [(0xfn << 20n) | 0xffn | (8n << 8n), `8:${0xf00 | 0xff}`],
    [(1n << 44n) | (3n << 8n), '4099:0'],
  ])('takes %x apart', (device, expected) => {
    expect(formatDevice(device)).toBe(expected);
  });
});

describe('findFileHolders', () => {
  it('finds processes that have a file open or mapped', () => {
    const { root, open, mapped } = makeProcess();
    const unheld = { device: '0:1', inode: '99' };
    const files = [numberOf(open), numberOf(mapped), unheld];
    const options = { pids: [10, 11], procRoot: root };
    const found = finishSteps(findFileHolders(files, options));
    expect(files.map((file) => found.holdersOf(file))).toEqual([[10], [10], []]);
    expect(found.missing).toEqual([]);
    expect(listOpenFiles(10, root)).toMatchObject([{ fd: 3, size: 1, links: 1 }]);
  });

  it('does not say that no process holds a file if the search was stopped', () => {
    const { root, open } = makeProcess();
    const unheld = { device: '0:1', inode: '99' };
    const found = finishSteps(
      findFileHolders([numberOf(open), unheld], { pids: [10], procRoot: root, timeLimitMs: -1 }),
    );
    expect(found.holdersOf(unheld)).toBeUndefined();
    expect(found.missing).toMatchObject([{ what: 'holders of files' }]);
  });
});

describe('readSegments', () => {
  it('says which segments outlive the processes', () => {
    const head = 'key shmid perms size cpid lpid nattch uid rss swap\n';
    const root = makeTree({ shm: `${head}24301 3 600 4096 1 1 0 0 4096 0\n0 4 1600 4096 1 1 1 0 0 0\n` });
    const { byInode } = readSegments(join(root, 'shm'));
    expect(byInode.get('3')).toMatchObject({ keyText: '0x00005eed', reclaim: 'persistent', rss: 4096 });
    expect(byInode.get('4')).toMatchObject({ keyText: '0x00000000', reclaim: 'process' });
  });

  it('has a reason without System V IPC', () => {
    expect(readSegments('/none').missing).toMatchObject([{ what: 'System V segments' }]);
  });
});

describe('readUsedFiles', () => {
  const cachestat = (_: number, range: Uint8Array, counts: Uint8Array) => {
    expect([...range]).toEqual(Array(16).fill(0));
    new BigUint64Array(counts.buffer).set([3n, 1n]);
    return 0;
  };

  it('queries each open and mapped file once', () => {
    const { root, open, mapped } = makeProcess();
    symlinkSync(mapped, join(root, '10/root/mapped'));
    const files = new MappedFiles();
    const shared = { mappings: 1, rssBytes: 0, pssBytes: 0 };
    files.add(10, [
      { ...numberOf(mapped), name: '/mapped', ...shared },
      { device: '0:9', inode: '5', name: '/gone (deleted)', ...shared },
      { device: '0:9', inode: '5', name: '/memfd:x', ...shared },
      { ...numberOf(open), name: '/open', ...shared },
    ]);
    const used = finishSteps(readUsedFiles({ cachestat }, [10, 11], files, { procRoot: root }));
    expect(used.missing).toEqual([]);
    expect(used.files).toMatchObject([
      { ...numberOf(open), pids: [10], size: 1, cachedBytes: 12288, dirtyBytes: 4096 },
      { ...numberOf(mapped), name: '/mapped', pids: [10] },
    ]);
  });

  it('maps the files on a kernel without cachestat(2)', () => {
    const { root, open } = makeProcess();
    const unmapped: bigint[] = [];
    const withoutCachestat = {
      mmap: () => 4096n,
      mincore: (_: bigint, length: number, pages: Uint8Array) => {
        expect([length, pages.length]).toEqual([1, 1]);
        pages.fill(1);
        return 0;
      },
      munmap: (address: bigint) => {
        unmapped.push(address);
        return 0;
      },
    };
    const options = { procRoot: root, withoutCachestat };
    const old = { cachestat: () => -38 };
    const used = finishSteps(readUsedFiles(old, [10], new MappedFiles(), options));
    expect(used).toMatchObject({
      files: [{ ...numberOf(open), cachedBytes: 4096, dirtyBytes: 0 }],
      missing: [],
    });
    expect(unmapped).toEqual([4096n]);
    const denied = finishSteps(readUsedFiles({ cachestat: () => -1 }, [10], new MappedFiles(), options));
    expect(denied).toMatchObject({ files: [], missing: [{ reason: 'permission denied' }] });
  });

  it.each([
    [38, 'this kernel has no cachestat(2) (requires Linux 6.5)'],
    [1, 'permission denied'],
    [95, 'EOPNOTSUPP'],
  ])('explains errno %d', (errno, reason) => {
    const { root } = makeProcess();
    const calls = { cachestat: () => -errno };
    const used = finishSteps(readUsedFiles(calls, [10], new MappedFiles(), { procRoot: root }));
    expect(used).toMatchObject({ files: [], missing: [{ what: 'cached pages of files', reason, count: 1 }] });
  });
});

describe('terms of the kernel', () => {
  it('measures the stack of a thread as a power of two', () => {
    const threads = 10;
    expect(measureThreadStack({ bytes: 10 * 16384 + 5000, threads })).toEqual({
      bytes: 16384,
      source: 'memory.stat',
    });
    expect(measureThreadStack({ bytes: 10 * 32768, threads }).bytes).toBe(32768);
    // Not a size of a stack: the host's is used.
    expect(measureThreadStack({ bytes: 0, threads }).source).not.toBe('memory.stat');
    expect(measureThreadStack().bytes).toBeGreaterThanOrEqual(8192);
  });

  it.each([
    ['6.1', 'x64', 'flags\t: fpu', 2, false],
    ['6.12', 'x64', 'flags\t: fpu pti', 2, false],
    ['6.18', 'x64', 'flags\t: fpu pti sse', 2, true],
    ['7.3', 'x64', 'flags\t: fpu', 1, true],
    ['6.1', 'arm64', '', 1, false],
  ])('knows the top of the page tables of Linux %s on %s', (text, arch, cpuinfo, pages, isCounted) => {
    const [major = 0, minor = 0] = text.split('.').map(Number);
    const table = topLevelTable({ major, minor, text }, arch, cpuinfo);
    expect(table.isCounted).toBe(isCounted);
    expect(table.bytes / topLevelTable({ major, minor, text }, 'arm64', '').bytes).toBe(pages);
  });

  it('reads device memory of v2, with reasons for what is absent', () => {
    const root = makeTree({
      'a/hugetlb.2MB.current': '2097152\n',
      'a/dmem.current': 'drm/x/vram0 4096\n',
      'b/memory.current': '0\n',
    });
    expect(readDeviceMemory(join(root, 'a'), 2)).toEqual({
      hugetlb: [{ pageSize: '2MB', bytes: 2097152 }],
      dmem: [{ region: 'drm/x/vram0', bytes: 4096 }],
      missing: [],
    });
    expect(readDeviceMemory(join(root, 'b'), 2)).toMatchObject({
      missing: [{ what: 'hugetlb by cgroup' }, { what: 'device memory by cgroup' }],
    });
    expect(readDeviceMemory(join(root, 'a'), 1).missing).toHaveLength(1);
  });
});

it('closes what it has opened', () => {
  const first = openSync('/dev/null', 'r');
  closeSync(first);
  const { root } = makeProcess();
  finishSteps(readUsedFiles({ cachestat: () => 0 }, [10], new MappedFiles(), { procRoot: root }));
  const second = openSync('/dev/null', 'r');
  closeSync(second);
  expect(second).toBe(first);
});

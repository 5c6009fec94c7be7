import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Mount, parseMountinfo } from '#src/kernel/procfs/mountinfo.ts';
import { capturedKernels } from '../../captured-kernels.ts';

const parse = (text: string) => parseMountinfo(text, '/proc/self/mountinfo');

/** Escapes like mangle() in the kernel. */
const mangle = (path: string) =>
  path.replace(/[ \t\n\\]/g, (each) => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`);

describe('parseMountinfo', () => {
  it('reads a hierarchy of cgroup v1, whose controllers are options of the file system', () => {
    expect(
      parse('35 31 0:32 / /sys/fs/cgroup/memory rw,nosuid,relatime - cgroup cgroup rw,memory\n'),
    ).toEqual([
      {
        id: 35,
        parentId: 31,
        device: '0:32',
        root: '/',
        mountPoint: '/sys/fs/cgroup/memory',
        options: ['rw', 'nosuid', 'relatime'],
        fsType: 'cgroup',
        superOptions: ['rw', 'memory'],
      },
    ]);
  });

  it.each([
    ['no optional fields', '29 23 0:26 / /m rw - cgroup2 cgroup2 rw,nsdelegate'],
    ['one of them', '29 23 0:26 / /m rw shared:9 - cgroup2 cgroup2 rw,nsdelegate'],
    ['two of them', '29 23 0:26 / /m rw shared:9 master:1 - cgroup2 cgroup2 rw,nsdelegate'],
    ['a source that is called -', '29 23 0:26 / /m rw - cgroup2 - rw,nsdelegate'],
    ['an empty source', '29 23 0:26 / /m rw - cgroup2  rw,nsdelegate'],
  ])('finds the type and its options with %s', (_, line) => {
    expect(parse(line)).toMatchObject([{ fsType: 'cgroup2', superOptions: ['rw', 'nsdelegate'] }]);
  });

  it('accepts a mount point named -', () => {
    expect(parse('29 23 0:26 - - rw - tmpfs tmpfs rw')).toMatchObject([
      { root: '-', mountPoint: '-', fsType: 'tmpfs' },
    ]);
  });

  it('unescapes blanks, tabs, newlines and backslashes in paths', () => {
    const path = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\\', '0', '4', 'a', '/', 'é') });
    fc.assert(
      fc.property(path, path, (root, mountPoint) => {
        const line = `1 2 0:3 /${mangle(root)} /${mangle(mountPoint)} rw - ext4 /dev/x rw\n`;
        expect(parse(line)).toMatchObject([{ root: `/${root}`, mountPoint: `/${mountPoint}` }]);
      }),
    );
  });

  it('reads an empty file as no mounts', () => {
    expect(parse('')).toEqual([]);
  });

  it.each([
    ['29 23 0:26 / /sys/fs', 2],
    ['29 23 0:26 / /m rw cgroup2 cgroup2 rw', 2],
    ['29 23 0:26 / /m rw -', 2],
    ['x', 2],
  ])('reports the line of the truncated %o', (line, number) => {
    const good = '29 23 0:26 / /m rw - cgroup2 cgroup2 rw';
    expect(() => parse(`${good}\n${line}\n`)).toThrow(
      expect.objectContaining({ operation: 'parse', path: '/proc/self/mountinfo', line: number }),
    );
  });
});

describe('mountinfo as captured', () => {
  const at = (mounts: Mount[], mountPoint: string) => mounts.find((each) => each.mountPoint === mountPoint);

  it.each(capturedKernels(2))('has cgroup v2 at /sys/fs/cgroup on Linux $name', (kernel) => {
    const mount = at(parse(kernel.read('proc/self/mountinfo')), '/sys/fs/cgroup');
    expect(mount).toMatchObject({ root: '/', fsType: 'cgroup2' });
  });

  it.each(capturedKernels(1))('has the memory hierarchy of cgroup v1 on Linux $name', (kernel) => {
    const mount = at(parse(kernel.read('proc/self/mountinfo')), '/sys/fs/cgroup/memory');
    expect(mount?.fsType).toBe('cgroup');
    expect(mount?.superOptions).toContain('memory');
  });
});

import { expect, it } from 'vitest';
import { namedFile, pathOf } from '#src/app/explain/name-files.ts';
import { fileNodes } from '#src/app/explain/tree/file-nodes.ts';
import type { ScanFile, SpecialFile } from '#src/kernel/bpf/scan/scan-names.ts';
import type { OtherMapping } from '#src/sampler/explain/other-mappers.ts';

const sizes = {
  object: 1,
  bytes: 8192,
  count: 2,
  dirtyBytes: 0,
  activeBytes: 0,
  negativeCount: undefined,
  mappedBytes: 0,
};

const sources = {
  paths: {
    resolve: ({ path }: { path: string }) => ({
      path: path === '/' ? '/data' : `/data${path}`,
      seenBy: 'host' as const,
    }),
  },
  holders: { isHeld: () => true, reclaimOf: () => undefined, usersOf: () => [7, 8, 9, 10] },
};

const file: ScanFile = {
  kind: 'file',
  device: '254:0',
  inode: 12,
  size: 8192,
  links: 1,
  cachedBytes: 8192,
  fileSystem: 'ext4',
  fileType: 'regular',
  components: ['log', 'a'],
  isDeleted: false,
  isTruncated: false,
};

const special = (each: SpecialFile): ScanFile => ({ ...file, special: each });

it('says what has no path, and who maps it', () => {
  expect(namedFile(sizes, special({ type: 'shared-anon' }), sources)).toMatchObject({
    kind: 'memfd',
    name: 'shared anonymous memory',
    note: 'mapped by 7, 8, 9 and others; /dev/zero in maps',
  });
});

it('says which device it is, and where its file system is mounted', () => {
  // A device of any machine: it has a name in sysfs or none.
  const { name, note } = namedFile(sizes, special({ type: 'block-device', device: '4095:77' }), sources);
  expect(name).toBe('block device 4095:77');
  expect(note).toContain('metadata of the file system on /data, or its contents');
});

it('has a path only for what is in a directory', () => {
  expect(pathOf(file, sources)).toBe('/data/log/a');
  expect(pathOf(special({ type: 'shared-anon' }), sources)).toBeUndefined();
  expect(pathOf(undefined, sources)).toBeUndefined();
});

it('says which processes of other cgroups map a file', () => {
  const some = [
    { pid: 7, comm: 'node' },
    { pid: 8, comm: 'caf\u00c3\u00a9' },
  ];
  const nodeOf = (mapping: OtherMapping | undefined) => {
    const others = { of: ({ inode }: { inode: string }) => (inode === '12' ? mapping : undefined) };
    return fileNodes(8192, [namedFile(sizes, file, { ...sources, others })]).children?.[0];
  };
  expect(nodeOf({ count: 5, processes: some })).toMatchObject({
    otherMappers: 5,
    note: 'path of the host; also mapped by 5 processes of other cgroups: node 7, café 8, ...',
  });
  expect(nodeOf({ count: 1, processes: some.slice(0, 1) })?.note).toBe(
    'path of the host; also mapped by 1 process of other cgroups: node 7',
  );
  expect(nodeOf(undefined)).not.toHaveProperty('otherMappers');
});

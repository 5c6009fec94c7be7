import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseDmemCurrent } from '#src/kernel/cgroup2/dmem-current.ts';
import { readHugetlbUse } from '#src/kernel/cgroup2/hugetlb-current.ts';
import { makeTree } from '../../temporary-tree.ts';

it('reads the memory of devices by region', () => {
  const text = 'drm/0000:03:00.0/vram0 12550144\ndrm/0000:03:00.0/gtt 8650752\n';
  expect(parseDmemCurrent(text, 'f')).toEqual([
    { region: 'drm/0000:03:00.0/vram0', bytes: 12550144 },
    { region: 'drm/0000:03:00.0/gtt', bytes: 8650752 },
  ]);
  expect(parseDmemCurrent('', 'f')).toEqual([]);
  expect(() => parseDmemCurrent('drm 1\nx\n', 'f')).toThrow('line 2');
});

it('reads the huge pages of each size, on v2 and v1', () => {
  const top = makeTree({
    'v2/hugetlb.2MB.current': '4194304\n',
    'v2/hugetlb.2MB.max': 'max\n',
    'v2/hugetlb.2MB.rsvd.current': '9\n',
    'v2/hugetlb.1GB.current': '0\n',
    'v1/hugetlb.2MB.usage_in_bytes': '2097152\n',
    'none/memory.current': '0\n',
  });
  const read = (name: string) => readHugetlbUse(join(top, name))?.sort((a, b) => b.bytes - a.bytes);
  expect(read('v2')).toEqual([
    { pageSize: '2MB', bytes: 4194304 },
    { pageSize: '1GB', bytes: 0 },
  ]);
  expect(read('v1')).toEqual([{ pageSize: '2MB', bytes: 2097152 }]);
  expect(read('none')).toBeUndefined();
  expect(read('missing')).toBeUndefined();
});

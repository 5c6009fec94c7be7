import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Mapping, SmapsParser, visitMappings } from '#src/kernel/procfs/memory/smaps-mappings.ts';
import { finishSteps } from '#src/kernel/steps.ts';
import { makeTree } from '../../../temporary-tree.ts';

const KIB = 1024;

const SMAPS = `55d0c0a3b000-55d0c0a5c000 rw-p 00000000 00:00 0                          [heap]
Size:                132 kB
KernelPageSize:        4 kB
Rss:                  12 kB
Pss:                   8 kB
Pss_Dirty:             7 kB
Shared_Clean:          1 kB
Shared_Dirty:          2 kB
Private_Clean:         3 kB
Private_Dirty:         4 kB
Anonymous:            12 kB
KSM:                   4 kB
LazyFree:              8 kB
AnonHugePages:         2 kB
Shared_Hugetlb:        5 kB
Private_Hugetlb:       6 kB
Swap:                 20 kB
SwapPss:              10 kB
THPeligible:           1
VmFlags: rd wr mr mw me ac
7f1000000000-7f1000001000 r-xs 00001000 fe:10 18446744073709551615 /tmp/with Rss: 3 kB\\012\xff (deleted)
Size:                  4 kB
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`;

function parse(text: string): Mapping[] {
  const mappings: Mapping[] = [];
  const parser = new SmapsParser((mapping) => mappings.push(mapping));
  for (const line of text.split('\n')) parser.add(line);
  parser.end();
  return mappings;
}

describe('SmapsParser', () => {
  it('reads each field in bytes', () => {
    const [heap] = parse(SMAPS);
    expect(heap).toEqual({
      start: 0x55d0c0a3b000,
      end: 0x55d0c0a5c000,
      permissions: 'rw-p',
      device: '0:0',
      inode: '0',
      name: '[heap]',
      size: 132 * KIB,
      rss: 12 * KIB,
      pss: 8 * KIB,
      pssDirty: 7 * KIB,
      sharedClean: KIB,
      sharedDirty: 2 * KIB,
      privateClean: 3 * KIB,
      privateDirty: 4 * KIB,
      anonymous: 12 * KIB,
      ksm: 4 * KIB,
      lazyFree: 8 * KIB,
      anonHugePages: 2 * KIB,
      sharedHugetlb: 5 * KIB,
      privateHugetlb: 6 * KIB,
      swap: 20 * KIB,
      swapPss: 10 * KIB,
    });
  });

  it('reads the file: any bytes, a large inode number, the device in decimal', () => {
    expect(parse(SMAPS)[1]).toMatchObject({
      permissions: 'r-xs',
      device: '254:16',
      inode: '18446744073709551615',
      name: '/tmp/with Rss: 3 kB\n\xff (deleted)',
      size: 4 * KIB,
      rss: 0,
    });
  });

  it('reads code of the kernel, and ignores lines that later kernels add', () => {
    expect(parse(`Rss: 4 kB\n${SMAPS}\nNew: 3 kB\nnonsense`)).toHaveLength(3);
    expect(parse(SMAPS)[2]).toMatchObject({ name: '[vsyscall]', size: 0 });
  });

  it('accepts any text', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom(...SMAPS.split('\n')));
    fc.assert(fc.property(fc.array(line), (lines) => void parse(lines.join('\n'))));
  });
});

describe('visitMappings', () => {
  const top = makeTree({ smaps: SMAPS });
  const names = (path: string, limit = Number.POSITIVE_INFINITY) => {
    const found: string[] = [];
    const visit = ({ name }: Mapping) => {
      found.push(name);
      return found.length < limit;
    };
    let steps = 0;
    for (const _ of { [Symbol.iterator]: () => visitMappings(path, visit) }) steps += 1;
    return { found, steps };
  };

  it('reads a file larger than its buffer in steps', () => {
    const path = join(top, 'large');
    writeFileSync(path, Buffer.from(SMAPS.repeat(3000), 'latin1'));
    const { found, steps } = names(path);
    expect(found).toHaveLength(9000);
    expect(new Set(found).size).toBe(3);
    expect(steps).toBeGreaterThan(1);
  });

  it('stops when asked to', () => {
    expect(names(join(top, 'large'), 5).found).toHaveLength(5);
  });

  it('reads an empty file as no mappings', () => {
    const path = join(top, 'empty');
    writeFileSync(path, '');
    expect(names(path).found).toEqual([]);
  });

  it('names the errno', () => {
    expect(() => finishSteps(visitMappings(join(top, 'none'), () => true))).toThrow(
      expect.objectContaining({ operation: 'open', errno: 'ENOENT' }),
    );
  });
});

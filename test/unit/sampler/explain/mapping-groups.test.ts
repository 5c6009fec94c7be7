import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Mapping, SmapsParser } from '#src/kernel/procfs/memory/smaps-mappings.ts';
import { apportionedAnon, MappingGroups } from '#src/sampler/explain/mapping-groups.ts';

const MIB = 1024 * 1024;

/** A mapping with some sizes in MiB. */
function mapping(head: string, sizes: Record<string, number>): Mapping {
  const found: Mapping[] = [];
  const parser = new SmapsParser((each) => found.push(each));
  parser.add(head);
  for (const [key, value] of Object.entries(sizes)) parser.add(`${key}: ${value * 1024} kB`);
  parser.end();
  const [only] = found;
  if (only === undefined) throw new Error(`not a mapping: ${head}`);
  return only;
}

const ANON = '00000000 00:00 0';

function group(mappings: readonly Mapping[], stackPointers: number[] = []): MappingGroups {
  const groups = new MappingGroups(stackPointers);
  for (const each of mappings) groups.add(each);
  return groups;
}

describe('MappingGroups', () => {
  it('groups anonymous memory by what it is for, and splits off pages of files', () => {
    const groups = group([
      mapping(`1000-2000 rw-p ${ANON} [heap]`, { Rss: 8, Pss: 4, Anonymous: 8, AnonHugePages: 2, KSM: 4 }),
      mapping(`3000-4000 rw-p ${ANON} [stack]`, { Rss: 1, Pss: 1, Anonymous: 1, Swap: 4, SwapPss: 2 }),
      mapping(`4000-5000 rw-p ${ANON} [anon: Go: heap]`, { Rss: 2, Pss: 2, Anonymous: 2, LazyFree: 1 }),
      mapping(`5000-6000 rw-p ${ANON} [anon: glibc: pthread stack: 12]`, { Rss: 1, Pss: 1, Anonymous: 1 }),
      mapping(`6000-7000 rw-p ${ANON} [anon: glibc: pthread stack: 13]`, { Rss: 1, Pss: 1, Anonymous: 1 }),
      mapping(`8000-9000 rw-p ${ANON}`, { Rss: 3, Pss: 3, Anonymous: 3 }),
      mapping('a000-b000 rw-p 00000000 fe:00 7 /lib/x', { Rss: 4, Pss: 3, Pss_Dirty: 2, Anonymous: 2 }),
      mapping('b000-c000 r-xp 00000000 fe:00 7 /lib/x', { Rss: 6, Pss: 2 }),
      mapping('c000-d000 rw-s 00000000 00:01 9 /memfd:m (deleted)', { Rss: 5, Pss: 5, Swap: 3 }),
      mapping('d000-e000 rw-p 00000000 00:05 3 /dev/shm/a', { Swap: 1 }),
    ]);
    const summary = groups
      .anon()
      .map(({ kind, name, mappings, bytes }) => [kind, name, mappings, bytes / MIB]);
    expect(summary).toEqual([
      ['heap', '[heap]', 1, 4],
      ['other', '', 1, 3],
      ['named', '[anon: Go: heap]', 1, 2],
      ['thread-stacks', '[anon: glibc: pthread stack]', 2, 2],
      ['file', '/lib/x', 1, 2],
      ['stack', '[stack]', 1, 1],
      ['file', '/dev/shm/a', 1, 0],
    ]);
    const [heap] = groups.anon();
    expect(heap).toMatchObject({ hugeBytes: MIB, ksmBytes: 2 * MIB, swapBytes: 0 });
    expect(groups.anon().map(({ swapBytes }) => swapBytes / MIB)).toEqual([0, 0, 0, 0, 0, 2, 1]);
    expect(groups.files()).toEqual([
      { device: '254:0', inode: '7', name: '/lib/x', mappings: 2, rssBytes: 8 * MIB, pssBytes: 3 * MIB },
      {
        device: '0:1',
        inode: '9',
        name: '/memfd:m (deleted)',
        mappings: 1,
        rssBytes: 5 * MIB,
        pssBytes: 5 * MIB,
      },
      { device: '0:5', inode: '3', name: '/dev/shm/a', mappings: 1, rssBytes: 0, pssBytes: 0 },
    ]);
    expect(groups.count).toBe(10);
  });

  it('finds thread stacks by stack pointers above a guard page', () => {
    const sizes = { Size: 8, Rss: 1, Pss: 1, Anonymous: 1 };
    const guard = (start: number, mib: number) =>
      mapping(`${start.toString(16)}-${(start + 0x1000).toString(16)} ---p ${ANON}`, { Size: mib });
    const stack = (start: number) =>
      mapping(`${start.toString(16)}-${(start + 0x1000).toString(16)} rw-p ${ANON}`, sizes);
    const kinds = (mappings: Mapping[], pointers: number[]) =>
      group(mappings, pointers)
        .anon()
        .map(({ kind, mappings: count }) => `${kind} ${count}`);
    expect(kinds([guard(0x1000, 0), stack(0x2000), stack(0x3000)], [0x2fff])).toEqual([
      'thread-stacks 1',
      'other 1',
    ]);
    expect(kinds([guard(0x1000, 0), stack(0x2000)], [0x1fff, 0x3000])).toEqual(['other 1']);
    // The heap of Go, above a reservation.
    expect(kinds([guard(0x1000, 64), stack(0x2000)], [0x2fff])).toEqual(['other 1']);
    expect(kinds([guard(0x1000, 0), stack(0x5000)], [0x5fff])).toEqual(['other 1']);
  });

  it('lists what no cgroup pays for as pages of a process', () => {
    const groups = group([
      mapping('1000-2000 rw-s 00000000 00:0f 8 anon_inode:[perf_event]', { Size: 1 }),
      mapping('3000-4000 rw-s 00000000 00:0f 8 anon_inode:[perf_event]', { Size: 1 }),
      mapping('4000-5000 rw-s 00000000 00:0f 8 anon_inode:[io_uring]', { Size: 2 }),
      mapping('5000-6000 rw-s 00000000 00:06 8 /dev/dri/renderD128', { Size: 4, Rss: 4, Pss: 4 }),
      mapping('6000-7000 rw-p 00000000 00:10 5 /anon_hugepage (deleted)', {
        Size: 8,
        Private_Hugetlb: 2,
        Shared_Hugetlb: 4,
      }),
    ]);
    expect(groups.special().map(({ kind, mappings, bytes }) => [kind, mappings, bytes / MIB])).toEqual([
      ['perf-buffer', 2, 2],
      ['io-uring', 1, 2],
      ['gpu', 1, 4],
      ['hugetlb', 1, 6],
    ]);
    expect(groups.special()[3]?.sharedBytes).toBe(4 * MIB);
    expect(groups.files()).toEqual([]);
    expect(groups.anon()).toEqual([]);
  });

  it('has a bounded number of groups', () => {
    const groups = new MappingGroups();
    for (let at = 0; at < 5000; at += 1) {
      groups.add(mapping(`1000-2000 rw-p ${ANON} [anon:a${at}x]`, { Rss: 1, Pss: 1, Anonymous: 1 }));
    }
    expect(groups.anon().length).toBe(4097);
    expect(groups.anon()[0]).toMatchObject({ kind: 'rest', name: '', mappings: 904, bytes: 904 * MIB });
  });
});

describe('apportionedAnon', () => {
  it('is within what is possible', () => {
    const sizes = fc.record({
      anonymous: fc.nat(1000),
      file: fc.nat(1000),
      anonShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
      fileShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
      dirty: fc.nat(2000),
    });
    fc.assert(
      fc.property(sizes, ({ anonymous, file, anonShare, fileShare, dirty }) => {
        const pss = anonymous * anonShare + file * fileShare;
        const anon = apportionedAnon({
          ...mapping(`1-2 rw-p ${ANON}`, {}),
          rss: anonymous + file,
          anonymous,
          pss,
          pssDirty: Math.min(dirty, pss),
        });
        expect(anon).toBeGreaterThanOrEqual(0);
        expect(anon).toBeLessThanOrEqual(Math.min(pss, anonymous) + 1e-9);
        expect(pss - anon).toBeLessThanOrEqual(file + 1e-9);
      }),
    );
  });
});

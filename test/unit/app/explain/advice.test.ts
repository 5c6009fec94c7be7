import { describe, expect, it } from 'vitest';
import { adviseOnTree } from '#src/app/explain/advice.ts';
import { shmemNodes } from '#src/app/explain/tree/file-nodes.ts';
import { NEGATIVE_DENTRIES, POSITIVE_NOTE } from '#src/app/explain/tree/kernel-nodes.ts';
import type { BpfAdvice } from '#src/model/bpf-advice.ts';
import type { MemoryNode } from '#src/model/explain/explanation.ts';
import { parentNode } from '#src/model/explain/memory-tree.ts';

const MIB = 1024 * 1024;

/** A node of a file of 40 MiB that was read once. */
function node(fields: Partial<MemoryNode>): MemoryNode {
  return {
    kind: 'file',
    name: 'x',
    bytes: 40 * MIB,
    reclaim: 'reclaimable',
    activeBytes: 0,
    mappedBytes: 0,
    ...fields,
  };
}

function advise(...children: MemoryNode[]) {
  return adviseOnTree(parentNode({ kind: 'cgroup', name: '/x' }, children));
}

const kindsOf = (...children: MemoryNode[]) => advise(...children).map(({ kind }) => kind);

describe('advice', () => {
  it('is given on page cache that was read once', () => {
    const log = node({ name: 'log', path: '/var/log/x', activeBytes: MIB });
    const [advice] = advise(log, node({ bytes: MIB, name: 'small' }));
    expect(advice).toMatchObject({ kind: 'read-once', bytes: 41 * MIB });
    expect(advice?.text).toContain('41.0 MiB of page cache in 2 files');
    expect(advice?.text).toContain('largest: /var/log/x, 40.0 MiB');
    expect(kindsOf(node({ activeBytes: 8 * MIB }))).toEqual([]);
    expect(kindsOf(node({ mappedBytes: 4096 }))).toEqual([]);
    expect(kindsOf(node({ bytes: 10 * MIB }))).toEqual([]);
    const { activeBytes: _, ...unknown } = node({});
    expect(kindsOf(unknown)).toEqual([]);
    // 40 MiB of 4 GiB.
    expect(kindsOf(node({}), node({ kind: 'mapping', bytes: 4096 * MIB }))).toEqual([]);
  });

  it.each([
    ['/dev/shm/state', 'remove it: rm /dev/shm/state'],
    ["/dev/shm/it's; reboot", "remove it: rm '/dev/shm/it'\\''s; reboot'"],
  ])('says how %s is removed that no process holds', (path, command) => {
    const file = {
      kind: 'file' as const,
      name: 'state',
      path,
      fsType: 'tmpfs',
      mount: '/dev/shm',
      bytes: 40 * MIB,
      dirtyBytes: 0,
      activeBytes: 0,
      mappedBytes: 0,
      note: 'path of the host',
    };
    const [advice] = advise(shmemNodes(40 * MIB, [{ ...file, isHeld: false }]));
    expect(advice).toMatchObject({ kind: 'unheld-tmpfs', bytes: 40 * MIB });
    expect(advice?.text).toContain(command);
    expect(kindsOf(shmemNodes(40 * MIB, [{ ...file, isHeld: true }]))).toEqual([]);
    // Not all processes could be read.
    expect(kindsOf(shmemNodes(40 * MIB, [file]))).toEqual([]);
  });

  it('names ipcrm for a segment', () => {
    const segment = node({
      kind: 'sysv-segment',
      reclaim: 'persistent',
      note: 'no process holds it: stays after the target',
    });
    expect(advise(segment)[0]?.text).toContain('remove it with ipcrm');
  });

  it('is given on many directory entries and sockets', () => {
    const dentries = node({ kind: 'slab-cache', name: 'dentry', reclaim: 'kernel', count: 100_000 });
    expect(kindsOf(dentries)).toEqual(['negative-dentries']);
    expect(kindsOf({ ...dentries, count: 99_999 })).toEqual([]);
    // Where the negative ones are known, they alone are a reason.
    expect(kindsOf({ ...dentries, note: POSITIVE_NOTE })).toEqual([]);
    const [onNegative] = advise({ ...dentries, name: NEGATIVE_DENTRIES });
    expect(onNegative?.text).toContain('100000 names of files that do not exist are cached (40.0 MiB)');
    const rest = node({ kind: 'socket', name: '998 sockets more', count: 998, bytes: 30 * MIB });
    const socket = node({ kind: 'socket', name: 'tcp', bytes: MIB });
    const [advice] = advise(socket, socket, rest);
    expect(advice?.text).toContain('1000 sockets hold 32.0 MiB of unread data');
    expect(kindsOf(socket, rest)).toEqual([]);
  });

  it('distinguishes names of files that exist from others', () => {
    const names = node({ kind: 'slab-cache', name: 'dentry', reclaim: 'reclaimable', count: 300_000 });
    const cache = (name: string, count: number) => node({ kind: 'slab-cache', name, count, bytes: 90 * MIB });
    const [files] = advise(names, cache('ext4_inode_cache', 290_000));
    expect(files).toMatchObject({ kind: 'many-files', bytes: 130 * MIB });
    expect(files?.text).toContain('inodes of 290000 files, in ext4_inode_cache, dentry');
    // Those of sockets are not for files.
    expect(kindsOf(names, cache('sock_inode_cache', 290_000))).toEqual(['negative-dentries']);
    expect(kindsOf(names, cache('ext4_inode_cache', 100_000))).toEqual(['negative-dentries']);
  });

  it('leaves out the middle of long paths', () => {
    const [advice] = advise(node({ path: `/srv/${'d'.repeat(4000)}/the.log` }));
    expect(advice?.text).toContain('the.log');
    expect(advice?.text.length).toBeLessThan(500);
  });

  it('is given on page tables that are large for what they map', () => {
    const tables = node({
      kind: 'page-tables',
      name: 'page tables',
      children: [node({ kind: 'process', name: 'redis' })],
    });
    const anon = (bytes: number) => node({ kind: 'class', name: 'anon', bytes, reclaim: 'process' });
    const [advice] = advise(tables, anon(100 * MIB));
    expect(advice).toMatchObject({ kind: 'page-tables', bytes: 40 * MIB });
    expect(advice?.text).toContain('most: redis, 40.0 MiB');
    expect(kindsOf(tables, anon(161 * MIB))).toEqual([]);
  });

  it('is given on BPF maps if it saves much of the whole', () => {
    const onMap: BpfAdvice = {
      kind: 'nearly-empty',
      maps: [{ id: 7, name: 'flows' }],
      savesBytes: 2 * MIB,
      text: "hash 'flows' is allocated for 100000 entries; it held 5 at most in one reading",
      options: [{ change: 'BPF_F_NO_PREALLOC', savesBytes: 2 * MIB }],
    };
    const growth: BpfAdvice = { kind: 'percpu-growth', maps: [], text: 'grows', projection: [] };
    const on = (bytes: number) =>
      adviseOnTree(parentNode({ kind: 'cgroup', name: '/x' }, [node({ kind: 'mapping', bytes })]), [
        onMap,
        growth,
      ]);
    expect(on(100 * MIB)).toEqual([
      { kind: 'bpf-maps', bytes: 2 * MIB, text: `${onMap.text}; BPF_F_NO_PREALLOC: saves 2.00 MiB` },
    ]);
    expect(on(101 * MIB)).toEqual([]);
  });

  it('begins with what is about most memory', () => {
    const dentries = node({ kind: 'slab-cache', name: 'dentry', reclaim: 'kernel', count: 200_000 });
    expect(kindsOf(dentries, node({ bytes: 50 * MIB }))).toEqual(['read-once', 'negative-dentries']);
  });
});

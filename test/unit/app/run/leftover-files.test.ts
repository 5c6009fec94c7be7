import { expect, it } from 'vitest';
import { filesThatStay } from '#src/app/run/leftover-files.ts';
import type { MemoryNode } from '#src/model/explain/explanation.ts';
import { parentNode } from '#src/model/explain/memory-tree.ts';

const file = (name: string, bytes: number, changes: Partial<MemoryNode> = {}): MemoryNode => ({
  kind: 'file',
  name,
  path: `/dev/shm/${name}`,
  bytes,
  reclaim: 'persistent',
  ...changes,
});

it('lists files on tmpfs and System V segments that stay, the largest first', () => {
  const tree = parentNode({ kind: 'cgroup', name: '/leaf' }, [
    parentNode({ kind: 'class', name: 'file' }, [file('log', 900, { reclaim: 'dirty' })]),
    parentNode({ kind: 'class', name: 'shmem' }, [
      parentNode({ kind: 'mount', name: '/dev/shm' }, [file('small', 3), file('large', 40)]),
      file('memfd:x', 50, { kind: 'memfd', reclaim: 'process' }),
      { kind: 'sysv-segment', name: 'System V segment 0x00000007', bytes: 8, reclaim: 'persistent' },
    ]),
    { kind: 'bpf-map', name: 'pinned', bytes: 70, reclaim: 'persistent' },
  ]);
  expect(filesThatStay(tree)).toEqual([
    { kind: 'file', name: '/dev/shm/large', bytes: 40 },
    { kind: 'sysv-segment', name: 'System V segment 0x00000007', bytes: 8 },
    { kind: 'file', name: '/dev/shm/small', bytes: 3 },
  ]);
});

it('lists at most 100', () => {
  const files = Array.from({ length: 150 }, (_, at) => file(`f${at}`, at + 1));
  const found = filesThatStay(parentNode({ kind: 'class', name: 'shmem' }, files));
  expect(found.length).toBe(100);
  expect(found[0]?.bytes).toBe(150);
});

import { expect, it } from 'vitest';
import type { MemoryNode } from '#src/model/explain/explanation.ts';
import { hideNames } from '#src/model/explain/hide-names.ts';
import { parentNode } from '#src/model/explain/memory-tree.ts';

it('leaves nothing that a user chose, and all sizes', () => {
  const tree = parentNode({ kind: 'cgroup', name: '/secret-team' }, [
    parentNode({ kind: 'process', name: 'secret-command --password', pid: 7, note: 'user secret' }, [
      { kind: 'mapping', name: '[heap]', bytes: 5, reclaim: 'process' },
      { kind: 'mapping', name: '/opt/secret.so', bytes: 4, reclaim: 'process' },
    ]),
    parentNode({ kind: 'class', name: 'file' }, [
      { kind: 'file', name: 'secret', path: '/srv/secret', mount: '/secret', bytes: 9, reclaim: 'dirty' },
    ]),
    parentNode({ kind: 'bpf-map', name: 'BPF maps' }, [
      {
        kind: 'bpf-map',
        name: 'secret_map',
        note: 'pinned at /sys/fs/bpf/secret',
        bytes: 3,
        reclaim: 'kernel',
      },
    ]),
    { kind: 'slab-cache', name: 'dentry', bytes: 2, reclaim: 'reclaimable' },
    parentNode({ kind: 'swap', name: 'swap' }, [
      { kind: 'swap', name: 'secret-command --password', pid: 7, bytes: 1, reclaim: 'process' },
    ]),
  ] satisfies MemoryNode[]);
  const hidden = hideNames(tree);
  expect(JSON.stringify(hidden)).not.toContain('secret');
  expect(hidden.bytes).toBe(tree.bytes);
  const names = (node: MemoryNode): string[] => [node.name, ...(node.children ?? []).flatMap(names)];
  expect(names(hidden)).toEqual([
    'cgroup 1',
    'process 1',
    '[heap]',
    'mapping 1',
    'file',
    'file 1',
    'BPF maps',
    'BPF map 1',
    'dentry',
    'swap',
    'process 2',
  ]);
});

import { expect, it } from 'vitest';
import { meaningOf } from '#src/app/explain/tree/slab-meanings.ts';

it.each([
  ['ext4_inode_cache', 'inodes of files'],
  ['xfs_inode', 'inodes of files'],
  ['sock_inode_cache', 'sockets'],
  ['inotify_inode_mark', 'watched files'],
  ['TCPv6', 'sockets'],
  ['vm_area_struct', 'mappings of processes'],
  ['radix_tree_node', 'index of cached files'],
  ['pid', 'processes and threads'],
  ['kmalloc-cg-64', undefined],
  ['pidfs_attr_cache', undefined],
])('%s: %s', (cache, meaning) => {
  expect(meaningOf(cache)).toBe(meaning);
});

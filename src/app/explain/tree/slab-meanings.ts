/** What the objects in slab caches are, for those who do not know the names of the kernel. */

const MEANINGS: readonly (readonly [names: RegExp, meaning: string])[] = [
  [/^dentry$/, 'names of files'],
  [/^sock_inode_cache$|^(?:TCP|UDP|RAW)(?:v6)?$|^UNIX(?:-STREAM)?$|^PING/, 'sockets'],
  [/^(?:.*inode_mark|fanotify|fsnotify|dnotify)/, 'watched files'],
  [/inode/, 'inodes of files'],
  [/^(?:radix_tree_node|xarray)/, 'index of cached files'],
  [/^buffer_head$/, 'blocks of cached files'],
  [/^(?:ext4_)?extent_status$/, 'extents of files'],
  [/^(?:filp|file_lock.*)$/, 'open files'],
  [/^(?:vm_area_struct|vma_lock|maple_node|anon_vma.*)$/, 'mappings of processes'],
  [
    /^(?:task_struct|signal_cache|sighand_cache|files_cache|fs_cache|mm_struct|cred|cred_jar|pid|task_delay_info)$/,
    'processes and threads',
  ],
  [/^(?:eventpoll_|ep_)/, 'files in epoll'],
  [/^skbuff_/, 'packets in queues'],
  [/^nf_conntrack$/, 'tracked connections'],
  [/^jbd2_/, 'file system journal'],
];

/** In a few words; undefined for caches of objects of any kind, and for those that explain themselves. */
export function meaningOf(cache: string): string | undefined {
  return MEANINGS.find(([names]) => names.test(cache))?.[1];
}

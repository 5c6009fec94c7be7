/** Kinds of files that have no place in a directory tree, by their file system and their name. */
import type { MemoryKind } from '../../model/explain/explanation.ts';
import type { ByteString } from '../../target/byte-string.ts';

/** What a file without a mount is. */
export interface FileKind {
  kind: Extract<MemoryKind, 'file' | 'memfd' | 'sysv-segment' | 'block-device' | 'gpu'>;
  /** What is worth knowing, as a short phrase. */
  note?: string;
}

/**
 * What a file is that is seen in no mount namespace.
 * Source: `shmem_kernel_file_setup` and its callers, fs/proc names of ipc/shm.c, mm/memfd.c, mm/shmem.c.
 * @param fsType the file system, such as `tmpfs` or `bdev`.
 * @param path the name that the kernel keeps, with or without a slash before it.
 */
export function kindOfUnmounted(fsType: string, path: ByteString): FileKind {
  const name = path.startsWith('/') ? path.slice(1) : path;
  if (fsType === 'bdev') return { kind: 'block-device', note: 'metadata of the file system on it' };
  if (fsType === 'tmpfs' || fsType === 'hugetlbfs') {
    if (name.startsWith('memfd:')) return { kind: 'memfd' };
    if (/^SYSV[\da-f]{8}\b/.test(name)) return { kind: 'sysv-segment' };
    if (/^dev\/zero\b/.test(name)) return { kind: 'file', note: 'anonymous memory shared by processes' };
    if (/^(i915|drm mm object|xe|vgem)\b/.test(name)) return { kind: 'gpu' };
  }
  return { kind: 'file', note: 'not mounted where it can be seen' };
}

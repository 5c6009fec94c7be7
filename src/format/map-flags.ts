/** Flags of BPF maps, with the kernel's names. */

/** Source: include/uapi/linux/bpf.h, the `BPF_F_*` of BPF_MAP_CREATE, in the order of their bits. */
const MAP_FLAGS = [
  'NO_PREALLOC',
  'NO_COMMON_LRU',
  'NUMA_NODE',
  'RDONLY',
  'WRONLY',
  'STACK_BUILD_ID',
  'ZERO_SEED',
  'RDONLY_PROG',
  'WRONLY_PROG',
  'CLONE',
  'MMAPABLE',
  'PRESERVE_ELEMS',
  'INNER_MAP',
  'LINK',
  'PATH_FD',
  'VTYPE_BTF_OBJ_FD',
  'TOKEN_FD',
  'SEGV_ON_FAULT',
  'NO_USER_CONV',
  'RB_OVERWRITE',
] as const;

/**
 * Formats flags without `BPF_F_`: `NO_PREALLOC|RDONLY_PROG`; unknown bits in hexadecimal, no flags as `-`.
 */
export function formatMapFlags(flags: number): string {
  const known = MAP_FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0);
  const unknown = Math.floor(flags / 2 ** MAP_FLAGS.length) * 2 ** MAP_FLAGS.length;
  const words = [...known, ...(unknown === 0 ? [] : [`0x${unknown.toString(16)}`])];
  return words.length === 0 ? '-' : words.join('|');
}

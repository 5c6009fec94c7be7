/**
 * `/proc/<pid>/fdinfo/<fd>`: one `key:<tab>value` per line. The first four keys (`pos`, `flags`, `mnt_id`,
 * `ino`) are common to all files; the others depend on the type of the file. For a BPF map on 6.18:
 * `map_type`, `key_size`, `value_size`, `max_entries`, `map_flags`, `map_extra`, `memlock`, `map_id`,
 * `frozen`.
 */
import { malformed, parseCounter } from '../number.ts';
import { readPseudoFile } from '../pseudo-file.ts';

/** A fdinfo file as printed by the kernel, by key. Source: proc_pid_fdinfo(5). */
export interface Fdinfo {
  readonly path: string;
  readonly values: ReadonlyMap<string, string>;
}

/**
 * The key-value pairs of a fdinfo file. Lines in other formats (inotify and epoll print several pairs per
 * line) are dropped.
 * Source: proc_pid_fdinfo(5). Since: Linux 2.6.22.
 */
export function parseFdinfo(text: string, path: string): Fdinfo {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (line[colon + 1] === '\t') values.set(line.slice(0, colon), line.slice(colon + 2));
  }
  return { path, values };
}

/**
 * The fdinfo of a file descriptor.
 * @throws KernelFileError with the errno: `ENOENT` if the descriptor is closed or the process no longer
 * exists.
 */
export function readFdinfo(fd: number | string, pid: number | 'self' = 'self', procRoot = '/proc'): Fdinfo {
  const path = `${procRoot}/${pid}/fdinfo/${fd}`;
  return parseFdinfo(readPseudoFile(path), path);
}

/** The fdinfo of a BPF map. Source: `bpf_map_show_fdinfo()` in `kernel/bpf/syscall.c`. */
export interface MapFdinfo {
  map_id: number;
  /** `BPF_MAP_TYPE_*` as a number. */
  map_type: number;
  /** Unit: bytes. */
  key_size: number;
  /** Unit: bytes. */
  value_size: number;
  max_entries: number;
  map_flags: number;
  /**
   * Since Linux 6.4 close to the allocated memory; before, an estimate from `max_entries` that is 0 for a
   * ring buffer and about half for a hash. Unit: bytes.
   */
  memlock: number;
  /** User space can no longer write to it. Since: Linux 5.2. */
  frozen: boolean | undefined;
  /**
   * The type of the programs that may use a prog_array; absent for other maps and until the first program
   * uses it.
   */
  owner_prog_type: number | undefined;
  owner_jited: boolean | undefined;
}

/**
 * Parses the fdinfo of a map; absent if it is not a map. Since: Linux 4.13 (`map_id`).
 * Source: `bpf_map_show_fdinfo` in kernel/bpf/syscall.c.
 * @throws KernelFileError if a key is missing or not a number.
 */
export function mapFdinfo(fdinfo: Fdinfo): MapFdinfo | undefined {
  if (!fdinfo.values.has('map_type')) return undefined;
  return {
    map_id: number(fdinfo, 'map_id'),
    map_type: number(fdinfo, 'map_type'),
    key_size: number(fdinfo, 'key_size'),
    value_size: number(fdinfo, 'value_size'),
    max_entries: number(fdinfo, 'max_entries'),
    map_flags: hex(fdinfo, 'map_flags'),
    memlock: number(fdinfo, 'memlock'),
    frozen: flag(fdinfo, 'frozen'),
    owner_prog_type: optionalNumber(fdinfo, 'owner_prog_type'),
    owner_jited: flag(fdinfo, 'owner_jited'),
  };
}

/** The fdinfo of a BPF program. Source: `bpf_prog_show_fdinfo()` in `kernel/bpf/syscall.c`. */
export interface ProgramFdinfo {
  prog_id: number;
  /** `BPF_PROG_TYPE_*` as a number. */
  prog_type: number;
  /** 16 hex digits. */
  prog_tag: string;
  /** Pages of the main function only, without subprograms and machine code. Unit: bytes. */
  memlock: number;
}

/**
 * Parses the fdinfo of a program; absent if it is not a program. Since: Linux 4.13 (`prog_id`).
 * Source: `bpf_prog_show_fdinfo` in kernel/bpf/syscall.c.
 * @throws KernelFileError if a key is missing or not a number.
 */
export function programFdinfo(fdinfo: Fdinfo): ProgramFdinfo | undefined {
  if (!fdinfo.values.has('prog_type')) return undefined;
  return {
    prog_id: number(fdinfo, 'prog_id'),
    prog_type: number(fdinfo, 'prog_type'),
    prog_tag: required(fdinfo, 'prog_tag'),
    memlock: number(fdinfo, 'memlock'),
  };
}

/** The fdinfo of a BPF link. Source: `bpf_link_show_fdinfo()` in `kernel/bpf/syscall.c`. */
export interface LinkFdinfo {
  link_id: number;
  /** The kernel's name of the link type, such as `tracing`; `<14>` if it has no name. */
  link_type: string;
  /** The attached program; absent for a link without one (struct_ops). */
  prog_id: number | undefined;
  /**
   * The map that the link references: for struct_ops, a map element iterator or a sockmap; absent for others.
   */
  map_id: number | undefined;
}

/**
 * Parses the fdinfo of a link; absent if it is not a link. Since: Linux 5.8.
 * Source: `bpf_link_show_fdinfo` in kernel/bpf/syscall.c.
 * @throws KernelFileError if a key is missing or not a number.
 */
export function linkFdinfo(fdinfo: Fdinfo): LinkFdinfo | undefined {
  const link_type = fdinfo.values.get('link_type');
  if (link_type === undefined) return undefined;
  return {
    link_id: number(fdinfo, 'link_id'),
    link_type,
    prog_id: optionalNumber(fdinfo, 'prog_id'),
    map_id: optionalNumber(fdinfo, 'map_id'),
  };
}

function required(fdinfo: Fdinfo, key: string): string {
  const value = fdinfo.values.get(key);
  if (value === undefined) throw malformed(fdinfo.path, undefined, `no ${key}`);
  return value;
}

function number(fdinfo: Fdinfo, key: string): number {
  return parseCounter(required(fdinfo, key), fdinfo.path);
}

function optionalNumber(fdinfo: Fdinfo, key: string): number | undefined {
  const value = fdinfo.values.get(key);
  return value === undefined ? undefined : parseCounter(value, fdinfo.path);
}

function hex(fdinfo: Fdinfo, key: string): number {
  const value = required(fdinfo, key);
  if (!/^0x[0-9a-f]{1,8}$/.test(value)) throw malformed(fdinfo.path, undefined, `invalid ${key} '${value}'`);
  return Number(value);
}

function flag(fdinfo: Fdinfo, key: string): boolean | undefined {
  const value = optionalNumber(fdinfo, key);
  return value === undefined ? undefined : value !== 0;
}

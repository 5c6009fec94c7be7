import { readdirSync, readlinkSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';
import {
  type LinkFdinfo,
  linkFdinfo,
  type MapFdinfo,
  mapFdinfo,
  type ProgramFdinfo,
  programFdinfo,
  readFdinfo,
} from './fdinfo.ts';

/** The BPF objects that some processes hold open, each listed once, by id. */
export interface HeldBpf {
  maps: Map<number, MapFdinfo>;
  programs: Map<number, ProgramFdinfo>;
  links: Map<number, LinkFdinfo>;
  /** Processes whose descriptors are not accessible: another user's, or not dumpable. */
  unreadablePids: number[];
}

/**
 * What the links in `/proc/<pid>/fd` of BPF objects point to. Source: the names given to
 * `anon_inode_getfd()`.
 */
const BPF_TARGETS: ReadonlySet<string> = new Set([
  'anon_inode:bpf-map',
  'anon_inode:bpf-prog',
  'anon_inode:bpf_link',
  'anon_inode:bpf-link',
  // Linux 4.17 to 5.7: raw tracepoints have their own file type, whose fdinfo contains the program's id.
  'anon_inode:bpf-raw-tracepoint',
]);

/**
 * The BPF objects that these processes hold open. Processes and descriptors that disappear meanwhile are
 * skipped.
 *
 * A program that is attached through a perf event, netlink or a cgroup without a link has no descriptor and
 * is not found.
 * Source: `/proc/<pid>/fd` and `/proc/<pid>/fdinfo`, proc_pid_fdinfo(5). Since: Linux 4.13; links since 5.8.
 * Needs permission to ptrace the process (CAP_SYS_PTRACE for processes of other users).
 * @throws KernelFileError if the contents of a kernel file are unexpected.
 */
export function collectHeldBpf(pids: Iterable<number>, procRoot = '/proc'): HeldBpf {
  const held: HeldBpf = { maps: new Map(), programs: new Map(), links: new Map(), unreadablePids: [] };
  for (const pid of pids) {
    try {
      for (const fd of readdirSync(`${procRoot}/${pid}/fd`)) collectDescriptor(held, pid, fd, procRoot);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EACCES' || errno === 'EPERM') held.unreadablePids.push(pid);
      else if (errno !== 'ENOENT' && errno !== 'ESRCH') throw error;
    }
  }
  return held;
}

function collectDescriptor(held: HeldBpf, pid: number, fd: string, procRoot: string): void {
  try {
    if (!BPF_TARGETS.has(readlinkSync(`${procRoot}/${pid}/fd/${fd}`))) return;
    const fdinfo = readFdinfo(fd, pid, procRoot);
    // The descriptor may have been closed and its number reused: only the opened file shows its type.
    const map = mapFdinfo(fdinfo);
    if (map !== undefined) held.maps.set(map.map_id, map);
    const program = programFdinfo(fdinfo);
    if (program !== undefined) held.programs.set(program.prog_id, program);
    const link = linkFdinfo(fdinfo);
    if (link !== undefined) held.links.set(link.link_id, link);
  } catch (error) {
    // A file whose path is longer than the kernel writes is not a BPF object.
    const errno = errnoOf(error);
    if (errno !== 'ENOENT' && errno !== 'ENAMETOOLONG') throw error;
  }
}

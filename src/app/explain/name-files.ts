/** Files of a page scan with the paths that the processes of a cgroup see. */
import { readlinkSync } from 'node:fs';
import type { ObjectTotals } from '../../kernel/bpf/scan/object-sums.ts';
import type { ScanFile, ScanName } from '../../kernel/bpf/scan/scan-names.ts';
import type { FilePaths } from '../../sampler/explain/file-paths.ts';
import type { OtherMappers, OtherMapping } from '../../sampler/explain/other-mappers.ts';
import { decodeName } from './decode-name.ts';
import type { Holders } from './gather-holders.ts';
import type { FilePart } from './tree/parts.ts';

/** What the files of a kind are named with. */
export interface NameSources {
  paths: Pick<FilePaths, 'resolve'>;
  holders: Pick<Holders, 'isHeld' | 'reclaimOf' | 'usersOf'>;
  /** Absent where they are not looked for. */
  others?: Pick<OtherMappers, 'of'> | undefined;
}

/** A file under its path, or its numbers if it has none. */
export function shownFile(
  path: string | undefined,
  { device, inode }: FileLabel,
): { name: string; path?: string } {
  if (path === undefined) return { name: `inode ${inode} on ${device}` };
  return { name: path.slice(path.lastIndexOf('/') + 1) || path, path };
}

interface FileLabel {
  device: string;
  inode: number | string;
}

/** A file as a part of the tree; one whose name is gone keeps its size. */
export function namedFile(totals: ObjectTotals, name: ScanName, sources: NameSources): FilePart {
  const part = ownPart(totals, name, sources);
  if (name?.kind !== 'file') return part;
  const others = sources.others?.of({ device: name.device, inode: String(name.inode) });
  if (others === undefined) return part;
  const notes = [part.note, describeOthers(others)].filter((note) => note !== undefined);
  return { ...part, otherMappers: others.count, note: notes.join('; ') };
}

function describeOthers({ count, processes }: OtherMapping): string {
  const named = processes.map(({ pid, comm }) => `${decodeName(comm)} ${pid}`).join(', ');
  const more = count > processes.length ? ', ...' : '';
  const who = count === 1 ? '1 process' : `${count} processes`;
  return `also mapped by ${who} of other cgroups: ${named}${more}`;
}

function ownPart(totals: ObjectTotals, name: ScanName, sources: NameSources): FilePart {
  const { bytes, dirtyBytes, activeBytes, mappedBytes } = totals;
  const sizes = { bytes, dirtyBytes, activeBytes, mappedBytes };
  if (name?.kind !== 'file') {
    return { ...sizes, kind: 'deleted-file', name: 'a file that is gone', fsType: '' };
  }
  const fsType = name.fileSystem;
  const isHeld = sources.holders.isHeld(name);
  if (name.special !== undefined) {
    const reclaim = sources.holders.reclaimOf(name);
    const special = specialFile(name, sources);
    const notes = [usersNote(sources.holders.usersOf(name)), special.note].filter(
      (note) => note !== undefined,
    );
    return { ...sizes, ...special, note: notes.join('; ') || undefined, fsType, isHeld, reclaim };
  }
  if (name.components === undefined) {
    const kind = name.isDeleted ? 'deleted-file' : 'file';
    return { ...sizes, kind, ...shownFile(undefined, name), fsType, isHeld };
  }
  const own = `/${name.components.join('/')}`;
  const { path, seenBy, mountPoint, mountType } = sources.paths.resolve({
    device: name.device,
    path: own,
    fsType,
  });
  return {
    ...sizes,
    kind: name.isDeleted ? 'deleted-file' : 'file',
    ...shownFile(decodeName(`${name.isTruncated ? '…' : ''}${path}`), name),
    fsType: mountType ?? fsType,
    mount: mountPoint === undefined ? undefined : decodeName(mountPoint),
    isHeld,
    note: noteOf(name, seenBy),
  };
}

/** The path of a file; undefined if it has none. */
export function pathOf(name: ScanName, sources: NameSources): string | undefined {
  if (name?.kind !== 'file' || name.special !== undefined || name.components === undefined) return undefined;
  const [fsType, own] = [name.fileSystem, `/${name.components.join('/')}`];
  return decodeName(sources.paths.resolve({ device: name.device, path: own, fsType }).path);
}

function noteOf(name: ScanFile, seenBy: 'processes' | 'host' | 'none'): string | undefined {
  const notes = [
    ...(name.isDeleted ? ['deleted'] : []),
    ...(name.fileType === 'directory' ? ['directory'] : []),
    ...(seenBy === 'none' ? [`not mounted here; path in its ${name.fileSystem} file system`] : []),
    ...(seenBy === 'host' ? ['path of the host'] : []),
  ];
  return notes.length === 0 ? undefined : notes.join('; ');
}

function usersNote([...pids]: readonly number[]): string | undefined {
  if (pids.length === 0) return undefined;
  return `mapped by ${pids.slice(0, MAX_USERS).join(', ')}${pids.length > MAX_USERS ? ' and others' : ''}`;
}

/** More processes that map a file are not listed. */
const MAX_USERS = 3;

function specialFile(
  { special }: ScanFile,
  { paths }: NameSources,
): Pick<FilePart, 'kind' | 'name' | 'note'> {
  switch (special?.type) {
    case 'memfd':
      return { kind: 'memfd', name: `memfd:${decodeName(special.name)}` };
    case 'sysv': {
      const key = `0x${special.key.toString(16).padStart(8, '0')}`;
      return { kind: 'sysv-segment', name: `System V segment ${key}` };
    }
    case 'shared-anon':
      return { kind: 'memfd', name: 'shared anonymous memory', note: '/dev/zero in maps' };
    case 'block-device': {
      const { path, seenBy } = paths.resolve({ device: special.device, path: '/', fsType: '' });
      const where = seenBy === 'none' ? 'on it' : `on ${decodeName(path)}`;
      return {
        kind: 'block-device',
        name: `block device ${blockDeviceName(special.device)}`,
        note: `metadata of the file system ${where}, or its contents`,
      };
    }
    default:
      return { kind: 'memfd', name: decodeName(special?.name ?? ''), note: 'memory of a kernel driver' };
  }
}

/** The name in /dev with the numbers, which stay without one. Source: /sys/dev/block. */
function blockDeviceName(device: string): string {
  try {
    const target = readlinkSync(`/sys/dev/block/${device}`, 'latin1');
    return `${decodeName(target.slice(target.lastIndexOf('/') + 1))} (${device})`;
  } catch {
    return device;
  }
}

/** Page cache by file, and memory of file systems in memory by mount. */
import type { MemoryNode, Reclaim } from '../../../model/explain/explanation.ts';
import { parentNode, sumOf } from '../../../model/explain/memory-tree.ts';
import type { FilePart } from './parts.ts';

/** The remark on memory that stays although no process uses it. */
export const UNHELD_NOTE = 'no process holds it: stays after the target';

/** The page cache by file. `bytes` is that of all its pages. */
export function fileNodes(bytes: number, files: readonly FilePart[]): MemoryNode {
  const nodes = files.map((file) =>
    fileNode(file, file.dirtyBytes * 2 > file.bytes ? 'dirty' : 'reclaimable'),
  );
  return parentNode({ kind: 'class', name: 'file' }, [...nodes, ...restOf(bytes, nodes, 'reclaimable')]);
}

/**
 * Memory of tmpfs by mount and file, of memfd, System V segments and shared anonymous memory. What has a name
 * stays without a process; the rest is freed with the last process that holds it.
 */
export function shmemNodes(bytes: number, files: readonly FilePart[]): MemoryNode {
  const byMount = new Map<string, MemoryNode[]>();
  const single: MemoryNode[] = [];
  for (const file of files) {
    // Memory is never written back: the kernel marks all of it as dirty.
    const node = fileNode({ ...file, dirtyBytes: 0 }, shmemReclaim(file));
    if (file.mount === undefined) single.push(node);
    else byMount.set(file.mount, [...(byMount.get(file.mount) ?? []), node]);
  }
  const mounts = [...byMount].map(([mount, nodes]) =>
    parentNode({ kind: 'mount', name: mount, count: nodes.length }, nodes),
  );
  const nodes = [...mounts, ...single];
  return parentNode({ kind: 'class', name: 'shmem' }, [...nodes, ...restOf(bytes, nodes, 'process')]);
}

function shmemReclaim({ kind, isHeld, reclaim }: FilePart): Reclaim {
  if (reclaim !== undefined) return reclaim;
  return kind === 'file' || (kind === 'sysv-segment' && isHeld !== true) ? 'persistent' : 'process';
}

function fileNode(file: FilePart, reclaim: Reclaim): MemoryNode {
  const { kind, name, path, fsType, mount, bytes, dirtyBytes, activeBytes, mappedBytes, count, directory } =
    file;
  const notes = [file.note, isUnheld(file) ? UNHELD_NOTE : undefined].filter((note) => note !== undefined);
  return {
    kind,
    name,
    bytes,
    reclaim,
    ...(path === undefined ? {} : { path }),
    ...(fsType === '' ? {} : { fsType }),
    ...(mount === undefined ? {} : { mount }),
    ...(dirtyBytes === 0 ? {} : { dirtyBytes }),
    ...(activeBytes === undefined ? {} : { activeBytes }),
    ...(mappedBytes === undefined ? {} : { mappedBytes }),
    ...(count === undefined ? {} : { count }),
    ...(directory === undefined ? {} : { directory }),
    ...(file.otherMappers === undefined ? {} : { otherMappers: file.otherMappers }),
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
  };
}

/** Whether it stays in memory although no process uses it. */
function isUnheld({ kind, isHeld }: FilePart): boolean {
  return isHeld === false && (kind === 'file' || kind === 'sysv-segment');
}

function restOf(bytes: number, nodes: readonly MemoryNode[], reclaim: Reclaim): MemoryNode[] {
  const rest = bytes - sumOf(nodes, 'bytes');
  return rest <= 0 ? [] : [{ kind: 'others', name: 'files without a name', bytes: rest, reclaim }];
}

/** Files that a cgroup uses and others pay for. */
import { openLibc } from '../../kernel/bpf/sys/libc.ts';
import { takeSteps } from '../../kernel/steps.ts';
import type { MemoryNode, MissingTerm } from '../../model/explain/explanation.ts';
import { parentNode } from '../../model/explain/memory-tree.ts';
import type { ProcessMemories } from '../../sampler/explain/process-memory.ts';
import { readUsedFiles } from '../../sampler/explain/used-files.ts';
import { decodeName } from './decode-name.ts';
import { missingTerms } from './gather-processes.ts';

/** Charged to the cgroup itself, by device and inode number. Unit: bytes. */
export type ChargedFiles = ReadonlyMap<string, number>;

/** The key of a file. */
export function fileKey(device: string, inode: number | string): string {
  return `${device} ${inode}`;
}

/** The files in use, with what is cached of them beyond what the cgroup is charged for. */
export async function gatherUsed(
  pids: readonly number[],
  processes: ProcessMemories,
  charged: ChargedFiles,
  pause: () => Promise<void>,
): Promise<{ beside: MemoryNode[]; missing: MissingTerm[] }> {
  const libc = await openLibc();
  const { files, missing } = await takeSteps(readUsedFiles(libc.memory(), pids, processes.files), pause);
  const nodes = files
    .map(({ device, inode, name, pids: users, cachedBytes }): MemoryNode => {
      const path = name === undefined ? undefined : decodeName(name);
      const bytes = Math.max(0, cachedBytes - (charged.get(fileKey(device, inode)) ?? 0));
      const shown = path ?? `inode ${inode} on ${device}`;
      const note = `used by ${users.join(', ')}`;
      return {
        kind: 'file',
        name: shown.slice(shown.lastIndexOf('/') + 1) || shown,
        ...(path === undefined ? {} : { path }),
        bytes,
        reclaim: 'reclaimable',
        note,
      };
    })
    .filter(({ bytes }) => bytes > 0);
  const title = 'files in use that other cgroups pay for';
  const group = parentNode({ kind: 'class', name: title, count: nodes.length }, nodes);
  return { beside: nodes.length === 0 ? [] : [group], missing: missingTerms(missing) };
}

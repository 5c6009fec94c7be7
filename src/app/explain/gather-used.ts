/** Files that a cgroup uses and others pay for. */
import { openLibc } from '../../kernel/bpf/sys/libc.ts';
import { fileKey } from '../../kernel/file-number.ts';
import { takeSteps } from '../../kernel/steps.ts';
import type { MemoryNode, MissingTerm } from '../../model/explain/explanation.ts';
import { parentNode } from '../../model/explain/memory-tree.ts';
import type { ProcessMemories } from '../../sampler/explain/process-memory.ts';
import { readUsedFiles } from '../../sampler/explain/used-files.ts';
import { decodeName } from './decode-name.ts';
import { missingTerms } from './gather-processes.ts';
import { shownFile } from './name-files.ts';
import type { FilePart } from './tree/parts.ts';

/** Charged to the cgroup itself, by device and inode number. Unit: bytes. */
export type ChargedFiles = ReadonlyMap<string, number>;

/**
 * Files that a cgroup uses and that are cached, for where pages cannot be scanned: which cgroup is charged
 * for them is unknown. `bytes` of all of them are at most those of the page cache of the cgroup.
 */
export async function gatherCandidates(
  pids: readonly number[],
  processes: ProcessMemories,
  fileBytes: number,
  pause: () => Promise<void>,
): Promise<FilePart[]> {
  const calls = (await openLibc()).memory();
  const options = { withoutCachestat: calls };
  const { files } = await takeSteps(readUsedFiles(calls, pids, processes.files, options), pause);
  const sum = files.reduce((bytes, { cachedBytes }) => bytes + cachedBytes, 0);
  const factor = sum > fileBytes ? fileBytes / sum : 1;
  return files.map(({ name, device, inode, cachedBytes, dirtyBytes }) => {
    const path = name === undefined ? undefined : decodeName(name);
    return {
      kind: 'file',
      ...shownFile(path, { device, inode }),
      fsType: '',
      bytes: Math.floor(cachedBytes * factor),
      dirtyBytes: Math.floor(dirtyBytes * factor),
      activeBytes: 0,
      mappedBytes: 0,
      note: 'in use and cached; the cgroup that is charged for it is unknown',
    };
  });
}

/** The files in use, with what is cached of them beyond what the cgroup is charged for. */
export async function gatherUsed(
  pids: readonly number[],
  processes: ProcessMemories,
  charged: ChargedFiles,
  pause: () => Promise<void>,
): Promise<{ beside: MemoryNode[]; missing: MissingTerm[] }> {
  const calls = (await openLibc()).memory();
  const { files, missing } = await takeSteps(readUsedFiles(calls, pids, processes.files), pause);
  const nodes = files
    .map(({ device, inode, name, pids: users, cachedBytes }): MemoryNode => {
      const path = name === undefined ? undefined : decodeName(name);
      const bytes = Math.max(0, cachedBytes - (charged.get(fileKey(device, inode)) ?? 0));
      const note = `used by ${users.join(', ')}`;
      return {
        kind: 'file',
        ...shownFile(path, { device, inode }),
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

/** Files that a cgroup uses and others pay for. */
import { ToolError } from '../../errors.ts';
import { openLibc } from '../../kernel/bpf/sys/libc.ts';
import { fileKey } from '../../kernel/file-number.ts';
import { takeSteps } from '../../kernel/steps.ts';
import type { MemoryNode, MissingTerm } from '../../model/explain/explanation.ts';
import { parentNode } from '../../model/explain/memory-tree.ts';
import type { ProcessMemories } from '../../sampler/explain/process-memory.ts';
import { readUsedFiles, type UsedFile } from '../../sampler/explain/used-files.ts';
import { decodeName } from './decode-name.ts';
import { missingTerms } from './gather-processes.ts';
import { shownFile } from './name-files.ts';
import { orToolError } from './scan-readers.ts';
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
): Promise<{ files: FilePart[]; missing: MissingTerm[] }> {
  const { files, missing } = await readUsed(pids, processes, pause, true);
  const sum = files.reduce((bytes, { cachedBytes }) => bytes + cachedBytes, 0);
  const factor = sum > fileBytes ? fileBytes / sum : 1;
  const parts = files.map(({ name, device, inode, cachedBytes, dirtyBytes }): FilePart => {
    return {
      kind: 'file',
      ...shownFile(name === undefined ? undefined : decodeName(name), { device, inode }),
      fsType: '',
      bytes: Math.floor(cachedBytes * factor),
      dirtyBytes: Math.floor(dirtyBytes * factor),
      activeBytes: undefined,
      mappedBytes: undefined,
      note: 'in use and cached; the cgroup that is charged for it is unknown',
    };
  });
  return { files: parts, missing };
}

/** The files in use, with what is cached of them beyond what the cgroup is charged for. */
export async function gatherUsed(
  pids: readonly number[],
  processes: ProcessMemories,
  charged: ChargedFiles,
  pause: () => Promise<void>,
): Promise<{ beside: MemoryNode[]; missing: MissingTerm[] }> {
  const { files, missing } = await readUsed(pids, processes, pause, false);
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
  return { beside: nodes.length === 0 ? [] : [group], missing };
}

/** The files that processes use; none where the C library cannot be called. */
async function readUsed(
  pids: readonly number[],
  { files }: ProcessMemories,
  pause: () => Promise<void>,
  mapsFiles: boolean,
): Promise<{ files: UsedFile[]; missing: MissingTerm[] }> {
  const libc = await orToolError(openLibc);
  if (libc instanceof ToolError) {
    const { message: reason, hint } = libc;
    return {
      files: [],
      missing: missingTerms([{ what: 'files in use', reason, ...(hint === undefined ? {} : { hint }) }]),
    };
  }
  const calls = libc.memory();
  const options = mapsFiles ? { withoutCachestat: calls } : {};
  const used = await takeSteps(readUsedFiles(calls, pids, files, options), pause);
  return { files: used.files, missing: missingTerms(used.missing) };
}

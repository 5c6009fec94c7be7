/** Kernel memory that belongs to processes: stacks, page tables, pipes, sockets, and memory of devices. */
import { statSync } from 'node:fs';
import { directoryOfPid, type FoundCgroup } from '../../cgroup/find-cgroup.ts';
import { visitNested } from '../../cgroup/subtree.ts';
import { plural } from '../../format/plural.ts';
import type { ChargedMemory, MemoryNode, MissingTerm } from '../../model/explain/explanation.ts';
import { parentNode } from '../../model/explain/memory-tree.ts';
import { measureThreadStack, readDeviceMemory, topLevelTable } from '../../sampler/explain/kernel-terms.ts';
import { type PipeMemory, readPipes } from '../../sampler/explain/pipes.ts';
import type { ProcessMemories } from '../../sampler/explain/process-memory.ts';
import { readSockets, type SocketMemory } from '../../sampler/explain/sockets.ts';
import { tryStat } from '../../try-stat.ts';
import { decodeName } from './decode-name.ts';
import { missingTerms } from './gather-processes.ts';
import type { ScanReaders } from './scan-readers.ts';
import { partNode } from './tree/kernel-nodes.ts';
import type { KernelPart } from './tree/parts.ts';

/** More pipes or sockets are one line. */
const MAX_LISTED = 500;

/** What was read. */
export interface GatheredKernel {
  /** In pages of the kernel. */
  pages: KernelPart[];
  /** In the counter `sock` of memory.stat. */
  sockets: KernelPart[];
  beside: MemoryNode[];
  missing: MissingTerm[];
}

/**
 * Reads the kernel memory of the processes of a cgroup. Without `readers`, pipes and sockets are left out:
 * why is known already.
 */
export function gatherKernel(
  cgroup: FoundCgroup & { cgroupIds: ReadonlySet<bigint> },
  processes: ProcessMemories,
  { stat }: ChargedMemory,
  readers: Pick<ScanReaders, 'bpf' | 'objects'> | undefined,
): GatheredKernel {
  const pids = processes.processes.map(({ pid }) => pid);
  const devices = readDeviceMemory(cgroup.directory, cgroup.version);
  const gathered: GatheredKernel = {
    pages: [...stackParts(processes, stat.kernel_stack), ...topTableParts(processes)],
    sockets: [],
    beside: deviceNodes(devices),
    missing: missingTerms(devices.missing),
  };
  if (readers === undefined) return gathered;
  const { bpf, objects } = readers;
  const pipes = readPipes(bpf, objects['pipe-iterator'], pids);
  const sockets = readSockets(bpf, objects['socket-iterators'], {
    pids,
    cgroupIds: cgroup.cgroupIds,
    version: cgroup.version,
  });
  const commands = new Map(processes.processes.map(({ pid, comm }) => [pid, comm]));
  const ofCharge = (charge: SocketMemory['charge']) =>
    limited(
      sockets.sockets
        .filter((socket) => socket.charge === charge)
        .map((socket) => socketPart(socket, commands)),
      'socket',
    );
  gathered.pages.push(
    ...limited(
      pipes.pipes.map((pipe) => pipePart(pipe, commands)),
      'pipe',
    ),
  );
  gathered.pages.push(...ofCharge('kernel'));
  gathered.sockets.push(...ofCharge('sock'));
  gathered.beside.push(...freeSockets(ofCharge('none')));
  gathered.missing.push(...missingTerms([...pipes.missing, ...sockets.missing]));
  return gathered;
}

/**
 * The maps of a scan, which other parts do not contain.
 * @param isOurs whether the cgroup of this process is among those that are explained.
 */
export function ownScanParts({ ownBytes }: { ownBytes: number }, isOurs: boolean): KernelPart[] {
  if (!isOurs) return [];
  const note = 'this scan of the pages; freed at its end';
  return [{ kind: 'bpf-map', name: 'maps of cmemstat', bytes: ownBytes, note }];
}

/** The inode number of the cgroup of this process; undefined if it is not visible. */
export function ownCgroupId(): bigint | undefined {
  const directory = directoryOfPid(process.pid);
  return directory === undefined ? undefined : tryStat(directory)?.ino;
}

function stackParts({ processes }: ProcessMemories, kernelStackBytes: number | undefined): KernelPart[] {
  const total = processes.reduce((sum, { threads = 1 }) => sum + threads, 0);
  const { bytes } = measureThreadStack(
    kernelStackBytes === undefined || total === 0 ? undefined : { bytes: kernelStackBytes, threads: total },
  );
  return processes.map(({ pid, comm, threads = 1 }) => ({
    kind: 'kernel-stacks',
    name: comm,
    pid,
    count: threads,
    bytes: bytes * threads,
  }));
}

/** Before Linux 6.16, the kernel does not count the top level as a page table. */
function topTableParts({ processes }: ProcessMemories): KernelPart[] {
  const { bytes, isCounted } = topLevelTable();
  if (isCounted) return [];
  return processes
    .filter(({ detail }) => detail !== 'none')
    .map(({ pid, comm }) => ({ kind: 'page-tables', name: comm, pid, bytes }));
}

function pipePart(pipe: PipeMemory, commands: ReadonlyMap<number, string>): KernelPart {
  const { inode, pids, bytes, dataBytes, isSharedOutside } = pipe;
  const notes = [
    `${dataBytes} bytes of data`,
    ...holders(pids, commands),
    ...(isSharedOutside ? ['also open outside the cgroup'] : []),
  ];
  return { kind: 'pipe', name: `pipe:[${inode}]`, bytes, pid: pids[0], note: notes.join('; ') };
}

function socketPart(socket: SocketMemory, commands: ReadonlyMap<number, string>): KernelPart {
  const { protocol, name, state, pids, charge, bytes, pageBytes, unreadBytes, unsentBytes, note } = socket;
  const inPages = charge === 'kernel' ? pageBytes : bytes;
  const notes = [
    state,
    ...(unreadBytes > 0 ? [`${unreadBytes} bytes unread`] : []),
    ...(unsentBytes > 0 ? [`${unsentBytes} bytes unsent`] : []),
    ...(bytes > inPages ? [`${bytes - inPages} bytes more in slab caches`] : []),
    ...holders(pids, commands),
    ...(note === undefined ? [] : [note]),
  ];
  return {
    kind: 'socket',
    name: `${protocol} ${decodeName(name)}`.trimEnd(),
    bytes: inPages,
    pid: pids[0],
    note: notes.join('; '),
  };
}

function holders(pids: readonly number[], commands: ReadonlyMap<number, string>): string[] {
  const names = pids.map((pid) => `${commands.get(pid) ?? '?'} ${pid}`);
  return names.length === 0 ? [] : [`open in ${names.join(', ')}`];
}

/** The largest, and one part for the rest. */
function limited(parts: readonly KernelPart[], kind: 'pipe' | 'socket'): KernelPart[] {
  const sorted = parts.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const rest = sorted.slice(MAX_LISTED);
  if (rest.length === 0) return sorted;
  const bytes = rest.reduce((sum, part) => sum + part.bytes, 0);
  return [
    ...sorted.slice(0, MAX_LISTED),
    { kind, name: `${plural(rest.length, kind)} more`, bytes, count: rest.length },
  ];
}

function freeSockets(parts: readonly KernelPart[]): MemoryNode[] {
  if (parts.length === 0) return [];
  const nodes = parts.map((part) => partNode(part, 'process'));
  return [
    parentNode({ kind: 'socket', name: 'socket buffers, charged to no cgroup', count: nodes.length }, nodes),
  ];
}

function deviceNodes({ hugetlb = [], dmem = [] }: ReturnType<typeof readDeviceMemory>): MemoryNode[] {
  return [
    ...hugetlb.map(({ pageSize, bytes }): MemoryNode => {
      return { kind: 'hugetlb', name: `hugetlb pages of ${pageSize}`, bytes, reclaim: 'process' };
    }),
    ...dmem.map(({ region, bytes }): MemoryNode => {
      return { kind: 'gpu', name: `device memory ${region}`, bytes, reclaim: 'process' };
    }),
  ].filter(({ bytes }) => bytes > 0);
}

/** The inode numbers of the cgroup's directory and those below it. */
export function cgroupIdsOf({ directory }: FoundCgroup): ReadonlySet<bigint> {
  const ids = new Set<bigint>();
  // Their names may be anything: what is shown may not be their path.
  const add = (path: string | Buffer) => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat !== undefined) ids.add(stat.ino);
  };
  add(directory);
  visitNested(directory, add);
  return ids;
}

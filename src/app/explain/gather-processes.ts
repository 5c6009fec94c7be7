/** The processes of a cgroup as parts of its tree, and what they have beside it. */
import { formatCommand } from '../../format/safe-text.ts';
import { fileKey } from '../../kernel/file-number.ts';
import type { MemoryKind, MemoryNode, MissingTerm } from '../../model/explain/explanation.ts';
import { parentNode } from '../../model/explain/memory-tree.ts';
import type { AnonGroup, SpecialMapping } from '../../sampler/explain/mapping-groups.ts';
import type { Missing } from '../../sampler/explain/missing.ts';
import type { ProcessMemories, ProcessMemory } from '../../sampler/explain/process-memory.ts';
import { decodeName } from './decode-name.ts';
import type { MappingPart, ProcessPart } from './tree/parts.ts';

/** A longer command line is cut. Unit: characters. */
const MAX_COMMAND_LENGTH = 200;

/** A process as a part of the tree. */
export function processPart(process: ProcessMemory): ProcessPart {
  const { pid, comm, command, user, uid, threads = 1, groups, anonBytes = 0, pageTableBytes = 0 } = process;
  const owner = user ?? (uid === undefined ? undefined : String(uid));
  const anon =
    groups.length > 0 || anonBytes === 0
      ? groups.map(mappingPart)
      : [{ name: 'anonymous memory', bytes: anonBytes, note: process.reason }];
  return {
    pid,
    command: shownCommand(comm, command),
    ...(owner === undefined ? {} : { user: owner }),
    threads,
    anon,
    pageTableBytes,
  };
}

function shownCommand(comm: string, command: readonly string[] | undefined): string {
  const text = command === undefined || command.length === 0 ? `[${comm}]` : formatCommand(command);
  return text.length > MAX_COMMAND_LENGTH ? `${text.slice(0, MAX_COMMAND_LENGTH)}…` : text;
}

const KIND_NAMES: Readonly<Record<AnonGroup['kind'], string>> = {
  heap: '[heap]',
  stack: '[stack]',
  'thread-stacks': 'thread stacks',
  named: '',
  other: 'other anonymous memory',
  file: '',
  rest: 'smaller mappings',
};

function mappingPart({ kind, name, bytes, hugeBytes, lazyFreeBytes }: AnonGroup): MappingPart {
  const notes = [
    ...(kind === 'file' ? ['changed pages of a private mapping'] : []),
    ...(lazyFreeBytes > 0 && lazyFreeBytes * 10 > bytes ? ['partly offered to the kernel (MADV_FREE)'] : []),
  ];
  return {
    name: decodeName(name) || KIND_NAMES[kind],
    bytes,
    ...(hugeBytes === 0 ? {} : { hugeBytes }),
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
  };
}

const SPECIAL: Readonly<Record<SpecialMapping['kind'], { kind: MemoryKind; name: string }>> = {
  'perf-buffer': { kind: 'perf-buffer', name: 'perf ring buffers' },
  'io-uring': { kind: 'vmalloc', name: 'io_uring rings' },
  gpu: { kind: 'gpu', name: 'GPU memory mapped by processes' },
  hugetlb: { kind: 'hugetlb', name: 'huge pages of hugetlbfs' },
};

/** What processes have beside what their cgroup pays for: swap, perf buffers, huge pages, GPU memory. */
export function besideProcesses({ processes }: ProcessMemories): MemoryNode[] {
  const byKind = new Map<SpecialMapping['kind'], MemoryNode[]>();
  const seen = new Set<string>();
  const swap: MemoryNode[] = [];
  for (const process of processes) {
    const { pid, comm, command, swapBytes = 0, special } = process;
    const name = shownCommand(comm, command);
    const node = (kind: MemoryKind, bytes: number): MemoryNode => {
      return { kind, name, pid, bytes, reclaim: 'process' };
    };
    if (swapBytes > 0) swap.push(node('swap', swapBytes));
    for (const mapping of special) {
      // Several processes may map the same memory.
      const key = `${mapping.kind} ${fileKey(mapping.device, mapping.inode)}`;
      if (mapping.sharedBytes > 0 && mapping.inode !== '0' && seen.has(key) && mapping.kind === 'hugetlb')
        continue;
      seen.add(key);
      const nodes = byKind.get(mapping.kind) ?? [];
      byKind.set(mapping.kind, nodes);
      const known = nodes.find((each) => each.pid === pid);
      if (known === undefined) nodes.push(node(SPECIAL[mapping.kind].kind, mapping.bytes));
      else known.bytes += mapping.bytes;
    }
  }
  return [
    ...(swap.length === 0 ? [] : [parentNode({ kind: 'swap', name: 'swap', count: swap.length }, swap)]),
    ...[...byKind].map(([kind, nodes]) => parentNode({ ...SPECIAL[kind], count: nodes.length }, nodes)),
  ].filter(({ bytes }) => bytes > 0);
}

/** In the words of an explanation. */
export function missingTerms(missing: readonly Missing[]): MissingTerm[] {
  return missing.map(({ what, reason, hint, count }) => ({
    term: count === undefined ? what : `${what} (${count})`,
    reason,
    ...(hint === undefined ? {} : { hint }),
  }));
}

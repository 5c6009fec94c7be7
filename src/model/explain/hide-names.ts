/** Replaces the names of files, processes and cgroups, which may be confidential. */
import type { MemoryKind, MemoryNode } from './explanation.ts';

/** What has names that users chose, and what it is called instead. */
const HIDDEN: Partial<Record<MemoryKind, string>> = {
  file: 'file',
  'deleted-file': 'deleted file',
  'block-device': 'block device',
  memfd: 'memfd',
  'sysv-segment': 'System V segment',
  process: 'process',
  mapping: 'mapping',
  mount: 'mount',
  directory: 'directory',
  cgroup: 'cgroup',
  'removed-cgroup': 'removed cgroup',
  socket: 'socket',
  pipe: 'pipe',
  'bpf-map': 'BPF map',
  'bpf-program': 'BPF program',
  'perf-buffer': 'perf buffer',
  gpu: 'GPU memory',
};

/** Mappings whose names are the kernel's. */
const KERNEL_NAME = /^\[(?:heap|stack|vdso|vvar)\]$/;

/** The same tree with numbers in place of names. */
export function hideNames(root: MemoryNode): MemoryNode {
  const numbers = new Map<string, number>();
  const hide = (node: MemoryNode): MemoryNode => {
    const { path: _, mount: __, directory: ___, note: ____, children, ...shown } = node;
    const title = HIDDEN[node.kind] ?? (isOfProcess(node) ? 'process' : undefined);
    if (title !== undefined && !isGroup(node) && !(node.kind === 'mapping' && KERNEL_NAME.test(node.name))) {
      const number = (numbers.get(title) ?? 0) + 1;
      numbers.set(title, number);
      shown.name = `${title} ${number}`;
    }
    return { ...shown, ...(children === undefined ? {} : { children: children.map(hide) }) };
  };
  return hide(root);
}

/** A part of a kind whose name is the command of the process that has it. */
function isOfProcess({ kind, pid }: MemoryNode): boolean {
  return pid !== undefined && (kind === 'swap' || kind === 'hugetlb' || kind === 'vmalloc');
}

/** A node such as `BPF maps`, which has a name of ours. */
function isGroup({ kind, children }: MemoryNode): boolean {
  return children?.some((child) => child.kind === kind) === true && kind !== 'cgroup' && kind !== 'directory';
}

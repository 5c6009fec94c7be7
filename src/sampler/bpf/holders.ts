/**
 * Who holds which BPF object by a descriptor, from the iterator over descriptors or from /proc; the same
 * either way.
 */

import type { ObjectHolder } from '../../kernel/bpf/iter/task-file-iterator.ts';
import type { ObjectKind } from '../../kernel/bpf/sys/objects.ts';
import { collectHeldBpf, type HeldBpf } from '../../kernel/procfs/held-bpf.ts';
import type { ObjectHolderProcess } from '../../model/bpf-inventory.ts';

/**
 * The holders of each object, by its kind and id; a process is there once however many descriptors it has.
 */
export type BpfHolders = Readonly<Record<ObjectKind, ReadonlyMap<number, readonly ObjectHolderProcess[]>>>;

const NOBODY: readonly ObjectHolderProcess[] = [];

/** Those of one object. */
export function holdersOf(
  holders: BpfHolders | undefined,
  kind: ObjectKind,
  id: number,
): readonly ObjectHolderProcess[] {
  return holders?.[kind].get(id) ?? NOBODY;
}

/** The holders in what the iterator over descriptors read. */
export function indexHolders(descriptors: readonly ObjectHolder[]): BpfHolders {
  const index = new HolderIndex();
  let process: ObjectHolderProcess | undefined;
  for (const { pid, comm, kind, id } of descriptors) {
    // The descriptors of a process come one after the other: they share one object.
    if (process?.pid !== pid) process = { pid, comm };
    index.add(kind, id, process);
  }
  return index;
}

/**
 * The holders among these processes, by a scan of their descriptors. Processes that we may not look into hold
 * nothing.
 * @throws KernelFileError when the kernel's text is not understood.
 */
export function scanHolders(
  processes: Iterable<ObjectHolderProcess>,
  heldOf: (pid: number) => HeldBpf = (pid) => collectHeldBpf([pid]),
): BpfHolders {
  const index = new HolderIndex();
  for (const { pid, comm } of processes) {
    const held = heldOf(pid);
    const process = { pid, comm };
    for (const id of held.maps.keys()) index.add('map', id, process);
    for (const id of held.programs.keys()) index.add('program', id, process);
    for (const id of held.links.keys()) index.add('link', id, process);
  }
  return index;
}

class HolderIndex implements BpfHolders {
  readonly map = new Map<number, ObjectHolderProcess[]>();
  readonly program = new Map<number, ObjectHolderProcess[]>();
  readonly link = new Map<number, ObjectHolderProcess[]>();

  add(kind: ObjectKind, id: number, process: ObjectHolderProcess): void {
    const known = this[kind].get(id);
    if (known === undefined) this[kind].set(id, [process]);
    else if (known.at(-1)?.pid !== process.pid) known.push(process);
  }
}

/**
 * The processes that hold BPF objects by descriptor, from the descriptor iterator or from /proc, in the same
 * format.
 */

import type { ObjectHolder } from '../../kernel/bpf/iter/task-file-iterator.ts';
import type { ObjectKind } from '../../kernel/bpf/sys/objects.ts';
import { collectHeldBpf, type HeldBpf } from '../../kernel/procfs/held-bpf.ts';
import type { ObjectHolderProcess } from '../../model/bpf-inventory.ts';

/**
 * The holders of each object, by kind and id; each process is listed once.
 */
export type BpfHolders = Readonly<Record<ObjectKind, ReadonlyMap<number, readonly ObjectHolderProcess[]>>>;

const NO_HOLDERS: readonly ObjectHolderProcess[] = [];

/** The holders of one object. */
export function holdersOf(
  holders: BpfHolders | undefined,
  kind: ObjectKind,
  id: number,
): readonly ObjectHolderProcess[] {
  return holders?.[kind].get(id) ?? NO_HOLDERS;
}

/** The holders in the output of the descriptor iterator. */
export function indexHolders(descriptors: readonly ObjectHolder[]): BpfHolders {
  const index = new HolderIndex();
  let process: ObjectHolderProcess | undefined;
  for (const { pid, comm, kind, id } of descriptors) {
    // Descriptors are grouped by process, so consecutive ones share an object.
    if (process?.pid !== pid) process = { pid, comm };
    index.add(kind, id, process);
  }
  return index;
}

/**
 * The holders among these processes, from their descriptors in /proc. Processes that are not accessible are
 * skipped.
 * @throws KernelFileError if the contents of a kernel file are unexpected.
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
  /** The process of the last call alone, shared by its objects: most have one holder, and it holds many. */
  #alone: ObjectHolderProcess[] = [];

  add(kind: ObjectKind, id: number, process: ObjectHolderProcess): void {
    const known = this[kind].get(id);
    if (known === undefined) {
      if (this.#alone[0] !== process) this.#alone = [process];
      this[kind].set(id, this.#alone);
    } else if (known.at(-1)?.pid !== process.pid) {
      if (known.length > 1) known.push(process);
      else this[kind].set(id, [...known, process]);
    }
  }
}

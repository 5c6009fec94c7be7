import { type Bpf, openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { BPF_F_NO_PREALLOC, mapTypeNumber } from '../../kernel/bpf/sys/bpf-enums.ts';
import {
  getProgramInfo,
  listObjectIds,
  readMapFdinfo,
  readProgramFdinfo,
  withObject,
} from '../../kernel/bpf/sys/objects.ts';
import type { MapFdinfo } from '../../kernel/procfs/fdinfo.ts';
import { collectHeldBpf, type HeldBpf } from '../../kernel/procfs/held-bpf.ts';
import type { BpfCount, HostBpfTotals } from '../../model/bpf-totals.ts';
import { ownObjects } from './own-objects.ts';

/** Counts the BPF objects of the host and of the target at each poll. */
export interface BpfCollector {
  /**
   * The current totals; `pids` are the processes of the target.
   * @throws PermissionError, UnsupportedError, SyscallError, KernelFileError.
   */
  collect(pids: readonly number[]): HostBpfTotals;
  /** Clears the cache; no descriptor stays open between two polls. */
  close(): void;
}

/**
 * A collector for this host. Walks the ids once to verify permissions.
 * @throws PermissionError that names CAP_SYS_ADMIN, UnsupportedError if bpf(2) or koffi is unavailable,
 * SyscallError, KernelFileError.
 */
export async function openBpfCollector(): Promise<BpfCollector> {
  return bpfCollectorOver(await openBpf());
}

/**
 * A collector with the given bpf(2), so that tests can substitute one. `heldOf` returns the objects of a
 * process.
 * @throws PermissionError, UnsupportedError, SyscallError, KernelFileError.
 */
export function bpfCollectorOver(
  bpf: Bpf,
  heldOf: (pid: number) => HeldBpf = (pid) => collectHeldBpf([pid]),
): BpfCollector {
  const maps = new MemlockById((id) => {
    const fdinfo = readMapFdinfo(bpf, id);
    return fdinfo && { memlock: fdinfo.memlock, fixed: !growsWithElements(fdinfo) };
  });
  const programs = new MemlockById((id) => {
    const fdinfo = readProgramFdinfo(bpf, id);
    return fdinfo && { memlock: fdinfo.memlock, fixed: true };
  });
  const collector: BpfCollector = {
    collect(pids) {
      const mapIds = listObjectIds(bpf, 'map');
      const programIds = listObjectIds(bpf, 'program').filter((id) => !ownObjects.ownsProgram(id));
      maps.retain(mapIds);
      programs.retain(programIds);
      const held = heldIds(bpf, pids.map(heldOf));
      return {
        host: { maps: maps.total(mapIds), programs: programs.total(programIds) },
        held: { maps: maps.total(held.maps), programs: programs.total(held.programs) },
      };
    },
    close() {
      maps.clear();
      programs.clear();
    },
  };
  collector.collect([]);
  return collector;
}

/**
 * Maps whose memlock follows the live elements. Source: the `map_mem_usage` callbacks of `kernel/bpf/` and
 * `net/core/sock_map.c`; on kernels before 6.4 memlock never changes.
 */
const GROWING_TYPES: ReadonlySet<number> = new Set([mapTypeNumber('sockhash'), mapTypeNumber('devmap_hash')]);

function growsWithElements(map: MapFdinfo): boolean {
  return (map.map_flags & BPF_F_NO_PREALLOC) !== 0 || GROWING_TYPES.has(map.map_type);
}

interface Memlock {
  memlock: number;
  /** Constant for the lifetime of the object. */
  fixed: boolean;
}

/**
 * The memlock of objects by id. The kernel allocates ids cyclically up to 2^31, so an id identifies one
 * object.
 */
class MemlockById {
  readonly #read: (id: number) => Memlock | undefined;
  readonly #fixed = new Map<number, number>();

  constructor(read: (id: number) => Memlock | undefined) {
    this.#read = read;
  }

  /** The total of these objects, except those that no longer exist. */
  total(ids: Iterable<number>): BpfCount {
    const sum: BpfCount = { count: 0, memlock: 0 };
    for (const id of ids) {
      const memlock = this.#fixed.get(id) ?? this.#readAndKeep(id);
      if (memlock === undefined) continue;
      sum.count++;
      sum.memlock += memlock;
    }
    return sum;
  }

  /** Drops all other objects: they no longer exist. */
  retain(ids: readonly number[]): void {
    if (this.#fixed.size <= ids.length) return;
    const alive = new Set(ids);
    for (const id of this.#fixed.keys()) {
      if (!alive.has(id)) this.#fixed.delete(id);
    }
  }

  clear(): void {
    this.#fixed.clear();
  }

  #readAndKeep(id: number): number | undefined {
    const read = this.#read(id);
    if (read?.fixed) this.#fixed.set(id, read.memlock);
    return read?.memlock;
  }
}

/** Objects that the processes hold, directly or through a link or a program. */
function heldIds(bpf: Bpf, held: readonly HeldBpf[]): { maps: Set<number>; programs: Set<number> } {
  const maps = new Set(held.flatMap((each) => [...each.maps.keys()]));
  const programs = new Set(held.flatMap((each) => [...each.programs.keys()]));
  for (const link of held.flatMap((each) => [...each.links.values()])) {
    if (link.prog_id !== undefined) programs.add(link.prog_id);
    if (link.map_id !== undefined) maps.add(link.map_id);
  }
  for (const id of programs) {
    // Not cached: BPF_PROG_BIND_MAP may add a map at any time.
    const info = withObject(bpf, 'program', id, (fd) => getProgramInfo(bpf, fd));
    for (const mapId of info?.map_ids ?? []) maps.add(mapId);
  }
  return { maps, programs };
}

import { SyscallError, UnsupportedError } from '../../../errors.ts';
import { readPossibleCpus } from '../../possible-cpus.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { type BpfIterator, type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import type { IteratorObjects } from './iterator-objects.ts';
import { type KernelMap, MapRecords } from './map-records.ts';

/** The maps of the host as often as one asks. */
export interface MapIterator extends ObjectIterator<KernelMap> {
  /** Whether this kernel says which cgroup a map is charged to. */
  readonly attributesCharge: boolean;
}

/** Which maps an iterator is about. */
export interface MapFilter {
  /** Only maps that are charged to this memory cgroup or one below it: the inode number of its directory. */
  cgroupId?: bigint | undefined;
}

/**
 * An iterator over the maps of this host, or over those of a subtree of cgroups: then the kernel's side leaves out
 * the others. A map that has not changed is the same object as in the read before.
 *
 * Source: the iterator `bpf_map`. Since: Linux 5.8; the cgroup since 5.11. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openMapIterator(bpf: Bpf, objects: IteratorObjects, filter: MapFilter = {}): MapIterator {
  const iterator = loadMapIterator(bpf, objects, filter);
  const records = new MapRecords();
  return {
    ...readObjects(iterator, (bytes) => records.decode(bytes)),
    attributesCharge: objects.recordsCharge,
  };
}

/**
 * The programs of the map iterator that may work, the best one first: they differ in how the elements of hashes are counted.
 * A kernel may have `bpf_map_sum_elem_count()` and not let an iterator call it, or not know its variables by name, which takes
 * CONFIG_KALLSYMS_ALL. Without any count the rest still stands.
 */
function programsFor({ sumsElements }: IteratorObjects): string[] {
  const [sums, percpu, neither] = ['cmemstat_maps', 'cmemstat_maps_p', 'cmemstat_maps_n'];
  return sumsElements ? [sums, percpu, neither] : [percpu, neither];
}

function loadMapIterator(bpf: Bpf, objects: IteratorObjects, { cgroupId = 0n }: MapFilter): BpfIterator {
  const object = objects.prepared('map-iterator');
  const constants = { cgroup_id: cgroupId, possible_cpus: BigInt(readPossibleCpus()) };
  const programs = programsFor(objects);
  for (const name of programs) {
    try {
      return openIterator(bpf, { object, name, since: '5.8', constants });
    } catch (error) {
      const isRefused = error instanceof SyscallError || error instanceof UnsupportedError;
      if (name === programs.at(-1) || !isRefused) throw error;
    }
  }
  throw new RangeError('there is always a last program');
}

import { SyscallError, UnsupportedError } from '../../../errors.ts';
import { readPossibleCpus } from '../../possible-cpus.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { type BpfIterator, type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import type { IteratorObjects } from './iterator-objects.ts';
import { type KernelMap, MapRecords } from './map-records.ts';

/** A repeatable listing of the host's maps. */
export interface MapIterator extends ObjectIterator<KernelMap> {
  /** Whether this kernel reports the cgroup that a map is charged to. */
  readonly attributesCharge: boolean;
}

/** Restricts an iterator to some maps. */
export interface MapFilter {
  /** Only maps charged to this memory cgroup or a descendant: the inode number of its directory. */
  cgroupId?: bigint | undefined;
}

/**
 * An iterator over the maps of this host, or over those of a cgroup subtree: the BPF program filters them. An
 * unchanged map is the same object as in the previous read.
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
 * Candidate programs of the map iterator, best first: they differ in how they count hash elements. A kernel
 * may have `bpf_map_sum_elem_count()` but not allow it in an iterator, or not support typed kernel variables,
 * which need CONFIG_KALLSYMS_ALL. The last program works without counts.
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
  throw new RangeError('no program left to try');
}

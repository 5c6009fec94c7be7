/** Prepares the programs of all iterators for the running kernel. */
import { type CacheSources, type KernelCacheEntry, openKernelCache } from '../../files/kernel-cache.ts';
import { takeSteps } from '../../steps.ts';
import { areEncodedObjects, type EncodedObjects, PREPARATION_IDENTITY } from '../load/encoded-objects.ts';
import { decodePreparedObject, type PreparedObject } from '../load/prepared-object.ts';
import { ITERATOR_NAMES, type IteratorName } from '../programs/object-files.ts';

/** Features of the running kernel that the iterators depend on. */
export interface IteratorFacts {
  /** Whether the kernel records which memory cgroup a map is charged to. Since: Linux 5.11. */
  readonly recordsCharge: boolean;
  /** Whether the kernel has `bpf_map_sum_elem_count()`. Since: Linux 6.6. */
  readonly sumsElements: boolean;
}

/** The programs of all iterators, relocated for one kernel. */
export interface IteratorObjects extends IteratorFacts {
  readonly prepared: (name: IteratorName) => PreparedObject;
}

/** The cached form; each object is decoded when it is used. */
interface EncodedIterators extends IteratorFacts {
  readonly objects: EncodedObjects<IteratorName>;
}

/** The kernel whose types are used, and where the result is cached; the defaults are this host's. */
export type IteratorSources = CacheSources & { btfPath?: string };

/** Of this host's kernel, for where there is no cache. */
let prepared: EncodedIterators | undefined;

/**
 * The iterator programs for the running kernel: from the cache if it is valid, otherwise relocated, which
 * takes 20 to 150 ms, with a pause after each short step, so that samples can be taken meanwhile.
 *
 * Source: `/sys/kernel/btf/vmlinux`. Since: Linux 5.4, with CONFIG_DEBUG_INFO_BTF.
 * @throws UnsupportedError on a kernel without BTF; KernelFileError.
 */
export async function prepareIteratorObjects(
  pause: () => Promise<void> = async () => {},
  sources?: IteratorSources,
): Promise<IteratorObjects> {
  const entry = openCache(sources);
  let encoded = (sources === undefined ? prepared : undefined) ?? entry.read();
  if (encoded === undefined) {
    encoded = await relocate(pause, sources?.btfPath);
    entry.write(encoded);
  }
  if (sources === undefined) prepared = encoded;
  return toObjects(encoded);
}

async function relocate(pause: () => Promise<void>, btfPath?: string): Promise<EncodedIterators> {
  const { encodeForKernel } = await import('../load/encode-objects.ts');
  const { btf, objects } = await takeSteps(encodeForKernel(ITERATOR_NAMES, btfPath), pause);
  return {
    recordsCharge: ['objcg', 'memcg'].some((member) => btf.findMember('bpf_map', member) !== undefined),
    sumsElements: btf.findFunc('bpf_map_sum_elem_count') !== undefined,
    objects,
  };
}

function openCache(sources: IteratorSources | undefined): KernelCacheEntry<EncodedIterators> {
  return openKernelCache('iterators', PREPARATION_IDENTITY, isEncoded, sources);
}

function isEncoded(value: unknown): value is EncodedIterators {
  if (typeof value !== 'object' || value === null) return false;
  const { recordsCharge, sumsElements, objects } = value as Partial<EncodedIterators>;
  return (
    typeof recordsCharge === 'boolean' &&
    typeof sumsElements === 'boolean' &&
    areEncodedObjects(objects, ITERATOR_NAMES)
  );
}

function toObjects({ recordsCharge, sumsElements, objects }: EncodedIterators): IteratorObjects {
  return { recordsCharge, sumsElements, prepared: (name) => decodePreparedObject(objects[name]) };
}

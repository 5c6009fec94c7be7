/** Prepares the programs of all iterators for the running kernel. */
import { errnoOf, UnsupportedError } from '../../../errors.ts';
import { type CacheSources, cachedForKernel } from '../../kernel-cache.ts';
import { type Btf, readKernelBtf } from '../btf/btf.ts';
import { parseObject } from '../elf/object-specification.ts';
import { prepareObject } from '../load/prepare-object.ts';
import {
  decodePreparedObject,
  type EncodedObject,
  encodePreparedObject,
  type PreparedObject,
} from '../load/prepared-object.ts';
import { OBJECTS_IDENTITY } from '../programs/compiled/identity.ts';
import { type ObjectName, readObjectFile } from '../programs/object-files.ts';

/** Features of the running kernel that the iterators depend on. */
export interface IteratorFacts {
  /** Whether the kernel records which memory cgroup a map is charged to. Since: Linux 5.11. */
  readonly recordsCharge: boolean;
  /** Whether the kernel has `bpf_map_sum_elem_count()`. Since: Linux 6.6. */
  readonly sumsElements: boolean;
}

/** The programs of all iterators, relocated for one kernel. */
export interface IteratorObjects extends IteratorFacts {
  readonly prepared: (name: ObjectName) => PreparedObject;
}

/** The cached form; each object is decoded when it is used. */
interface EncodedObjects extends IteratorFacts {
  readonly objects: Readonly<Record<ObjectName, EncodedObject>>;
}

// Increment whenever the loader prepares the same object differently.
const PREPARATION = 1;

const KERNEL_BTF = '/sys/kernel/btf/vmlinux';

/**
 * The iterator programs for the running kernel: from the cache if it is valid, otherwise relocated, which
 * takes 20 to 60 ms.
 *
 * Source: `/sys/kernel/btf/vmlinux`. Since: Linux 5.4, with CONFIG_DEBUG_INFO_BTF.
 * @throws UnsupportedError on a kernel without BTF; KernelFileError.
 */
export function openIteratorObjects({
  btfPath = KERNEL_BTF,
  ...cache
}: CacheSources & { btfPath?: string } = {}): IteratorObjects {
  const encoded = cachedForKernel<EncodedObjects>(
    'iterators',
    `${PREPARATION}.${OBJECTS_IDENTITY}`,
    () => prepareIterators(requireKernelBtf(btfPath)),
    cache,
  );
  const { recordsCharge, sumsElements, objects } = encoded;
  return { recordsCharge, sumsElements, prepared: (name) => decodePreparedObject(objects[name]) };
}

function prepareIterators(btf: Btf): EncodedObjects {
  const prepare = (name: ObjectName) =>
    encodePreparedObject(prepareObject(parseObject(readObjectFile(name), name), btf));
  return {
    recordsCharge: ['objcg', 'memcg'].some((member) => btf.findMember('bpf_map', member) !== undefined),
    sumsElements: btf.findFunc('bpf_map_sum_elem_count') !== undefined,
    objects: {
      'map-iterator': prepare('map-iterator'),
      'program-iterator': prepare('program-iterator'),
      'link-iterator': prepare('link-iterator'),
      'task-file-iterator': prepare('task-file-iterator'),
    },
  };
}

function requireKernelBtf(path: string): Btf {
  try {
    return readKernelBtf(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new UnsupportedError('kernel BTF', `this kernel has no ${path}`, {
      hint: 'use a kernel that is built with CONFIG_DEBUG_INFO_BTF=y',
      since: '5.4',
      cause: error,
    });
  }
}

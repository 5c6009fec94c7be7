/** Relocates several checked-in objects for one kernel; only loaded where no cache has them. */
import type { Btf } from '../btf/btf.ts';
import { KERNEL_BTF, requireKernelBtf } from '../btf/kernel-btf.ts';
import { parseObject } from '../elf/object-specification.ts';
import { type ObjectName, readObjectFile } from '../programs/object-files.ts';
import type { EncodedObjects } from './encoded-objects.ts';
import { prepareInSteps } from './prepare-object.ts';
import { type EncodedObject, encodePreparedObject } from './prepared-object.ts';

/** The objects, and the types of the kernel for which they were relocated. */
interface EncodedForKernel<Name extends ObjectName> {
  readonly objects: EncodedObjects<Name>;
  readonly btf: Btf;
}

/**
 * Reads the types of a kernel and relocates the objects for it, in short steps.
 * @throws UnsupportedError on a kernel without BTF; KernelFileError.
 */
export function* encodeForKernel<Name extends ObjectName>(
  names: readonly Name[],
  btfPath = KERNEL_BTF,
): Generator<void, EncodedForKernel<Name>, void> {
  const btf = requireKernelBtf(btfPath);
  yield;
  yield* btf.buildIndex();
  const objects: Partial<Record<Name, EncodedObject>> = {};
  for (const name of names) {
    const specification = parseObject(readObjectFile(name), name);
    yield;
    objects[name] = encodePreparedObject(yield* prepareInSteps(specification, btf));
    yield;
  }
  return { objects: objects as EncodedObjects<Name>, btf };
}

/** Relocates several checked-in objects for one kernel, in the form that is cached. */
import type { Btf } from '../btf/btf.ts';
import { parseObject } from '../elf/object-specification.ts';
import { OBJECTS_IDENTITY } from '../programs/compiled/identity.ts';
import { type ObjectName, readObjectFile } from '../programs/object-files.ts';
import { prepareInSteps } from './prepare-object.ts';
import { type EncodedObject, encodePreparedObject, isEncodedObject } from './prepared-object.ts';

// Increment whenever the loader prepares the same object differently.
const PREPARATION = 1;

/** What cached objects depend on besides the kernel. */
export const PREPARATION_IDENTITY = `${PREPARATION}.${OBJECTS_IDENTITY}`;

/** Relocated objects by name. */
export type EncodedObjects<Name extends ObjectName> = Readonly<Record<Name, EncodedObject>>;

/** Relocates the objects for the kernel of this BTF, in short steps. */
export function* encodeObjects<Name extends ObjectName>(
  names: readonly Name[],
  btf: Btf,
): Generator<void, EncodedObjects<Name>, void> {
  const objects: Partial<Record<Name, EncodedObject>> = {};
  for (const name of names) {
    const specification = parseObject(readObjectFile(name), name);
    yield;
    objects[name] = encodePreparedObject(yield* prepareInSteps(specification, btf));
    yield;
  }
  return objects as EncodedObjects<Name>;
}

/** Whether a value from a cache holds all of these objects. */
export function areEncodedObjects<Name extends ObjectName>(
  value: unknown,
  names: readonly Name[],
): value is EncodedObjects<Name> {
  const objects = (value ?? {}) as Partial<Record<Name, unknown>>;
  return names.every((name) => isEncodedObject(objects[name], name));
}

/** Several checked-in objects, relocated for one kernel, in the form that is cached. */
import { OBJECTS_IDENTITY } from '../programs/compiled/identity.ts';
import type { ObjectName } from '../programs/object-files.ts';
import { type EncodedObject, isEncodedObject } from './prepared-object.ts';

// Increment whenever the loader prepares the same object differently.
const PREPARATION = 1;

/** What cached objects depend on besides the kernel. */
export const PREPARATION_IDENTITY = `${PREPARATION}.${OBJECTS_IDENTITY}`;

/** Relocated objects by name. */
export type EncodedObjects<Name extends ObjectName> = Readonly<Record<Name, EncodedObject>>;

/** Whether a value from a cache holds all of these objects. */
export function areEncodedObjects<Name extends ObjectName>(
  value: unknown,
  names: readonly Name[],
): value is EncodedObjects<Name> {
  const objects = (value ?? {}) as Partial<Record<Name, unknown>>;
  return names.every((name) => isEncodedObject(objects[name], name));
}

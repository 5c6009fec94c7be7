// Generated from schema/* by `npm run build`: change the schema.
import { type Fault, isNumber, isObject, wrong, wrongAt } from './fault.ts';

/** Finds the first part of a value that has not this shape. */
export function findInString(value: unknown): Fault | undefined {
  return typeof value !== 'string' ? wrong('a string') : undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInCounters(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  for (const key in value) {
    const field = value[key];
    if (!isNumber(field)) return wrongAt(key, 'a number');
  }
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInLiveMapProgramsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { id: _id, name: _name } = value;
  if (!isNumber(_id)) return wrongAt('id', 'a number');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInNumber(value: unknown): Fault | undefined {
  return !isNumber(value) ? wrong('a number') : undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInSummaryCpuUs(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { user: _user, system: _system } = value;
  if (!isNumber(_user)) return wrongAt('user', 'a number');
  if (!isNumber(_system)) return wrongAt('system', 'a number');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInSummaryBpfAdviceItemOptionsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { change: _change, savesBytes: _savesBytes } = value;
  if (typeof _change !== 'string') return wrongAt('change', 'a string');
  if (!isNumber(_savesBytes)) return wrongAt('savesBytes', 'a number');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInSummaryBpfAdviceItemProjectionItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { possibleCpus: _possibleCpus, bytes: _bytes, unchargedPercpuBytes: _unchargedPercpuBytes } = value;
  if (!isNumber(_possibleCpus)) return wrongAt('possibleCpus', 'a number');
  if (!isNumber(_bytes)) return wrongAt('bytes', 'a number');
  if (!isNumber(_unchargedPercpuBytes)) return wrongAt('unchargedPercpuBytes', 'a number');
  return undefined;
}

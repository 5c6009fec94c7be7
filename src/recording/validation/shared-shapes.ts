// Generated from schema/* by `npm run build`: change the schema.
import { type Fault, findInList, isNumber, isObject, within, wrong, wrongAt } from './fault.ts';

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
export function findInChargedMemory(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { current: _current, stat: _stat } = value;
  if ((fault = findInCounters(_stat)) !== undefined) return within('stat', fault);
  if (_current !== undefined && !isNumber(_current)) return wrongAt('current', 'a number');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInMemoryNode(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { kind: _kind, name: _name, path: _path, bytes: _bytes, reclaim: _reclaim, dirtyBytes: _dirtyBytes, activeBytes: _activeBytes, mappedBytes: _mappedBytes, otherMappers: _otherMappers, count: _count, pid: _pid, fsType: _fsType, mount: _mount, directory: _directory, note: _note, children: _children } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isNumber(_bytes)) return wrongAt('bytes', 'a number');
  if (typeof _reclaim !== 'string') return wrongAt('reclaim', 'a string');
  if (_path !== undefined && typeof _path !== 'string') return wrongAt('path', 'a string');
  if (_dirtyBytes !== undefined && !isNumber(_dirtyBytes)) return wrongAt('dirtyBytes', 'a number');
  if (_activeBytes !== undefined && !isNumber(_activeBytes)) return wrongAt('activeBytes', 'a number');
  if (_mappedBytes !== undefined && !isNumber(_mappedBytes)) return wrongAt('mappedBytes', 'a number');
  if (_otherMappers !== undefined && !isNumber(_otherMappers)) return wrongAt('otherMappers', 'a number');
  if (_count !== undefined && !isNumber(_count)) return wrongAt('count', 'a number');
  if (_pid !== undefined && !isNumber(_pid)) return wrongAt('pid', 'a number');
  if (_fsType !== undefined && typeof _fsType !== 'string') return wrongAt('fsType', 'a string');
  if (_mount !== undefined && typeof _mount !== 'string') return wrongAt('mount', 'a string');
  if (_directory !== undefined && typeof _directory !== 'string') return wrongAt('directory', 'a string');
  if (_note !== undefined && typeof _note !== 'string') return wrongAt('note', 'a string');
  if (_children !== undefined && (fault = findInList(_children, findInMemoryNode)) !== undefined) return within('children', fault);
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInExplainMissingItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { term: _term, reason: _reason, hint: _hint } = value;
  if (typeof _term !== 'string') return wrongAt('term', 'a string');
  if (typeof _reason !== 'string') return wrongAt('reason', 'a string');
  if (_hint !== undefined && typeof _hint !== 'string') return wrongAt('hint', 'a string');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInExplainAdviceItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kind: _kind, bytes: _bytes, text: _text } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (!isNumber(_bytes)) return wrongAt('bytes', 'a number');
  if (typeof _text !== 'string') return wrongAt('text', 'a string');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInExplainSample(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { every: _every, standardErrorBytes: _standardErrorBytes } = value;
  if (!isNumber(_every)) return wrongAt('every', 'a number');
  if (_standardErrorBytes !== undefined && !isNumber(_standardErrorBytes)) return wrongAt('standardErrorBytes', 'a number');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInRestartsCgroupsItemCpuUs(value: unknown): Fault | undefined {
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

/** Finds the first part of a value that has not this shape. */
export function findInLeftoverFile(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kind: _kind, name: _name, bytes: _bytes } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isNumber(_bytes)) return wrongAt('bytes', 'a number');
  return undefined;
}

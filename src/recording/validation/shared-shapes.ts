// Generated from schema/* by `npm run build`: change the schema.
import { type Fault, findInList, isInteger, isNumber, isObject, within, wrong, wrongAt } from './fault.ts';

/** Finds the first part of a value that has not this shape. */
export function findInString(value: unknown): Fault | undefined {
  return typeof value !== 'string' ? wrong('a string') : undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInCounters(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  for (const key in value) {
    const field = value[key];
    if (!isInteger(field, 0)) return wrongAt(key, 'a whole number from 0');
  }
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInLiveMapProgramsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { id: _id, name: _name } = value;
  if (!isInteger(_id, 0)) return wrongAt('id', 'a whole number from 0');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInChargedMemory(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { current: _current, stat: _stat } = value;
  if ((fault = findInCounters(_stat)) !== undefined) return within('stat', fault);
  if (_current !== undefined && !isInteger(_current, 0)) return wrongAt('current', 'a whole number from 0');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInMemoryNode(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { kind: _kind, name: _name, path: _path, bytes: _bytes, reclaim: _reclaim, dirtyBytes: _dirtyBytes, activeBytes: _activeBytes, mappedBytes: _mappedBytes, otherMappers: _otherMappers, count: _count, pid: _pid, fsType: _fsType, mount: _mount, directory: _directory, note: _note, children: _children } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (typeof _reclaim !== 'string') return wrongAt('reclaim', 'a string');
  if (_path !== undefined && typeof _path !== 'string') return wrongAt('path', 'a string');
  if (_dirtyBytes !== undefined && !isInteger(_dirtyBytes, 0)) return wrongAt('dirtyBytes', 'a whole number from 0');
  if (_activeBytes !== undefined && !isInteger(_activeBytes, 0)) return wrongAt('activeBytes', 'a whole number from 0');
  if (_mappedBytes !== undefined && !isInteger(_mappedBytes, 0)) return wrongAt('mappedBytes', 'a whole number from 0');
  if (_otherMappers !== undefined && !isInteger(_otherMappers, 0)) return wrongAt('otherMappers', 'a whole number from 0');
  if (_count !== undefined && !isInteger(_count, 0)) return wrongAt('count', 'a whole number from 0');
  if (_pid !== undefined && !isInteger(_pid, 1)) return wrongAt('pid', 'a whole number from 1');
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
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (typeof _text !== 'string') return wrongAt('text', 'a string');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInExplainSample(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { every: _every, standardErrorBytes: _standardErrorBytes } = value;
  if (!isInteger(_every, 1)) return wrongAt('every', 'a whole number from 1');
  if (_standardErrorBytes !== undefined && !isNumber(_standardErrorBytes, 0)) return wrongAt('standardErrorBytes', 'a number from 0');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInRestartsCgroupsItemCpuUs(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { user: _user, system: _system } = value;
  if (!isInteger(_user, 0)) return wrongAt('user', 'a whole number from 0');
  if (!isInteger(_system, 0)) return wrongAt('system', 'a whole number from 0');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInSummaryBpfAdviceItemProjectionItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { possibleCpus: _possibleCpus, bytes: _bytes, unchargedPercpuBytes: _unchargedPercpuBytes } = value;
  if (!isInteger(_possibleCpus, 0)) return wrongAt('possibleCpus', 'a whole number from 0');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (!isInteger(_unchargedPercpuBytes, 0)) return wrongAt('unchargedPercpuBytes', 'a whole number from 0');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInLeftoverFile(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kind: _kind, name: _name, bytes: _bytes } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInHost(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kernel: _kernel, arch: _arch, cpus: _cpus, possibleCpus: _possibleCpus, pageSizeBytes: _pageSizeBytes } = value;
  if (typeof _kernel !== 'string') return wrongAt('kernel', 'a string');
  if (typeof _arch !== 'string') return wrongAt('arch', 'a string');
  if (!isInteger(_cpus, 1)) return wrongAt('cpus', 'a whole number from 1');
  if (!isInteger(_possibleCpus, 1)) return wrongAt('possibleCpus', 'a whole number from 1');
  if (!isInteger(_pageSizeBytes, 1)) return wrongAt('pageSizeBytes', 'a whole number from 1');
  return undefined;
}

/** Finds the first part of a value that has not this shape. */
export function findInText(value: unknown): Fault | undefined {
  return (typeof value !== 'string' || !/\S/.test(value)) ? wrong('a string that is not blank') : undefined;
}

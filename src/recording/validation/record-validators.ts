// Generated from schema/recording.schema.json by `npm run build`: change the schema.
import { type Fault, type FindFault, findInList, isInteger, isNumber, isObject, within, wrong, wrongAt } from './fault.ts';
import { findInChargedMemory, findInCounters, findInExplainAdviceItem, findInExplainMissingItem, findInExplainSample, findInLeftoverFile, findInLiveMapProgramsItem, findInMemoryNode, findInRestartsCgroupsItemCpuUs, findInString, findInSummaryBpfAdviceItemProjectionItem } from './shared-shapes.ts';

function findInStartPlacement(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kind: _kind, reason: _reason } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _reason !== 'string') return wrongAt('reason', 'a string');
  return undefined;
}

function findInStartHost(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kernel: _kernel, arch: _arch, cpus: _cpus, possibleCpus: _possibleCpus, pageSizeBytes: _pageSizeBytes, memTotalBytes: _memTotalBytes } = value;
  if (typeof _kernel !== 'string') return wrongAt('kernel', 'a string');
  if (typeof _arch !== 'string') return wrongAt('arch', 'a string');
  if (!isInteger(_cpus, 1)) return wrongAt('cpus', 'a whole number from 1');
  if (!isInteger(_possibleCpus, 1)) return wrongAt('possibleCpus', 'a whole number from 1');
  if (!isInteger(_pageSizeBytes, 1)) return wrongAt('pageSizeBytes', 'a whole number from 1');
  if (!isInteger(_memTotalBytes, 0)) return wrongAt('memTotalBytes', 'a whole number from 0');
  return undefined;
}

function findInAttachedOwner(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kind: _kind, runtime: _runtime, name: _name, id: _id } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (_runtime !== undefined && typeof _runtime !== 'string') return wrongAt('runtime', 'a string');
  if (_id !== undefined && typeof _id !== 'string') return wrongAt('id', 'a string');
  return undefined;
}

function findInAttached(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { target: _target, cgroup: _cgroup, owner: _owner, chargedBytes: _chargedBytes, peakSince: _peakSince, followed: _followed } = value;
  if (typeof _target !== 'string') return wrongAt('target', 'a string');
  if (typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  if (typeof _peakSince !== 'string') return wrongAt('peakSince', 'a string');
  if (_owner !== undefined && (fault = findInAttachedOwner(_owner)) !== undefined) return within('owner', fault);
  if (_chargedBytes !== undefined && !isInteger(_chargedBytes, 0)) return wrongAt('chargedBytes', 'a whole number from 0');
  if (_followed !== undefined && typeof _followed !== 'boolean') return wrongAt('followed', 'true or false');
  return undefined;
}

function findInStartBudgetsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { expression: _expression, name: _name, optional: _optional } = value;
  if (typeof _expression !== 'string') return wrongAt('expression', 'a string');
  if (_name !== undefined && typeof _name !== 'string') return wrongAt('name', 'a string');
  if (_optional !== undefined && typeof _optional !== 'boolean') return wrongAt('optional', 'true or false');
  return undefined;
}

function findInStart(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { type: _type, version: _version, cmemstat: _cmemstat, time: _time, command: _command, pid: _pid, mode: _mode, leaf: _leaf, attached: _attached, placement: _placement, intervalMs: _intervalMs, bpfIntervalMs: _bpfIntervalMs, processIntervalMs: _processIntervalMs, budgets: _budgets, host: _host } = value;
  if (_type !== 'start') return wrongAt('type', '"start"');
  if (!isNumber(_version)) return wrongAt('version', 'a number');
  if (typeof _cmemstat !== 'string') return wrongAt('cmemstat', 'a string');
  if (typeof _time !== 'string') return wrongAt('time', 'a string');
  if ((fault = findInList(_command, findInString, 1)) !== undefined) return within('command', fault);
  if (typeof _mode !== 'string') return wrongAt('mode', 'a string');
  if ((fault = findInStartPlacement(_placement)) !== undefined) return within('placement', fault);
  if (!isNumber(_intervalMs)) return wrongAt('intervalMs', 'a number');
  if ((fault = findInStartHost(_host)) !== undefined) return within('host', fault);
  if (_pid !== undefined && !isInteger(_pid, 1)) return wrongAt('pid', 'a whole number from 1');
  if (_leaf !== undefined && typeof _leaf !== 'string') return wrongAt('leaf', 'a string');
  if (_attached !== undefined && (fault = findInAttached(_attached)) !== undefined) return within('attached', fault);
  if (_bpfIntervalMs !== undefined && !isNumber(_bpfIntervalMs)) return wrongAt('bpfIntervalMs', 'a number');
  if (_processIntervalMs !== undefined && !isNumber(_processIntervalMs)) return wrongAt('processIntervalMs', 'a number');
  if (_budgets !== undefined && (fault = findInList(_budgets, findInStartBudgetsItem)) !== undefined) return within('budgets', fault);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInStart: FindFault = findInStart;

function findInSampleSwap(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { current: _current, peak: _peak } = value;
  if (_current !== undefined && !isInteger(_current, 0)) return wrongAt('current', 'a whole number from 0');
  if (_peak !== undefined && !isInteger(_peak, 0)) return wrongAt('peak', 'a whole number from 0');
  return undefined;
}

function findInSampleZswap(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { current: _current } = value;
  if (_current !== undefined && !isInteger(_current, 0)) return wrongAt('current', 'a whole number from 0');
  return undefined;
}

function findInSampleLimits(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { max: _max, high: _high, swapMax: _swapMax, zswapMax: _zswapMax, pidsMax: _pidsMax, 'memsw.limit_in_bytes': _memsw_limit_in_bytes } = value;
  if (_max !== undefined && _max !== 'max' && !isInteger(_max, 0)) return wrongAt('max', '"max" or a whole number from 0');
  if (_high !== undefined && _high !== 'max' && !isInteger(_high, 0)) return wrongAt('high', '"max" or a whole number from 0');
  if (_swapMax !== undefined && _swapMax !== 'max' && !isInteger(_swapMax, 0)) return wrongAt('swapMax', '"max" or a whole number from 0');
  if (_zswapMax !== undefined && _zswapMax !== 'max' && !isInteger(_zswapMax, 0)) return wrongAt('zswapMax', '"max" or a whole number from 0');
  if (_pidsMax !== undefined && _pidsMax !== 'max' && !isInteger(_pidsMax, 0)) return wrongAt('pidsMax', '"max" or a whole number from 0');
  if (_memsw_limit_in_bytes !== undefined && _memsw_limit_in_bytes !== 'max' && !isInteger(_memsw_limit_in_bytes, 0)) return wrongAt('memsw.limit_in_bytes', '"max" or a whole number from 0');
  return undefined;
}

function findInPressureLine(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { avg10: _avg10, avg60: _avg60, avg300: _avg300, total: _total } = value;
  if (!isNumber(_avg10, 0)) return wrongAt('avg10', 'a number from 0');
  if (!isNumber(_avg60, 0)) return wrongAt('avg60', 'a number from 0');
  if (!isNumber(_avg300, 0)) return wrongAt('avg300', 'a number from 0');
  if (!isInteger(_total, 0)) return wrongAt('total', 'a whole number from 0');
  return undefined;
}

function findInSamplePressure(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { some: _some, full: _full } = value;
  if (_some !== undefined && (fault = findInPressureLine(_some)) !== undefined) return within('some', fault);
  if (_full !== undefined && (fault = findInPressureLine(_full)) !== undefined) return within('full', fault);
  return undefined;
}

function findInSampleContainersItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { cgroup: _cgroup, name: _name, current: _current, anon: _anon, file: _file, shmem: _shmem } = value;
  if (typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  if (!isInteger(_current, 0)) return wrongAt('current', 'a whole number from 0');
  if (_name !== undefined && typeof _name !== 'string') return wrongAt('name', 'a string');
  if (_anon !== undefined && !isInteger(_anon, 0)) return wrongAt('anon', 'a whole number from 0');
  if (_file !== undefined && !isInteger(_file, 0)) return wrongAt('file', 'a whole number from 0');
  if (_shmem !== undefined && !isInteger(_shmem, 0)) return wrongAt('shmem', 'a whole number from 0');
  return undefined;
}

function findInSampleTree(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { rss: _rss, pss: _pss, cpuPercent: _cpuPercent } = value;
  if (!isInteger(_rss, 0)) return wrongAt('rss', 'a whole number from 0');
  if (!isNumber(_cpuPercent, 0)) return wrongAt('cpuPercent', 'a number from 0');
  if (_pss !== undefined && !isInteger(_pss, 0)) return wrongAt('pss', 'a whole number from 0');
  return undefined;
}

function findInBpfSize(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { count: _count, bytes: _bytes, atLeast: _atLeast } = value;
  if (!isInteger(_count, 0)) return wrongAt('count', 'a whole number from 0');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (_atLeast !== undefined && typeof _atLeast !== 'boolean') return wrongAt('atLeast', 'true or false');
  return undefined;
}

function findInBpfTotalsChargedPlaces(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { vmalloc: _vmalloc, slab: _slab, percpu: _percpu, pages: _pages } = value;
  if (!isInteger(_vmalloc, 0)) return wrongAt('vmalloc', 'a whole number from 0');
  if (!isInteger(_slab, 0)) return wrongAt('slab', 'a whole number from 0');
  if (!isInteger(_percpu, 0)) return wrongAt('percpu', 'a whole number from 0');
  if (!isInteger(_pages, 0)) return wrongAt('pages', 'a whole number from 0');
  return undefined;
}

function findInBpfTotalsCharged(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { maps: _maps, programs: _programs, places: _places } = value;
  if ((fault = findInBpfSize(_maps)) !== undefined) return within('maps', fault);
  if ((fault = findInBpfSize(_programs)) !== undefined) return within('programs', fault);
  if ((fault = findInBpfTotalsChargedPlaces(_places)) !== undefined) return within('places', fault);
  return undefined;
}

function findInBpfMaps(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { maps: _maps } = value;
  if ((fault = findInBpfSize(_maps)) !== undefined) return within('maps', fault);
  return undefined;
}

function findInBpfCount(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { count: _count, memlock: _memlock } = value;
  if (!isInteger(_count, 0)) return wrongAt('count', 'a whole number from 0');
  if (!isInteger(_memlock, 0)) return wrongAt('memlock', 'a whole number from 0');
  return undefined;
}

function findInBpfCounts(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { maps: _maps, programs: _programs } = value;
  if ((fault = findInBpfCount(_maps)) !== undefined) return within('maps', fault);
  if ((fault = findInBpfCount(_programs)) !== undefined) return within('programs', fault);
  return undefined;
}

function findInBpfTotals(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { attribution: _attribution, charged: _charged, uncharged: _uncharged, heldElsewhere: _heldElsewhere, orphaned: _orphaned, anonymous: _anonymous, host: _host, held: _held } = value;
  if (typeof _attribution !== 'string') return wrongAt('attribution', 'a string');
  if (_charged !== undefined && (fault = findInBpfTotalsCharged(_charged)) !== undefined) return within('charged', fault);
  if (_uncharged !== undefined && (fault = findInBpfMaps(_uncharged)) !== undefined) return within('uncharged', fault);
  if (_heldElsewhere !== undefined && (fault = findInBpfMaps(_heldElsewhere)) !== undefined) return within('heldElsewhere', fault);
  if (_orphaned !== undefined && (fault = findInBpfMaps(_orphaned)) !== undefined) return within('orphaned', fault);
  if (_anonymous !== undefined && (fault = findInBpfMaps(_anonymous)) !== undefined) return within('anonymous', fault);
  if (_host !== undefined && (fault = findInBpfCounts(_host)) !== undefined) return within('host', fault);
  if (_held !== undefined && (fault = findInBpfCounts(_held)) !== undefined) return within('held', fault);
  return undefined;
}

function findInSampleMaxima(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { readings: _readings, bpfReadings: _bpfReadings, longestGapMs: _longestGapMs, bytes: _bytes, unseenBytes: _unseenBytes } = value;
  if (!isInteger(_readings, 0)) return wrongAt('readings', 'a whole number from 0');
  if (!isNumber(_longestGapMs, 0)) return wrongAt('longestGapMs', 'a number from 0');
  if ((fault = findInCounters(_bytes)) !== undefined) return within('bytes', fault);
  if (_bpfReadings !== undefined && !isInteger(_bpfReadings, 0)) return wrongAt('bpfReadings', 'a whole number from 0');
  if (_unseenBytes !== undefined && !isInteger(_unseenBytes, 0)) return wrongAt('unseenBytes', 'a whole number from 0');
  return undefined;
}

function findInSample(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { type: _type, elapsedMs: _elapsedMs, reason: _reason, current: _current, peak: _peak, workingset: _workingset, kernel: _kernel, swap: _swap, zswap: _zswap, limits: _limits, stat: _stat, events: _events, eventsLocal: _eventsLocal, pressure: _pressure, processes: _processes, nestedCgroups: _nestedCgroups, containers: _containers, tree: _tree, bpf: _bpf, maxima: _maxima } = value;
  if (_type !== 'sample') return wrongAt('type', '"sample"');
  if (!isNumber(_elapsedMs, 0)) return wrongAt('elapsedMs', 'a number from 0');
  if (typeof _reason !== 'string') return wrongAt('reason', 'a string');
  if (_current !== undefined && !isInteger(_current, 0)) return wrongAt('current', 'a whole number from 0');
  if (_peak !== undefined && !isInteger(_peak, 0)) return wrongAt('peak', 'a whole number from 0');
  if (_workingset !== undefined && !isInteger(_workingset, 0)) return wrongAt('workingset', 'a whole number from 0');
  if (_kernel !== undefined && !isInteger(_kernel, 0)) return wrongAt('kernel', 'a whole number from 0');
  if (_swap !== undefined && (fault = findInSampleSwap(_swap)) !== undefined) return within('swap', fault);
  if (_zswap !== undefined && (fault = findInSampleZswap(_zswap)) !== undefined) return within('zswap', fault);
  if (_limits !== undefined && (fault = findInSampleLimits(_limits)) !== undefined) return within('limits', fault);
  if (_stat !== undefined && (fault = findInCounters(_stat)) !== undefined) return within('stat', fault);
  if (_events !== undefined && (fault = findInCounters(_events)) !== undefined) return within('events', fault);
  if (_eventsLocal !== undefined && (fault = findInCounters(_eventsLocal)) !== undefined) return within('eventsLocal', fault);
  if (_pressure !== undefined && (fault = findInSamplePressure(_pressure)) !== undefined) return within('pressure', fault);
  if (_processes !== undefined && !isInteger(_processes, 0)) return wrongAt('processes', 'a whole number from 0');
  if (_nestedCgroups !== undefined && !isInteger(_nestedCgroups, 0)) return wrongAt('nestedCgroups', 'a whole number from 0');
  if (_containers !== undefined && (fault = findInList(_containers, findInSampleContainersItem)) !== undefined) return within('containers', fault);
  if (_tree !== undefined && (fault = findInSampleTree(_tree)) !== undefined) return within('tree', fault);
  if (_bpf !== undefined && (fault = findInBpfTotals(_bpf)) !== undefined) return within('bpf', fault);
  if (_maxima !== undefined && (fault = findInSampleMaxima(_maxima)) !== undefined) return within('maxima', fault);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInSample: FindFault = findInSample;

function findInEvent(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { type: _type, elapsedMs: _elapsedMs, event: _event, count: _count, increase: _increase, localIncrease: _localIncrease, noticed: _noticed, message: _message, hint: _hint, pid: _pid, cgroup: _cgroup, from: _from, attached: _attached } = value;
  if (_type !== 'event') return wrongAt('type', '"event"');
  if (!isNumber(_elapsedMs, 0)) return wrongAt('elapsedMs', 'a number from 0');
  if (typeof _event !== 'string') return wrongAt('event', 'a string');
  if (_count !== undefined && !isInteger(_count, 0)) return wrongAt('count', 'a whole number from 0');
  if (_increase !== undefined && !isInteger(_increase, 1)) return wrongAt('increase', 'a whole number from 1');
  if (_localIncrease !== undefined && !isInteger(_localIncrease, 0)) return wrongAt('localIncrease', 'a whole number from 0');
  if (_noticed !== undefined && typeof _noticed !== 'string') return wrongAt('noticed', 'a string');
  if (_message !== undefined && typeof _message !== 'string') return wrongAt('message', 'a string');
  if (_hint !== undefined && typeof _hint !== 'string') return wrongAt('hint', 'a string');
  if (_pid !== undefined && !isInteger(_pid, 0)) return wrongAt('pid', 'a whole number from 0');
  if (_cgroup !== undefined && typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  if (_from !== undefined && typeof _from !== 'string') return wrongAt('from', 'a string');
  if (_attached !== undefined && (fault = findInAttached(_attached)) !== undefined) return within('attached', fault);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInEvent: FindFault = findInEvent;

function findInLiveMapHoldersItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { pid: _pid, comm: _comm } = value;
  if (!isInteger(_pid, 0)) return wrongAt('pid', 'a whole number from 0');
  if (typeof _comm !== 'string') return wrongAt('comm', 'a string');
  return undefined;
}

function findInLiveMap(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { id: _id, type: _type, name: _name, key_size: _key_size, value_size: _value_size, max_entries: _max_entries, map_flags: _map_flags, bytes: _bytes, source: _source, atLeast: _atLeast, unchargedBytes: _unchargedBytes, elements: _elements, backlogBytes: _backlogBytes, anonymous: _anonymous, cgroup: _cgroup, elsewhere: _elsewhere, orphaned: _orphaned, holders: _holders, programs: _programs } = value;
  if (!isInteger(_id, 0)) return wrongAt('id', 'a whole number from 0');
  if (typeof _type !== 'string') return wrongAt('type', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_key_size, 0)) return wrongAt('key_size', 'a whole number from 0');
  if (!isInteger(_value_size, 0)) return wrongAt('value_size', 'a whole number from 0');
  if (!isInteger(_max_entries, 0)) return wrongAt('max_entries', 'a whole number from 0');
  if (!isInteger(_map_flags, 0)) return wrongAt('map_flags', 'a whole number from 0');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (typeof _source !== 'string') return wrongAt('source', 'a string');
  if (!isInteger(_unchargedBytes, 0)) return wrongAt('unchargedBytes', 'a whole number from 0');
  if (_atLeast !== undefined && typeof _atLeast !== 'boolean') return wrongAt('atLeast', 'true or false');
  if (_elements !== undefined && !isInteger(_elements, 0)) return wrongAt('elements', 'a whole number from 0');
  if (_backlogBytes !== undefined && !isInteger(_backlogBytes, 0)) return wrongAt('backlogBytes', 'a whole number from 0');
  if (_anonymous !== undefined && typeof _anonymous !== 'boolean') return wrongAt('anonymous', 'true or false');
  if (_cgroup !== undefined && typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  if (_elsewhere !== undefined && typeof _elsewhere !== 'boolean') return wrongAt('elsewhere', 'true or false');
  if (_orphaned !== undefined && typeof _orphaned !== 'boolean') return wrongAt('orphaned', 'true or false');
  if (_holders !== undefined && (fault = findInList(_holders, findInLiveMapHoldersItem)) !== undefined) return within('holders', fault);
  if (_programs !== undefined && (fault = findInList(_programs, findInLiveMapProgramsItem)) !== undefined) return within('programs', fault);
  return undefined;
}

function findInWholeNumberFrom0(value: unknown): Fault | undefined {
  return !isInteger(value, 0) ? wrong('a whole number from 0') : undefined;
}

function findInMaps(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { type: _type, elapsedMs: _elapsedMs, maps: _maps, gone: _gone } = value;
  if (_type !== 'maps') return wrongAt('type', '"maps"');
  if (!isNumber(_elapsedMs, 0)) return wrongAt('elapsedMs', 'a number from 0');
  if ((fault = findInList(_maps, findInLiveMap)) !== undefined) return within('maps', fault);
  if (_gone !== undefined && (fault = findInList(_gone, findInWholeNumberFrom0, 1)) !== undefined) return within('gone', fault);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInMaps: FindFault = findInMaps;

function findInProcess(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { pid: _pid, ppid: _ppid, comm: _comm, rss: _rss, pss: _pss, cpuPercent: _cpuPercent, threads: _threads, fds: _fds, cgroup: _cgroup } = value;
  if (!isInteger(_pid, 0)) return wrongAt('pid', 'a whole number from 0');
  if (!isInteger(_ppid, 0)) return wrongAt('ppid', 'a whole number from 0');
  if (typeof _comm !== 'string') return wrongAt('comm', 'a string');
  if (!isInteger(_rss, 0)) return wrongAt('rss', 'a whole number from 0');
  if (!isInteger(_threads, 0)) return wrongAt('threads', 'a whole number from 0');
  if (_pss !== undefined && !isInteger(_pss, 0)) return wrongAt('pss', 'a whole number from 0');
  if (_cpuPercent !== undefined && !isNumber(_cpuPercent, 0)) return wrongAt('cpuPercent', 'a number from 0');
  if (_fds !== undefined && !isInteger(_fds, 0)) return wrongAt('fds', 'a whole number from 0');
  if (_cgroup !== undefined && typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  return undefined;
}

function findInProcessesProgramsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { pid: _pid, user: _user, command: _command } = value;
  if (!isInteger(_pid, 0)) return wrongAt('pid', 'a whole number from 0');
  if (_user !== undefined && typeof _user !== 'string') return wrongAt('user', 'a string');
  if (_command !== undefined && (fault = findInList(_command, findInString)) !== undefined) return within('command', fault);
  return undefined;
}

function findInProcesses(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { type: _type, elapsedMs: _elapsedMs, processes: _processes, gone: _gone, omitted: _omitted, programs: _programs } = value;
  if (_type !== 'processes') return wrongAt('type', '"processes"');
  if (!isNumber(_elapsedMs, 0)) return wrongAt('elapsedMs', 'a number from 0');
  if ((fault = findInList(_processes, findInProcess)) !== undefined) return within('processes', fault);
  if (_gone !== undefined && (fault = findInList(_gone, findInWholeNumberFrom0, 1)) !== undefined) return within('gone', fault);
  if (_omitted !== undefined && !isInteger(_omitted, 1)) return wrongAt('omitted', 'a whole number from 1');
  if (_programs !== undefined && (fault = findInList(_programs, findInProcessesProgramsItem, 1)) !== undefined) return within('programs', fault);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInProcesses: FindFault = findInProcesses;

function findInExplain(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { type: _type, elapsedMs: _elapsedMs, moment: _moment, message: _message, cgroup: _cgroup, method: _method, reason: _reason, hint: _hint, before: _before, after: _after, frozen: _frozen, sample: _sample, scanMs: _scanMs, scannedPages: _scannedPages, tree: _tree, beside: _beside, missing: _missing, advice: _advice } = value;
  if (_type !== 'explain') return wrongAt('type', '"explain"');
  if (!isNumber(_elapsedMs, 0)) return wrongAt('elapsedMs', 'a number from 0');
  if (typeof _moment !== 'string') return wrongAt('moment', 'a string');
  if (typeof _method !== 'string') return wrongAt('method', 'a string');
  if ((fault = findInChargedMemory(_before)) !== undefined) return within('before', fault);
  if ((fault = findInChargedMemory(_after)) !== undefined) return within('after', fault);
  if ((fault = findInMemoryNode(_tree)) !== undefined) return within('tree', fault);
  if ((fault = findInList(_beside, findInMemoryNode)) !== undefined) return within('beside', fault);
  if ((fault = findInList(_missing, findInExplainMissingItem)) !== undefined) return within('missing', fault);
  if ((fault = findInList(_advice, findInExplainAdviceItem)) !== undefined) return within('advice', fault);
  if (_message !== undefined && typeof _message !== 'string') return wrongAt('message', 'a string');
  if (_cgroup !== undefined && typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  if (_reason !== undefined && typeof _reason !== 'string') return wrongAt('reason', 'a string');
  if (_hint !== undefined && typeof _hint !== 'string') return wrongAt('hint', 'a string');
  if (_frozen !== undefined && typeof _frozen !== 'boolean') return wrongAt('frozen', 'true or false');
  if (_sample !== undefined && (fault = findInExplainSample(_sample)) !== undefined) return within('sample', fault);
  if (_scanMs !== undefined && !isNumber(_scanMs, 0)) return wrongAt('scanMs', 'a number from 0');
  if (_scannedPages !== undefined && !isInteger(_scannedPages, 0)) return wrongAt('scannedPages', 'a whole number from 0');
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInExplain: FindFault = findInExplain;

function findInSummaryExit(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { status: _status, code: _code, signal: _signal, oomKilled: _oomKilled, endedBy: _endedBy, killedByCmemstat: _killedByCmemstat } = value;
  if (!isInteger(_status, 0)) return wrongAt('status', 'a whole number from 0');
  if (_code !== undefined && !isInteger(_code, 0)) return wrongAt('code', 'a whole number from 0');
  if (_signal !== undefined && typeof _signal !== 'string') return wrongAt('signal', 'a string');
  if (_oomKilled !== undefined && typeof _oomKilled !== 'boolean') return wrongAt('oomKilled', 'true or false');
  if (_endedBy !== undefined && typeof _endedBy !== 'string') return wrongAt('endedBy', 'a string');
  if (_killedByCmemstat !== undefined && typeof _killedByCmemstat !== 'boolean') return wrongAt('killedByCmemstat', 'true or false');
  return undefined;
}

function findInSummaryOutlivedItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { pid: _pid, comm: _comm, stuck: _stuck } = value;
  if (!isInteger(_pid, 0)) return wrongAt('pid', 'a whole number from 0');
  if (typeof _comm !== 'string') return wrongAt('comm', 'a string');
  if (_stuck !== undefined && typeof _stuck !== 'boolean') return wrongAt('stuck', 'true or false');
  return undefined;
}

function findInSummarySamples(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { count: _count, late: _late, missed: _missed, longestGapMs: _longestGapMs, readings: _readings, longestReadingGapMs: _longestReadingGapMs, dropped: _dropped } = value;
  if (!isInteger(_count, 0)) return wrongAt('count', 'a whole number from 0');
  if (!isInteger(_late, 0)) return wrongAt('late', 'a whole number from 0');
  if (!isInteger(_missed, 0)) return wrongAt('missed', 'a whole number from 0');
  if (!isNumber(_longestGapMs, 0)) return wrongAt('longestGapMs', 'a number from 0');
  if (_readings !== undefined && !isInteger(_readings, 0)) return wrongAt('readings', 'a whole number from 0');
  if (_longestReadingGapMs !== undefined && !isNumber(_longestReadingGapMs, 0)) return wrongAt('longestReadingGapMs', 'a number from 0');
  if (_dropped !== undefined && !isInteger(_dropped, 0)) return wrongAt('dropped', 'a whole number from 0');
  return undefined;
}

function findInSummarySources(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  for (const key in value) {
    const field = value[key];
    if (typeof field !== 'string') return wrongAt(key, 'a string');
  }
  return undefined;
}

function findInRestartsCgroupsItemGrowth(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  for (const key in value) {
    const field = value[key];
    if (!isInteger(field)) return wrongAt(key, 'a whole number');
  }
  return undefined;
}

function findInRestartsCgroupsItemStallUs(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { some: _some, full: _full } = value;
  if (_some !== undefined && !isInteger(_some, 0)) return wrongAt('some', 'a whole number from 0');
  if (_full !== undefined && !isInteger(_full, 0)) return wrongAt('full', 'a whole number from 0');
  return undefined;
}

function findInRestartsCgroupsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { attached: _attached, fromMs: _fromMs, toMs: _toMs, peakBytes: _peakBytes, lastBytes: _lastBytes, growth: _growth, events: _events, stallUs: _stallUs, cpuUs: _cpuUs } = value;
  if ((fault = findInAttached(_attached)) !== undefined) return within('attached', fault);
  if (!isNumber(_fromMs, 0)) return wrongAt('fromMs', 'a number from 0');
  if (!isNumber(_toMs, 0)) return wrongAt('toMs', 'a number from 0');
  if (_peakBytes !== undefined && !isInteger(_peakBytes, 0)) return wrongAt('peakBytes', 'a whole number from 0');
  if (_lastBytes !== undefined && !isInteger(_lastBytes, 0)) return wrongAt('lastBytes', 'a whole number from 0');
  if (_growth !== undefined && (fault = findInRestartsCgroupsItemGrowth(_growth)) !== undefined) return within('growth', fault);
  if (_events !== undefined && (fault = findInCounters(_events)) !== undefined) return within('events', fault);
  if (_stallUs !== undefined && (fault = findInRestartsCgroupsItemStallUs(_stallUs)) !== undefined) return within('stallUs', fault);
  if (_cpuUs !== undefined && (fault = findInRestartsCgroupsItemCpuUs(_cpuUs)) !== undefined) return within('cpuUs', fault);
  return undefined;
}

function findInRestarts(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { count: _count, waitedMs: _waitedMs, cgroups: _cgroups } = value;
  if (!isInteger(_count, 0)) return wrongAt('count', 'a whole number from 0');
  if (!isNumber(_waitedMs, 0)) return wrongAt('waitedMs', 'a number from 0');
  if ((fault = findInList(_cgroups, findInRestartsCgroupsItem)) !== undefined) return within('cgroups', fault);
  return undefined;
}

function findInSummaryContainersItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { cgroup: _cgroup, name: _name, peakBytes: _peakBytes, lastBytes: _lastBytes } = value;
  if (typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  if (!isInteger(_peakBytes, 0)) return wrongAt('peakBytes', 'a whole number from 0');
  if (!isInteger(_lastBytes, 0)) return wrongAt('lastBytes', 'a whole number from 0');
  if (_name !== undefined && typeof _name !== 'string') return wrongAt('name', 'a string');
  return undefined;
}

function findInSummaryPeak(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { bytes: _bytes, source: _source, unseenBytes: _unseenBytes } = value;
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (typeof _source !== 'string') return wrongAt('source', 'a string');
  if (_unseenBytes !== undefined && !isInteger(_unseenBytes, 0)) return wrongAt('unseenBytes', 'a whole number from 0');
  return undefined;
}

function findInSummaryElsewhereProcessesItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { pid: _pid, comm: _comm, cgroup: _cgroup, sinceMs: _sinceMs, message: _message, hint: _hint } = value;
  if (!isInteger(_pid, 0)) return wrongAt('pid', 'a whole number from 0');
  if (typeof _comm !== 'string') return wrongAt('comm', 'a string');
  if (!isNumber(_sinceMs, 0)) return wrongAt('sinceMs', 'a number from 0');
  if (typeof _message !== 'string') return wrongAt('message', 'a string');
  if (typeof _hint !== 'string') return wrongAt('hint', 'a string');
  if (_cgroup !== undefined && typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  return undefined;
}

function findInSummaryElsewhere(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { count: _count, processes: _processes } = value;
  if (!isInteger(_count, 0)) return wrongAt('count', 'a whole number from 0');
  if ((fault = findInList(_processes, findInSummaryElsewhereProcessesItem)) !== undefined) return within('processes', fault);
  return undefined;
}

function findInSummaryBpfHeldElsewhere(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { count: _count, bytes: _bytes, atLeast: _atLeast, names: _names } = value;
  if (!isInteger(_count, 0)) return wrongAt('count', 'a whole number from 0');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (_atLeast !== undefined && typeof _atLeast !== 'boolean') return wrongAt('atLeast', 'true or false');
  if (_names !== undefined && (fault = findInCounters(_names)) !== undefined) return within('names', fault);
  return undefined;
}

function findInRunMap(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { id: _id, type: _type, name: _name, key_size: _key_size, value_size: _value_size, max_entries: _max_entries, bytes: _bytes, source: _source, atLeast: _atLeast, unchargedBytes: _unchargedBytes, elements: _elements, anonymous: _anonymous } = value;
  if (!isInteger(_id, 0)) return wrongAt('id', 'a whole number from 0');
  if (typeof _type !== 'string') return wrongAt('type', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_key_size, 0)) return wrongAt('key_size', 'a whole number from 0');
  if (!isInteger(_value_size, 0)) return wrongAt('value_size', 'a whole number from 0');
  if (!isInteger(_max_entries, 0)) return wrongAt('max_entries', 'a whole number from 0');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (typeof _source !== 'string') return wrongAt('source', 'a string');
  if (!isInteger(_unchargedBytes, 0)) return wrongAt('unchargedBytes', 'a whole number from 0');
  if (_atLeast !== undefined && typeof _atLeast !== 'boolean') return wrongAt('atLeast', 'true or false');
  if (_elements !== undefined && !isInteger(_elements, 0)) return wrongAt('elements', 'a whole number from 0');
  if (_anonymous !== undefined && typeof _anonymous !== 'boolean') return wrongAt('anonymous', 'true or false');
  return undefined;
}

function findInSummaryBpfAdviceItemOptionsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { change: _change, savesBytes: _savesBytes } = value;
  if (typeof _change !== 'string') return wrongAt('change', 'a string');
  if (!isInteger(_savesBytes)) return wrongAt('savesBytes', 'a whole number');
  return undefined;
}

function findInSummaryBpfAdviceItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { kind: _kind, text: _text, savesBytes: _savesBytes, maps: _maps, options: _options, projection: _projection } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _text !== 'string') return wrongAt('text', 'a string');
  if ((fault = findInList(_maps, findInLiveMapProgramsItem)) !== undefined) return within('maps', fault);
  if (_savesBytes !== undefined && !isInteger(_savesBytes, 0)) return wrongAt('savesBytes', 'a whole number from 0');
  if (_options !== undefined && (fault = findInList(_options, findInSummaryBpfAdviceItemOptionsItem)) !== undefined) return within('options', fault);
  if (_projection !== undefined && (fault = findInList(_projection, findInSummaryBpfAdviceItemProjectionItem)) !== undefined) return within('projection', fault);
  return undefined;
}

function findInLeftoverMapLinksItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { id: _id, type: _type } = value;
  if (!isInteger(_id, 0)) return wrongAt('id', 'a whole number from 0');
  if (typeof _type !== 'string') return wrongAt('type', 'a string');
  return undefined;
}

function findInLeftoverMap(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { id: _id, type: _type, name: _name, bytes: _bytes, unchargedBytes: _unchargedBytes, pinned: _pinned, programs: _programs, links: _links, holders: _holders } = value;
  if (!isInteger(_id, 0)) return wrongAt('id', 'a whole number from 0');
  if (typeof _type !== 'string') return wrongAt('type', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (!isInteger(_unchargedBytes, 0)) return wrongAt('unchargedBytes', 'a whole number from 0');
  if ((fault = findInList(_pinned, findInString)) !== undefined) return within('pinned', fault);
  if ((fault = findInList(_programs, findInLiveMapProgramsItem)) !== undefined) return within('programs', fault);
  if ((fault = findInList(_links, findInLeftoverMapLinksItem)) !== undefined) return within('links', fault);
  if ((fault = findInList(_holders, findInLiveMapHoldersItem)) !== undefined) return within('holders', fault);
  return undefined;
}

function findInSummaryBpf(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { reason: _reason, last: _last, largest: _largest, runningReadings: _runningReadings, heldElsewhere: _heldElsewhere, orphaned: _orphaned, heldPeak: _heldPeak, maps: _maps, mapBytes: _mapBytes, advice: _advice, leftovers: _leftovers, unavailable: _unavailable, hint: _hint } = value;
  if (_reason !== undefined && typeof _reason !== 'string') return wrongAt('reason', 'a string');
  if (_last !== undefined && (fault = findInBpfTotals(_last)) !== undefined) return within('last', fault);
  if (_largest !== undefined && (fault = findInBpfTotals(_largest)) !== undefined) return within('largest', fault);
  if (_runningReadings !== undefined && !isInteger(_runningReadings, 0)) return wrongAt('runningReadings', 'a whole number from 0');
  if (_heldElsewhere !== undefined && (fault = findInSummaryBpfHeldElsewhere(_heldElsewhere)) !== undefined) return within('heldElsewhere', fault);
  if (_orphaned !== undefined && (fault = findInSummaryBpfHeldElsewhere(_orphaned)) !== undefined) return within('orphaned', fault);
  if (_heldPeak !== undefined && (fault = findInBpfCounts(_heldPeak)) !== undefined) return within('heldPeak', fault);
  if (_maps !== undefined && (fault = findInList(_maps, findInRunMap)) !== undefined) return within('maps', fault);
  if (_mapBytes !== undefined && (fault = findInCounters(_mapBytes)) !== undefined) return within('mapBytes', fault);
  if (_advice !== undefined && (fault = findInList(_advice, findInSummaryBpfAdviceItem)) !== undefined) return within('advice', fault);
  if (_leftovers !== undefined && (fault = findInList(_leftovers, findInLeftoverMap)) !== undefined) return within('leftovers', fault);
  if (_unavailable !== undefined && typeof _unavailable !== 'string') return wrongAt('unavailable', 'a string');
  if (_hint !== undefined && typeof _hint !== 'string') return wrongAt('hint', 'a string');
  return undefined;
}

function findInSummaryExplainedItemNamesItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kind: _kind, name: _name, pid: _pid, bytes: _bytes, reclaim: _reclaim } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (typeof _reclaim !== 'string') return wrongAt('reclaim', 'a string');
  if (_pid !== undefined && !isInteger(_pid, 1)) return wrongAt('pid', 'a whole number from 1');
  return undefined;
}

function findInSummaryExplainedItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { moment: _moment, elapsedMs: _elapsedMs, message: _message, method: _method, reason: _reason, bytes: _bytes, names: _names } = value;
  if (typeof _moment !== 'string') return wrongAt('moment', 'a string');
  if (!isNumber(_elapsedMs, 0)) return wrongAt('elapsedMs', 'a number from 0');
  if (typeof _method !== 'string') return wrongAt('method', 'a string');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if ((fault = findInList(_names, findInSummaryExplainedItemNamesItem)) !== undefined) return within('names', fault);
  if (_message !== undefined && typeof _message !== 'string') return wrongAt('message', 'a string');
  if (_reason !== undefined && typeof _reason !== 'string') return wrongAt('reason', 'a string');
  return undefined;
}

function findInMost(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { max: _max } = value;
  if (!isInteger(_max, 0)) return wrongAt('max', 'a whole number from 0');
  return undefined;
}

function findInSummaryKernelBreakdownTermsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { id: _id, bytes: _bytes, source: _source, atLeast: _atLeast } = value;
  if (typeof _id !== 'string') return wrongAt('id', 'a string');
  if (!isInteger(_bytes)) return wrongAt('bytes', 'a whole number');
  if (typeof _source !== 'string') return wrongAt('source', 'a string');
  if (_atLeast !== undefined && typeof _atLeast !== 'boolean') return wrongAt('atLeast', 'true or false');
  return undefined;
}

function findInSummaryKernelBreakdown(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { kernel: _kernel, terms: _terms, notes: _notes } = value;
  if (!isInteger(_kernel, 0)) return wrongAt('kernel', 'a whole number from 0');
  if ((fault = findInList(_terms, findInSummaryKernelBreakdownTermsItem)) !== undefined) return within('terms', fault);
  if ((fault = findInList(_notes, findInString)) !== undefined) return within('notes', fault);
  return undefined;
}

function findInSummary(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { type: _type, version: _version, cmemstat: _cmemstat, time: _time, command: _command, mode: _mode, leaf: _leaf, attached: _attached, restarts: _restarts, containers: _containers, durationMs: _durationMs, exit: _exit, peak: _peak, highest: _highest, highestWithBpf: _highestWithBpf, averages: _averages, maxima: _maxima, growth: _growth, events: _events, eventsLocal: _eventsLocal, elsewhere: _elsewhere, cgroupRemovedMs: _cgroupRemovedMs, cpuUs: _cpuUs, stallUs: _stallUs, bpf: _bpf, explained: _explained, leftoverFiles: _leftoverFiles, processes: _processes, nestedCgroups: _nestedCgroups, outlived: _outlived, samples: _samples, sources: _sources, warnings: _warnings, kernelBreakdown: _kernelBreakdown } = value;
  if (_type !== 'summary') return wrongAt('type', '"summary"');
  if (!isNumber(_version)) return wrongAt('version', 'a number');
  if (typeof _cmemstat !== 'string') return wrongAt('cmemstat', 'a string');
  if (typeof _time !== 'string') return wrongAt('time', 'a string');
  if ((fault = findInList(_command, findInString, 1)) !== undefined) return within('command', fault);
  if (typeof _mode !== 'string') return wrongAt('mode', 'a string');
  if (!isNumber(_durationMs, 0)) return wrongAt('durationMs', 'a number from 0');
  if ((fault = findInSummaryExit(_exit)) !== undefined) return within('exit', fault);
  if ((fault = findInCounters(_averages)) !== undefined) return within('averages', fault);
  if ((fault = findInList(_outlived, findInSummaryOutlivedItem)) !== undefined) return within('outlived', fault);
  if ((fault = findInSummarySamples(_samples)) !== undefined) return within('samples', fault);
  if ((fault = findInSummarySources(_sources)) !== undefined) return within('sources', fault);
  if ((fault = findInList(_warnings, findInString)) !== undefined) return within('warnings', fault);
  if (_leaf !== undefined && typeof _leaf !== 'string') return wrongAt('leaf', 'a string');
  if (_attached !== undefined && (fault = findInAttached(_attached)) !== undefined) return within('attached', fault);
  if (_restarts !== undefined && (fault = findInRestarts(_restarts)) !== undefined) return within('restarts', fault);
  if (_containers !== undefined && (fault = findInList(_containers, findInSummaryContainersItem)) !== undefined) return within('containers', fault);
  if (_peak !== undefined && (fault = findInSummaryPeak(_peak)) !== undefined) return within('peak', fault);
  if (_highest !== undefined && (fault = findInSample(_highest)) !== undefined) return within('highest', fault);
  if (_highestWithBpf !== undefined && (fault = findInSample(_highestWithBpf)) !== undefined) return within('highestWithBpf', fault);
  if (_maxima !== undefined && (fault = findInRestartsCgroupsItemGrowth(_maxima)) !== undefined) return within('maxima', fault);
  if (_growth !== undefined && (fault = findInRestartsCgroupsItemGrowth(_growth)) !== undefined) return within('growth', fault);
  if (_events !== undefined && (fault = findInCounters(_events)) !== undefined) return within('events', fault);
  if (_eventsLocal !== undefined && (fault = findInCounters(_eventsLocal)) !== undefined) return within('eventsLocal', fault);
  if (_elsewhere !== undefined && (fault = findInSummaryElsewhere(_elsewhere)) !== undefined) return within('elsewhere', fault);
  if (_cgroupRemovedMs !== undefined && !isNumber(_cgroupRemovedMs, 0)) return wrongAt('cgroupRemovedMs', 'a number from 0');
  if (_cpuUs !== undefined && (fault = findInRestartsCgroupsItemCpuUs(_cpuUs)) !== undefined) return within('cpuUs', fault);
  if (_stallUs !== undefined && (fault = findInRestartsCgroupsItemStallUs(_stallUs)) !== undefined) return within('stallUs', fault);
  if (_bpf !== undefined && (fault = findInSummaryBpf(_bpf)) !== undefined) return within('bpf', fault);
  if (_explained !== undefined && (fault = findInList(_explained, findInSummaryExplainedItem)) !== undefined) return within('explained', fault);
  if (_leftoverFiles !== undefined && (fault = findInList(_leftoverFiles, findInLeftoverFile)) !== undefined) return within('leftoverFiles', fault);
  if (_processes !== undefined && (fault = findInMost(_processes)) !== undefined) return within('processes', fault);
  if (_nestedCgroups !== undefined && (fault = findInMost(_nestedCgroups)) !== undefined) return within('nestedCgroups', fault);
  if (_kernelBreakdown !== undefined && (fault = findInSummaryKernelBreakdown(_kernelBreakdown)) !== undefined) return within('kernelBreakdown', fault);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInSummary: FindFault = findInSummary;

type Attached = { target: string; cgroup: string; owner?: { kind: string; runtime?: string; name: string; id?: string }; chargedBytes?: number; peakSince: 'creation' | 'attachment'; followed?: true };

type Sample = { type: 'sample'; elapsedMs: number; reason: 'launch' | 'tick' | 'final'; current?: number; peak?: number; workingset?: number; kernel?: number; swap?: { current?: number; peak?: number }; zswap?: { current?: number }; limits?: { max?: 'max' | number; high?: 'max' | number; swapMax?: 'max' | number; zswapMax?: 'max' | number; pidsMax?: 'max' | number; 'memsw.limit_in_bytes'?: 'max' | number }; stat?: Counters; events?: Counters; eventsLocal?: Counters; pressure?: { some?: PressureLine; full?: PressureLine }; processes?: number; nestedCgroups?: number; containers?: ({ cgroup: string; name?: string; current: number; anon?: number; file?: number; shmem?: number })[]; tree?: { rss: number; pss?: number; cpuPercent: number }; bpf?: BpfTotals; maxima?: { readings: number; bpfReadings?: number; longestGapMs: number; bytes: Counters; unseenBytes?: number } };

type Counters = Record<string, number>;

type PressureLine = { avg10: number; avg60: number; avg300: number; total: number };

type BpfTotals = { attribution: 'memcg' | 'held' | 'none'; charged?: { maps: BpfSize; programs: BpfSize; places: { vmalloc: number; slab: number; percpu: number; pages: number } }; uncharged?: BpfMaps; heldElsewhere?: BpfMaps; orphaned?: BpfMaps; anonymous?: BpfMaps; host?: BpfCounts; held?: BpfCounts };

type BpfSize = { count: number; bytes: number; atLeast?: true };

type BpfMaps = { maps: BpfSize };

type BpfCounts = { maps: BpfCount; programs: BpfCount };

type BpfCount = { count: number; memlock: number };

type ChargedMemory = { current?: number; stat: Counters };

type MemoryNode = { kind: 'host' | 'cgroup' | 'removed-cgroup' | 'class' | 'process' | 'mapping' | 'file' | 'deleted-file' | 'block-device' | 'memfd' | 'sysv-segment' | 'mount' | 'directory' | 'filesystem' | 'slab-cache' | 'page-tables' | 'kernel-stacks' | 'bpf-map' | 'bpf-program' | 'pipe' | 'socket' | 'percpu' | 'vmalloc' | 'zswap' | 'swap' | 'hugetlb' | 'perf-buffer' | 'gpu' | 'others' | 'unnamed'; name: string; path?: string; bytes: number; reclaim: 'reclaimable' | 'dirty' | 'process' | 'kernel' | 'persistent'; dirtyBytes?: number; activeBytes?: number; mappedBytes?: number; otherMappers?: number; count?: number; pid?: number; fsType?: string; mount?: string; directory?: string; note?: string; children?: (MemoryNode)[] };

type Most = { max: number };

/** `start` of recording.schema.json. */
export type StartJson = { type: 'start'; version: 2; cmemstat: string; time: string; command: (string)[]; pid?: number; mode: 'cgroup2' | 'cgroup1' | 'process-tree'; leaf?: string; attached?: Attached; placement: { kind: 'parent' | 'systemd' | 'top' | 'own' | 'process-tree' | 'attached'; reason: string }; intervalMs: number; bpfIntervalMs?: number; processIntervalMs?: number; budgets?: ({ expression: string; name?: string; optional?: true })[]; host: { kernel: string; arch: string; cpus: number; possibleCpus: number; pageSizeBytes: number; memTotalBytes: number } };

/** `sample` of recording.schema.json. */
export type SampleJson = Sample;

/** `event` of recording.schema.json. */
export type EventJson = { type: 'event'; elapsedMs: number; event: string; count?: number; increase?: number; localIncrease?: number; noticed?: 'inotify' | 'eventfd' | 'tick'; message?: string; hint?: string; pid?: number; cgroup?: string; from?: string; attached?: Attached };

/** `maps` of recording.schema.json. */
export type MapsJson = { type: 'maps'; elapsedMs: number; maps: ({ id: number; type: string; name: string; key_size: number; value_size: number; max_entries: number; map_flags: number; bytes: number; source: 'memlock' | 'formula' | 'memlock-guess'; atLeast?: true; unchargedBytes: number; elements?: number; backlogBytes?: number; anonymous?: boolean; cgroup?: string; elsewhere?: true; orphaned?: true; holders?: ({ pid: number; comm: string })[]; programs?: ({ id: number; name: string })[] })[]; gone?: (number)[] };

/** `processes` of recording.schema.json. */
export type ProcessesJson = { type: 'processes'; elapsedMs: number; processes: ({ pid: number; ppid: number; comm: string; rss: number; pss?: number; cpuPercent?: number; threads: number; fds?: number; cgroup?: string })[]; gone?: (number)[]; omitted?: number; programs?: ({ pid: number; user?: string; command?: (string)[] })[] };

/** `explain` of recording.schema.json. */
export type ExplainJson = { type: 'explain'; elapsedMs: number; moment: 'end' | 'peak' | 'exceeded'; message?: string; cgroup?: string; method: 'pages' | 'page-kinds' | 'counters'; reason?: string; hint?: string; before: ChargedMemory; after: ChargedMemory; frozen?: true; sample?: { every: number; standardErrorBytes?: number }; scanMs?: number; scannedPages?: number; tree: MemoryNode; beside: (MemoryNode)[]; missing: ({ term: string; reason: string; hint?: string })[]; advice: ({ kind: 'read-once' | 'unheld-tmpfs' | 'negative-dentries' | 'many-files' | 'unread-sockets' | 'page-tables' | 'bpf-maps'; bytes: number; text: string })[] };

/** `summary` of recording.schema.json. */
export type SummaryJson = { type: 'summary'; version: 2; cmemstat: string; time: string; command: (string)[]; mode: 'cgroup2' | 'cgroup1' | 'process-tree'; leaf?: string; attached?: Attached; restarts?: { count: number; waitedMs: number; cgroups: ({ attached: Attached; fromMs: number; toMs: number; peakBytes?: number; lastBytes?: number; growth?: Record<string, number>; events?: Counters; stallUs?: { some?: number; full?: number }; cpuUs?: { user: number; system: number } })[] }; containers?: ({ cgroup: string; name?: string; peakBytes: number; lastBytes: number })[]; durationMs: number; exit: { status: number; code?: number; signal?: string; oomKilled?: boolean; endedBy?: 'timeout' | 'budget' | 'view' | 'signal' | 'removed'; killedByCmemstat?: true }; peak?: { bytes: number; source: 'memory.peak' | 'memory.max_usage_in_bytes' | 'sampled'; unseenBytes?: number }; highest?: Sample; highestWithBpf?: Sample; averages: Counters; maxima?: Record<string, number>; growth?: Record<string, number>; events?: Counters; eventsLocal?: Counters; elsewhere?: { count: number; processes: ({ pid: number; comm: string; cgroup?: string; sinceMs: number; message: string; hint: string })[] }; cgroupRemovedMs?: number; cpuUs?: { user: number; system: number }; stallUs?: { some?: number; full?: number }; bpf?: { reason?: string; last?: BpfTotals; largest?: BpfTotals; runningReadings?: number; heldElsewhere?: { count: number; bytes: number; atLeast?: true; names?: Record<string, number> }; orphaned?: { count: number; bytes: number; atLeast?: true; names?: Record<string, number> }; heldPeak?: BpfCounts; maps?: ({ id: number; type: string; name: string; key_size: number; value_size: number; max_entries: number; bytes: number; source: 'memlock' | 'formula' | 'memlock-guess'; atLeast?: true; unchargedBytes: number; elements?: number; anonymous?: boolean })[]; mapBytes?: Record<string, number>; advice?: ({ kind: 'nearly-empty' | 'shareable' | 'idle-ring-buffer' | 'percpu-growth'; text: string; savesBytes?: number; maps: ({ id: number; name: string })[]; options?: ({ change: string; savesBytes: number })[]; projection?: ({ possibleCpus: number; bytes: number; unchargedPercpuBytes: number })[] })[]; leftovers?: ({ id: number; type: string; name: string; bytes: number; unchargedBytes: number; pinned: (string)[]; programs: ({ id: number; name: string })[]; links: ({ id: number; type: string })[]; holders: ({ pid: number; comm: string })[] })[]; unavailable?: string; hint?: string }; explained?: ({ moment: 'end' | 'peak' | 'exceeded'; elapsedMs: number; message?: string; method: 'pages' | 'page-kinds' | 'counters'; reason?: string; bytes: number; names: ({ kind: 'host' | 'cgroup' | 'removed-cgroup' | 'class' | 'process' | 'mapping' | 'file' | 'deleted-file' | 'block-device' | 'memfd' | 'sysv-segment' | 'mount' | 'directory' | 'filesystem' | 'slab-cache' | 'page-tables' | 'kernel-stacks' | 'bpf-map' | 'bpf-program' | 'pipe' | 'socket' | 'percpu' | 'vmalloc' | 'zswap' | 'swap' | 'hugetlb' | 'perf-buffer' | 'gpu' | 'others' | 'unnamed'; name: string; pid?: number; bytes: number; reclaim: 'reclaimable' | 'dirty' | 'process' | 'kernel' | 'persistent' })[] })[]; leftoverFiles?: ({ kind: 'file' | 'sysv-segment'; name: string; bytes: number })[]; processes?: Most; nestedCgroups?: Most; outlived: ({ pid: number; comm: string; stuck?: true })[]; samples: { count: number; late: number; missed: number; longestGapMs: number; readings?: number; longestReadingGapMs?: number; dropped?: number }; sources: Record<string, string>; warnings: (string)[]; kernelBreakdown?: { kernel: number; terms: ({ id: string; bytes: number; source: string; atLeast?: true })[]; notes: (string)[] } };

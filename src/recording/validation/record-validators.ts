// Generated from schema/recording.schema.json by build/generate-validators.mjs: change the schema, and run npm run build.
import { type Fault, type FindFault, isObject, within, wrong, wrongAt } from './fault.ts';

function findInStartCommand(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  if (value.length < 1) return wrong('a list of at least 1');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (typeof item !== 'string') return wrongAt(at, 'a string');
  }
  return undefined;
}

function findInStartPlacement(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _kind = value.kind;
  const _reason = value.reason;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _reason !== 'string') return wrongAt('reason', 'a string');
  return undefined;
}

function findInStartHost(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _kernel = value.kernel;
  const _arch = value.arch;
  const _cpus = value.cpus;
  const _possibleCpus = value.possibleCpus;
  const _pageSizeBytes = value.pageSizeBytes;
  const _memTotalBytes = value.memTotalBytes;
  if (typeof _kernel !== 'string') return wrongAt('kernel', 'a string');
  if (typeof _arch !== 'string') return wrongAt('arch', 'a string');
  if (!Number.isFinite(_cpus)) return wrongAt('cpus', 'a number');
  if (!Number.isFinite(_possibleCpus)) return wrongAt('possibleCpus', 'a number');
  if (!Number.isFinite(_pageSizeBytes)) return wrongAt('pageSizeBytes', 'a number');
  if (!Number.isFinite(_memTotalBytes)) return wrongAt('memTotalBytes', 'a number');
  return undefined;
}

function findInStartBudgetsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _expression = value.expression;
  const _name = value.name;
  const _optional = value.optional;
  if (typeof _expression !== 'string') return wrongAt('expression', 'a string');
  if (_name !== undefined && typeof _name !== 'string') return wrongAt('name', 'a string');
  if (_optional !== undefined && typeof _optional !== 'boolean') return wrongAt('optional', 'true or false');
  return undefined;
}

function findInStartBudgets(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInStartBudgetsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInStart(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _type = value.type;
  const _version = value.version;
  const _cmemstat = value.cmemstat;
  const _time = value.time;
  const _command = value.command;
  const _pid = value.pid;
  const _mode = value.mode;
  const _leaf = value.leaf;
  const _placement = value.placement;
  const _intervalMs = value.intervalMs;
  const _bpfIntervalMs = value.bpfIntervalMs;
  const _processIntervalMs = value.processIntervalMs;
  const _budgets = value.budgets;
  const _host = value.host;
  if (_type !== 'start') return wrongAt('type', '"start"');
  if (!Number.isFinite(_version)) return wrongAt('version', 'a number');
  if (typeof _cmemstat !== 'string') return wrongAt('cmemstat', 'a string');
  if (typeof _time !== 'string') return wrongAt('time', 'a string');
  const in_command = findInStartCommand(_command);
  if (in_command !== undefined) return within('command', in_command);
  if (!Number.isFinite(_pid)) return wrongAt('pid', 'a number');
  if (typeof _mode !== 'string') return wrongAt('mode', 'a string');
  const in_placement = findInStartPlacement(_placement);
  if (in_placement !== undefined) return within('placement', in_placement);
  if (!Number.isFinite(_intervalMs)) return wrongAt('intervalMs', 'a number');
  const in_host = findInStartHost(_host);
  if (in_host !== undefined) return within('host', in_host);
  if (_leaf !== undefined && typeof _leaf !== 'string') return wrongAt('leaf', 'a string');
  if (_bpfIntervalMs !== undefined && !Number.isFinite(_bpfIntervalMs)) return wrongAt('bpfIntervalMs', 'a number');
  if (_processIntervalMs !== undefined && !Number.isFinite(_processIntervalMs)) return wrongAt('processIntervalMs', 'a number');
  const in_budgets = _budgets === undefined ? undefined : findInStartBudgets(_budgets);
  if (in_budgets !== undefined) return within('budgets', in_budgets);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInStart: FindFault = findInStart;

function findInSampleSwap(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _current = value.current;
  const _peak = value.peak;
  if (_current !== undefined && !Number.isFinite(_current)) return wrongAt('current', 'a number');
  if (_peak !== undefined && !Number.isFinite(_peak)) return wrongAt('peak', 'a number');
  return undefined;
}

function findInSampleZswap(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _current = value.current;
  if (_current !== undefined && !Number.isFinite(_current)) return wrongAt('current', 'a number');
  return undefined;
}

function findInSampleLimits(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _max = value.max;
  const _high = value.high;
  const _swapMax = value.swapMax;
  const _zswapMax = value.zswapMax;
  const _pidsMax = value.pidsMax;
  const _memsw_limit_in_bytes = value['memsw.limit_in_bytes'];
  if (_max !== undefined && _max !== 'max' && !Number.isFinite(_max)) return wrongAt('max', '"max" or a number');
  if (_high !== undefined && _high !== 'max' && !Number.isFinite(_high)) return wrongAt('high', '"max" or a number');
  if (_swapMax !== undefined && _swapMax !== 'max' && !Number.isFinite(_swapMax)) return wrongAt('swapMax', '"max" or a number');
  if (_zswapMax !== undefined && _zswapMax !== 'max' && !Number.isFinite(_zswapMax)) return wrongAt('zswapMax', '"max" or a number');
  if (_pidsMax !== undefined && _pidsMax !== 'max' && !Number.isFinite(_pidsMax)) return wrongAt('pidsMax', '"max" or a number');
  if (_memsw_limit_in_bytes !== undefined && _memsw_limit_in_bytes !== 'max' && !Number.isFinite(_memsw_limit_in_bytes)) return wrongAt('memsw.limit_in_bytes', '"max" or a number');
  return undefined;
}

function findInSampleStat(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  for (const key in value) {
    const field = value[key];
    if (!Number.isFinite(field)) return wrongAt(key, 'a number');
  }
  return undefined;
}

function findInSamplePressureSome(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _avg10 = value.avg10;
  const _avg60 = value.avg60;
  const _avg300 = value.avg300;
  const _total = value.total;
  if (!Number.isFinite(_avg10)) return wrongAt('avg10', 'a number');
  if (!Number.isFinite(_avg60)) return wrongAt('avg60', 'a number');
  if (!Number.isFinite(_avg300)) return wrongAt('avg300', 'a number');
  if (!Number.isFinite(_total)) return wrongAt('total', 'a number');
  return undefined;
}

function findInSamplePressure(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _some = value.some;
  const _full = value.full;
  const in_some = _some === undefined ? undefined : findInSamplePressureSome(_some);
  if (in_some !== undefined) return within('some', in_some);
  const in_full = _full === undefined ? undefined : findInSamplePressureSome(_full);
  if (in_full !== undefined) return within('full', in_full);
  return undefined;
}

function findInSampleTree(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _rss = value.rss;
  const _pss = value.pss;
  const _cpuPercent = value.cpuPercent;
  if (!Number.isFinite(_rss)) return wrongAt('rss', 'a number');
  if (!Number.isFinite(_cpuPercent)) return wrongAt('cpuPercent', 'a number');
  if (_pss !== undefined && !Number.isFinite(_pss)) return wrongAt('pss', 'a number');
  return undefined;
}

function findInSampleBpfChargedMaps(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _count = value.count;
  const _bytes = value.bytes;
  const _atLeast = value.atLeast;
  if (!Number.isFinite(_count)) return wrongAt('count', 'a number');
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  if (_atLeast !== undefined && typeof _atLeast !== 'boolean') return wrongAt('atLeast', 'true or false');
  return undefined;
}

function findInSampleBpfChargedPlaces(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _vmalloc = value.vmalloc;
  const _slab = value.slab;
  const _percpu = value.percpu;
  const _pages = value.pages;
  if (!Number.isFinite(_vmalloc)) return wrongAt('vmalloc', 'a number');
  if (!Number.isFinite(_slab)) return wrongAt('slab', 'a number');
  if (!Number.isFinite(_percpu)) return wrongAt('percpu', 'a number');
  if (!Number.isFinite(_pages)) return wrongAt('pages', 'a number');
  return undefined;
}

function findInSampleBpfCharged(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _maps = value.maps;
  const _programs = value.programs;
  const _places = value.places;
  const in_maps = findInSampleBpfChargedMaps(_maps);
  if (in_maps !== undefined) return within('maps', in_maps);
  const in_programs = findInSampleBpfChargedMaps(_programs);
  if (in_programs !== undefined) return within('programs', in_programs);
  const in_places = findInSampleBpfChargedPlaces(_places);
  if (in_places !== undefined) return within('places', in_places);
  return undefined;
}

function findInSampleBpfUncharged(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _maps = value.maps;
  const in_maps = findInSampleBpfChargedMaps(_maps);
  if (in_maps !== undefined) return within('maps', in_maps);
  return undefined;
}

function findInSampleBpfHostMaps(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _count = value.count;
  const _memlock = value.memlock;
  if (!Number.isFinite(_count)) return wrongAt('count', 'a number');
  if (!Number.isFinite(_memlock)) return wrongAt('memlock', 'a number');
  return undefined;
}

function findInSampleBpfHost(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _maps = value.maps;
  const _programs = value.programs;
  const in_maps = findInSampleBpfHostMaps(_maps);
  if (in_maps !== undefined) return within('maps', in_maps);
  const in_programs = findInSampleBpfHostMaps(_programs);
  if (in_programs !== undefined) return within('programs', in_programs);
  return undefined;
}

function findInSampleBpf(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _attribution = value.attribution;
  const _charged = value.charged;
  const _uncharged = value.uncharged;
  const _heldElsewhere = value.heldElsewhere;
  const _anonymous = value.anonymous;
  const _host = value.host;
  const _held = value.held;
  if (typeof _attribution !== 'string') return wrongAt('attribution', 'a string');
  const in_charged = _charged === undefined ? undefined : findInSampleBpfCharged(_charged);
  if (in_charged !== undefined) return within('charged', in_charged);
  const in_uncharged = _uncharged === undefined ? undefined : findInSampleBpfUncharged(_uncharged);
  if (in_uncharged !== undefined) return within('uncharged', in_uncharged);
  const in_heldElsewhere = _heldElsewhere === undefined ? undefined : findInSampleBpfUncharged(_heldElsewhere);
  if (in_heldElsewhere !== undefined) return within('heldElsewhere', in_heldElsewhere);
  const in_anonymous = _anonymous === undefined ? undefined : findInSampleBpfUncharged(_anonymous);
  if (in_anonymous !== undefined) return within('anonymous', in_anonymous);
  const in_host = _host === undefined ? undefined : findInSampleBpfHost(_host);
  if (in_host !== undefined) return within('host', in_host);
  const in_held = _held === undefined ? undefined : findInSampleBpfHost(_held);
  if (in_held !== undefined) return within('held', in_held);
  return undefined;
}

function findInSampleMaxima(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _readings = value.readings;
  const _bpfReadings = value.bpfReadings;
  const _longestGapMs = value.longestGapMs;
  const _bytes = value.bytes;
  const _unseenBytes = value.unseenBytes;
  if (!Number.isFinite(_readings)) return wrongAt('readings', 'a number');
  if (!Number.isFinite(_longestGapMs)) return wrongAt('longestGapMs', 'a number');
  const in_bytes = findInSampleStat(_bytes);
  if (in_bytes !== undefined) return within('bytes', in_bytes);
  if (_bpfReadings !== undefined && !Number.isFinite(_bpfReadings)) return wrongAt('bpfReadings', 'a number');
  if (_unseenBytes !== undefined && !Number.isFinite(_unseenBytes)) return wrongAt('unseenBytes', 'a number');
  return undefined;
}

function findInSample(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _type = value.type;
  const _elapsedMs = value.elapsedMs;
  const _reason = value.reason;
  const _current = value.current;
  const _peak = value.peak;
  const _workingset = value.workingset;
  const _kernel = value.kernel;
  const _swap = value.swap;
  const _zswap = value.zswap;
  const _limits = value.limits;
  const _stat = value.stat;
  const _events = value.events;
  const _eventsLocal = value.eventsLocal;
  const _pressure = value.pressure;
  const _processes = value.processes;
  const _nestedCgroups = value.nestedCgroups;
  const _tree = value.tree;
  const _bpf = value.bpf;
  const _maxima = value.maxima;
  if (_type !== 'sample') return wrongAt('type', '"sample"');
  if (!Number.isFinite(_elapsedMs)) return wrongAt('elapsedMs', 'a number');
  if (typeof _reason !== 'string') return wrongAt('reason', 'a string');
  if (_current !== undefined && !Number.isFinite(_current)) return wrongAt('current', 'a number');
  if (_peak !== undefined && !Number.isFinite(_peak)) return wrongAt('peak', 'a number');
  if (_workingset !== undefined && !Number.isFinite(_workingset)) return wrongAt('workingset', 'a number');
  if (_kernel !== undefined && !Number.isFinite(_kernel)) return wrongAt('kernel', 'a number');
  const in_swap = _swap === undefined ? undefined : findInSampleSwap(_swap);
  if (in_swap !== undefined) return within('swap', in_swap);
  const in_zswap = _zswap === undefined ? undefined : findInSampleZswap(_zswap);
  if (in_zswap !== undefined) return within('zswap', in_zswap);
  const in_limits = _limits === undefined ? undefined : findInSampleLimits(_limits);
  if (in_limits !== undefined) return within('limits', in_limits);
  const in_stat = _stat === undefined ? undefined : findInSampleStat(_stat);
  if (in_stat !== undefined) return within('stat', in_stat);
  const in_events = _events === undefined ? undefined : findInSampleStat(_events);
  if (in_events !== undefined) return within('events', in_events);
  const in_eventsLocal = _eventsLocal === undefined ? undefined : findInSampleStat(_eventsLocal);
  if (in_eventsLocal !== undefined) return within('eventsLocal', in_eventsLocal);
  const in_pressure = _pressure === undefined ? undefined : findInSamplePressure(_pressure);
  if (in_pressure !== undefined) return within('pressure', in_pressure);
  if (_processes !== undefined && !Number.isFinite(_processes)) return wrongAt('processes', 'a number');
  if (_nestedCgroups !== undefined && !Number.isFinite(_nestedCgroups)) return wrongAt('nestedCgroups', 'a number');
  const in_tree = _tree === undefined ? undefined : findInSampleTree(_tree);
  if (in_tree !== undefined) return within('tree', in_tree);
  const in_bpf = _bpf === undefined ? undefined : findInSampleBpf(_bpf);
  if (in_bpf !== undefined) return within('bpf', in_bpf);
  const in_maxima = _maxima === undefined ? undefined : findInSampleMaxima(_maxima);
  if (in_maxima !== undefined) return within('maxima', in_maxima);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInSample: FindFault = findInSample;

function findInEvent(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _type = value.type;
  const _elapsedMs = value.elapsedMs;
  const _event = value.event;
  const _count = value.count;
  const _increase = value.increase;
  const _localIncrease = value.localIncrease;
  const _noticed = value.noticed;
  const _message = value.message;
  const _hint = value.hint;
  const _pid = value.pid;
  const _cgroup = value.cgroup;
  if (_type !== 'event') return wrongAt('type', '"event"');
  if (!Number.isFinite(_elapsedMs)) return wrongAt('elapsedMs', 'a number');
  if (typeof _event !== 'string') return wrongAt('event', 'a string');
  if (_count !== undefined && !Number.isFinite(_count)) return wrongAt('count', 'a number');
  if (_increase !== undefined && !Number.isFinite(_increase)) return wrongAt('increase', 'a number');
  if (_localIncrease !== undefined && !Number.isFinite(_localIncrease)) return wrongAt('localIncrease', 'a number');
  if (_noticed !== undefined && typeof _noticed !== 'string') return wrongAt('noticed', 'a string');
  if (_message !== undefined && typeof _message !== 'string') return wrongAt('message', 'a string');
  if (_hint !== undefined && typeof _hint !== 'string') return wrongAt('hint', 'a string');
  if (_pid !== undefined && !Number.isFinite(_pid)) return wrongAt('pid', 'a number');
  if (_cgroup !== undefined && typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInEvent: FindFault = findInEvent;

function findInMapsMapsItemHoldersItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _pid = value.pid;
  const _comm = value.comm;
  if (!Number.isFinite(_pid)) return wrongAt('pid', 'a number');
  if (typeof _comm !== 'string') return wrongAt('comm', 'a string');
  return undefined;
}

function findInMapsMapsItemHolders(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInMapsMapsItemHoldersItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInMapsMapsItemProgramsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _id = value.id;
  const _name = value.name;
  if (!Number.isFinite(_id)) return wrongAt('id', 'a number');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  return undefined;
}

function findInMapsMapsItemPrograms(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInMapsMapsItemProgramsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInMapsMapsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _id = value.id;
  const _type = value.type;
  const _name = value.name;
  const _key_size = value.key_size;
  const _value_size = value.value_size;
  const _max_entries = value.max_entries;
  const _map_flags = value.map_flags;
  const _bytes = value.bytes;
  const _source = value.source;
  const _atLeast = value.atLeast;
  const _unchargedBytes = value.unchargedBytes;
  const _elements = value.elements;
  const _backlogBytes = value.backlogBytes;
  const _anonymous = value.anonymous;
  const _cgroup = value.cgroup;
  const _elsewhere = value.elsewhere;
  const _holders = value.holders;
  const _programs = value.programs;
  if (!Number.isFinite(_id)) return wrongAt('id', 'a number');
  if (typeof _type !== 'string') return wrongAt('type', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!Number.isFinite(_key_size)) return wrongAt('key_size', 'a number');
  if (!Number.isFinite(_value_size)) return wrongAt('value_size', 'a number');
  if (!Number.isFinite(_max_entries)) return wrongAt('max_entries', 'a number');
  if (!Number.isFinite(_map_flags)) return wrongAt('map_flags', 'a number');
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  if (typeof _source !== 'string') return wrongAt('source', 'a string');
  if (!Number.isFinite(_unchargedBytes)) return wrongAt('unchargedBytes', 'a number');
  if (_atLeast !== undefined && typeof _atLeast !== 'boolean') return wrongAt('atLeast', 'true or false');
  if (_elements !== undefined && !Number.isFinite(_elements)) return wrongAt('elements', 'a number');
  if (_backlogBytes !== undefined && !Number.isFinite(_backlogBytes)) return wrongAt('backlogBytes', 'a number');
  if (_anonymous !== undefined && typeof _anonymous !== 'boolean') return wrongAt('anonymous', 'true or false');
  if (_cgroup !== undefined && typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  if (_elsewhere !== undefined && typeof _elsewhere !== 'boolean') return wrongAt('elsewhere', 'true or false');
  const in_holders = _holders === undefined ? undefined : findInMapsMapsItemHolders(_holders);
  if (in_holders !== undefined) return within('holders', in_holders);
  const in_programs = _programs === undefined ? undefined : findInMapsMapsItemPrograms(_programs);
  if (in_programs !== undefined) return within('programs', in_programs);
  return undefined;
}

function findInMapsMaps(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInMapsMapsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInMapsGone(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  if (value.length < 1) return wrong('a list of at least 1');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (!Number.isFinite(item)) return wrongAt(at, 'a number');
  }
  return undefined;
}

function findInMaps(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _type = value.type;
  const _elapsedMs = value.elapsedMs;
  const _maps = value.maps;
  const _gone = value.gone;
  if (_type !== 'maps') return wrongAt('type', '"maps"');
  if (!Number.isFinite(_elapsedMs)) return wrongAt('elapsedMs', 'a number');
  const in_maps = findInMapsMaps(_maps);
  if (in_maps !== undefined) return within('maps', in_maps);
  const in_gone = _gone === undefined ? undefined : findInMapsGone(_gone);
  if (in_gone !== undefined) return within('gone', in_gone);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInMaps: FindFault = findInMaps;

function findInProcessesProcessesItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _pid = value.pid;
  const _ppid = value.ppid;
  const _comm = value.comm;
  const _rss = value.rss;
  const _pss = value.pss;
  const _cpuPercent = value.cpuPercent;
  const _threads = value.threads;
  const _fds = value.fds;
  const _cgroup = value.cgroup;
  if (!Number.isFinite(_pid)) return wrongAt('pid', 'a number');
  if (!Number.isFinite(_ppid)) return wrongAt('ppid', 'a number');
  if (typeof _comm !== 'string') return wrongAt('comm', 'a string');
  if (!Number.isFinite(_rss)) return wrongAt('rss', 'a number');
  if (!Number.isFinite(_threads)) return wrongAt('threads', 'a number');
  if (_pss !== undefined && !Number.isFinite(_pss)) return wrongAt('pss', 'a number');
  if (_cpuPercent !== undefined && !Number.isFinite(_cpuPercent)) return wrongAt('cpuPercent', 'a number');
  if (_fds !== undefined && !Number.isFinite(_fds)) return wrongAt('fds', 'a number');
  if (_cgroup !== undefined && typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  return undefined;
}

function findInProcessesProcesses(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInProcessesProcessesItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInProcessesGone(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  if (value.length < 1) return wrong('a list of at least 1');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (!Number.isFinite(item)) return wrongAt(at, 'a number');
  }
  return undefined;
}

function findInProcesses(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _type = value.type;
  const _elapsedMs = value.elapsedMs;
  const _processes = value.processes;
  const _gone = value.gone;
  const _omitted = value.omitted;
  if (_type !== 'processes') return wrongAt('type', '"processes"');
  if (!Number.isFinite(_elapsedMs)) return wrongAt('elapsedMs', 'a number');
  const in_processes = findInProcessesProcesses(_processes);
  if (in_processes !== undefined) return within('processes', in_processes);
  const in_gone = _gone === undefined ? undefined : findInProcessesGone(_gone);
  if (in_gone !== undefined) return within('gone', in_gone);
  if (_omitted !== undefined && !Number.isFinite(_omitted)) return wrongAt('omitted', 'a number');
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInProcesses: FindFault = findInProcesses;

function findInSummaryExit(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _status = value.status;
  const _code = value.code;
  const _signal = value.signal;
  const _oomKilled = value.oomKilled;
  const _endedBy = value.endedBy;
  const _killedByCmemstat = value.killedByCmemstat;
  if (!Number.isFinite(_status)) return wrongAt('status', 'a number');
  if (_code !== undefined && !Number.isFinite(_code)) return wrongAt('code', 'a number');
  if (_signal !== undefined && typeof _signal !== 'string') return wrongAt('signal', 'a string');
  if (_oomKilled !== undefined && typeof _oomKilled !== 'boolean') return wrongAt('oomKilled', 'true or false');
  if (_endedBy !== undefined && typeof _endedBy !== 'string') return wrongAt('endedBy', 'a string');
  if (_killedByCmemstat !== undefined && typeof _killedByCmemstat !== 'boolean') return wrongAt('killedByCmemstat', 'true or false');
  return undefined;
}

function findInSummaryOutlived(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInMapsMapsItemHoldersItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummarySamples(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _count = value.count;
  const _late = value.late;
  const _missed = value.missed;
  const _longestGapMs = value.longestGapMs;
  const _readings = value.readings;
  const _longestReadingGapMs = value.longestReadingGapMs;
  const _dropped = value.dropped;
  if (!Number.isFinite(_count)) return wrongAt('count', 'a number');
  if (!Number.isFinite(_late)) return wrongAt('late', 'a number');
  if (!Number.isFinite(_missed)) return wrongAt('missed', 'a number');
  if (!Number.isFinite(_longestGapMs)) return wrongAt('longestGapMs', 'a number');
  if (_readings !== undefined && !Number.isFinite(_readings)) return wrongAt('readings', 'a number');
  if (_longestReadingGapMs !== undefined && !Number.isFinite(_longestReadingGapMs)) return wrongAt('longestReadingGapMs', 'a number');
  if (_dropped !== undefined && !Number.isFinite(_dropped)) return wrongAt('dropped', 'a number');
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

function findInSummaryWarnings(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (typeof item !== 'string') return wrongAt(at, 'a string');
  }
  return undefined;
}

function findInSummaryPeak(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _bytes = value.bytes;
  const _source = value.source;
  const _unseenBytes = value.unseenBytes;
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  if (typeof _source !== 'string') return wrongAt('source', 'a string');
  if (_unseenBytes !== undefined && !Number.isFinite(_unseenBytes)) return wrongAt('unseenBytes', 'a number');
  return undefined;
}

function findInSummaryMaxima(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  for (const key in value) {
    const field = value[key];
    if (!Number.isFinite(field)) return wrongAt(key, 'a number');
  }
  return undefined;
}

function findInSummaryElsewhereProcessesItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _pid = value.pid;
  const _comm = value.comm;
  const _cgroup = value.cgroup;
  const _sinceMs = value.sinceMs;
  const _message = value.message;
  const _hint = value.hint;
  if (!Number.isFinite(_pid)) return wrongAt('pid', 'a number');
  if (typeof _comm !== 'string') return wrongAt('comm', 'a string');
  if (!Number.isFinite(_sinceMs)) return wrongAt('sinceMs', 'a number');
  if (typeof _message !== 'string') return wrongAt('message', 'a string');
  if (typeof _hint !== 'string') return wrongAt('hint', 'a string');
  if (_cgroup !== undefined && typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  return undefined;
}

function findInSummaryElsewhereProcesses(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInSummaryElsewhereProcessesItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummaryElsewhere(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _count = value.count;
  const _processes = value.processes;
  if (!Number.isFinite(_count)) return wrongAt('count', 'a number');
  const in_processes = findInSummaryElsewhereProcesses(_processes);
  if (in_processes !== undefined) return within('processes', in_processes);
  return undefined;
}

function findInSummaryStallUs(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _some = value.some;
  const _full = value.full;
  if (_some !== undefined && !Number.isFinite(_some)) return wrongAt('some', 'a number');
  if (_full !== undefined && !Number.isFinite(_full)) return wrongAt('full', 'a number');
  return undefined;
}

function findInSummaryBpfHeldElsewhereNames(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  for (const key in value) {
    const field = value[key];
    if (!Number.isFinite(field)) return wrongAt(key, 'a number');
  }
  return undefined;
}

function findInSummaryBpfHeldElsewhere(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _count = value.count;
  const _bytes = value.bytes;
  const _atLeast = value.atLeast;
  const _names = value.names;
  if (!Number.isFinite(_count)) return wrongAt('count', 'a number');
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  if (_atLeast !== undefined && typeof _atLeast !== 'boolean') return wrongAt('atLeast', 'true or false');
  const in_names = _names === undefined ? undefined : findInSummaryBpfHeldElsewhereNames(_names);
  if (in_names !== undefined) return within('names', in_names);
  return undefined;
}

function findInSummaryBpfMapsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _id = value.id;
  const _type = value.type;
  const _name = value.name;
  const _key_size = value.key_size;
  const _value_size = value.value_size;
  const _max_entries = value.max_entries;
  const _bytes = value.bytes;
  const _source = value.source;
  const _atLeast = value.atLeast;
  const _unchargedBytes = value.unchargedBytes;
  const _elements = value.elements;
  const _anonymous = value.anonymous;
  if (!Number.isFinite(_id)) return wrongAt('id', 'a number');
  if (typeof _type !== 'string') return wrongAt('type', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!Number.isFinite(_key_size)) return wrongAt('key_size', 'a number');
  if (!Number.isFinite(_value_size)) return wrongAt('value_size', 'a number');
  if (!Number.isFinite(_max_entries)) return wrongAt('max_entries', 'a number');
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  if (typeof _source !== 'string') return wrongAt('source', 'a string');
  if (!Number.isFinite(_unchargedBytes)) return wrongAt('unchargedBytes', 'a number');
  if (_atLeast !== undefined && typeof _atLeast !== 'boolean') return wrongAt('atLeast', 'true or false');
  if (_elements !== undefined && !Number.isFinite(_elements)) return wrongAt('elements', 'a number');
  if (_anonymous !== undefined && typeof _anonymous !== 'boolean') return wrongAt('anonymous', 'true or false');
  return undefined;
}

function findInSummaryBpfMaps(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInSummaryBpfMapsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummaryBpfMapBytes(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  for (const key in value) {
    const field = value[key];
    if (!Number.isFinite(field)) return wrongAt(key, 'a number');
  }
  return undefined;
}

function findInSummaryBpfAdviceItemMaps(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInMapsMapsItemProgramsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummaryBpfAdviceItemOptionsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _change = value.change;
  const _savesBytes = value.savesBytes;
  if (typeof _change !== 'string') return wrongAt('change', 'a string');
  if (!Number.isFinite(_savesBytes)) return wrongAt('savesBytes', 'a number');
  return undefined;
}

function findInSummaryBpfAdviceItemOptions(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInSummaryBpfAdviceItemOptionsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummaryBpfAdviceItemProjectionItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _possibleCpus = value.possibleCpus;
  const _bytes = value.bytes;
  const _unchargedPercpuBytes = value.unchargedPercpuBytes;
  if (!Number.isFinite(_possibleCpus)) return wrongAt('possibleCpus', 'a number');
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  if (!Number.isFinite(_unchargedPercpuBytes)) return wrongAt('unchargedPercpuBytes', 'a number');
  return undefined;
}

function findInSummaryBpfAdviceItemProjection(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInSummaryBpfAdviceItemProjectionItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummaryBpfAdviceItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _kind = value.kind;
  const _text = value.text;
  const _savesBytes = value.savesBytes;
  const _maps = value.maps;
  const _options = value.options;
  const _projection = value.projection;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _text !== 'string') return wrongAt('text', 'a string');
  const in_maps = findInSummaryBpfAdviceItemMaps(_maps);
  if (in_maps !== undefined) return within('maps', in_maps);
  if (_savesBytes !== undefined && !Number.isFinite(_savesBytes)) return wrongAt('savesBytes', 'a number');
  const in_options = _options === undefined ? undefined : findInSummaryBpfAdviceItemOptions(_options);
  if (in_options !== undefined) return within('options', in_options);
  const in_projection = _projection === undefined ? undefined : findInSummaryBpfAdviceItemProjection(_projection);
  if (in_projection !== undefined) return within('projection', in_projection);
  return undefined;
}

function findInSummaryBpfAdvice(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInSummaryBpfAdviceItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummaryBpfLeftoversItemLinksItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _id = value.id;
  const _type = value.type;
  if (!Number.isFinite(_id)) return wrongAt('id', 'a number');
  if (typeof _type !== 'string') return wrongAt('type', 'a string');
  return undefined;
}

function findInSummaryBpfLeftoversItemLinks(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInSummaryBpfLeftoversItemLinksItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummaryBpfLeftoversItemHolders(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInMapsMapsItemHoldersItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummaryBpfLeftoversItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _id = value.id;
  const _type = value.type;
  const _name = value.name;
  const _bytes = value.bytes;
  const _unchargedBytes = value.unchargedBytes;
  const _pinned = value.pinned;
  const _programs = value.programs;
  const _links = value.links;
  const _holders = value.holders;
  if (!Number.isFinite(_id)) return wrongAt('id', 'a number');
  if (typeof _type !== 'string') return wrongAt('type', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  if (!Number.isFinite(_unchargedBytes)) return wrongAt('unchargedBytes', 'a number');
  const in_pinned = findInSummaryWarnings(_pinned);
  if (in_pinned !== undefined) return within('pinned', in_pinned);
  const in_programs = findInSummaryBpfAdviceItemMaps(_programs);
  if (in_programs !== undefined) return within('programs', in_programs);
  const in_links = findInSummaryBpfLeftoversItemLinks(_links);
  if (in_links !== undefined) return within('links', in_links);
  const in_holders = findInSummaryBpfLeftoversItemHolders(_holders);
  if (in_holders !== undefined) return within('holders', in_holders);
  return undefined;
}

function findInSummaryBpfLeftovers(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInSummaryBpfLeftoversItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummaryBpf(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _reason = value.reason;
  const _last = value.last;
  const _largest = value.largest;
  const _runningReadings = value.runningReadings;
  const _heldElsewhere = value.heldElsewhere;
  const _heldPeak = value.heldPeak;
  const _maps = value.maps;
  const _mapBytes = value.mapBytes;
  const _advice = value.advice;
  const _leftovers = value.leftovers;
  const _unavailable = value.unavailable;
  const _hint = value.hint;
  if (_reason !== undefined && typeof _reason !== 'string') return wrongAt('reason', 'a string');
  const in_last = _last === undefined ? undefined : findInSampleBpf(_last);
  if (in_last !== undefined) return within('last', in_last);
  const in_largest = _largest === undefined ? undefined : findInSampleBpf(_largest);
  if (in_largest !== undefined) return within('largest', in_largest);
  if (_runningReadings !== undefined && !Number.isFinite(_runningReadings)) return wrongAt('runningReadings', 'a number');
  const in_heldElsewhere = _heldElsewhere === undefined ? undefined : findInSummaryBpfHeldElsewhere(_heldElsewhere);
  if (in_heldElsewhere !== undefined) return within('heldElsewhere', in_heldElsewhere);
  const in_heldPeak = _heldPeak === undefined ? undefined : findInSampleBpfHost(_heldPeak);
  if (in_heldPeak !== undefined) return within('heldPeak', in_heldPeak);
  const in_maps = _maps === undefined ? undefined : findInSummaryBpfMaps(_maps);
  if (in_maps !== undefined) return within('maps', in_maps);
  const in_mapBytes = _mapBytes === undefined ? undefined : findInSummaryBpfMapBytes(_mapBytes);
  if (in_mapBytes !== undefined) return within('mapBytes', in_mapBytes);
  const in_advice = _advice === undefined ? undefined : findInSummaryBpfAdvice(_advice);
  if (in_advice !== undefined) return within('advice', in_advice);
  const in_leftovers = _leftovers === undefined ? undefined : findInSummaryBpfLeftovers(_leftovers);
  if (in_leftovers !== undefined) return within('leftovers', in_leftovers);
  if (_unavailable !== undefined && typeof _unavailable !== 'string') return wrongAt('unavailable', 'a string');
  if (_hint !== undefined && typeof _hint !== 'string') return wrongAt('hint', 'a string');
  return undefined;
}

function findInSummaryProcesses(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _max = value.max;
  if (!Number.isFinite(_max)) return wrongAt('max', 'a number');
  return undefined;
}

function findInSummaryKernelBreakdownTermsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _id = value.id;
  const _bytes = value.bytes;
  const _source = value.source;
  const _atLeast = value.atLeast;
  if (typeof _id !== 'string') return wrongAt('id', 'a string');
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  if (typeof _source !== 'string') return wrongAt('source', 'a string');
  if (_atLeast !== undefined && typeof _atLeast !== 'boolean') return wrongAt('atLeast', 'true or false');
  return undefined;
}

function findInSummaryKernelBreakdownTerms(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInSummaryKernelBreakdownTermsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInSummaryKernelBreakdown(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _kernel = value.kernel;
  const _terms = value.terms;
  const _notes = value.notes;
  if (!Number.isFinite(_kernel)) return wrongAt('kernel', 'a number');
  const in_terms = findInSummaryKernelBreakdownTerms(_terms);
  if (in_terms !== undefined) return within('terms', in_terms);
  const in_notes = findInSummaryWarnings(_notes);
  if (in_notes !== undefined) return within('notes', in_notes);
  return undefined;
}

function findInSummary(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _type = value.type;
  const _version = value.version;
  const _cmemstat = value.cmemstat;
  const _time = value.time;
  const _command = value.command;
  const _mode = value.mode;
  const _leaf = value.leaf;
  const _durationMs = value.durationMs;
  const _exit = value.exit;
  const _peak = value.peak;
  const _highest = value.highest;
  const _averages = value.averages;
  const _maxima = value.maxima;
  const _events = value.events;
  const _eventsLocal = value.eventsLocal;
  const _elsewhere = value.elsewhere;
  const _cgroupRemovedMs = value.cgroupRemovedMs;
  const _stallUs = value.stallUs;
  const _bpf = value.bpf;
  const _processes = value.processes;
  const _nestedCgroups = value.nestedCgroups;
  const _outlived = value.outlived;
  const _samples = value.samples;
  const _sources = value.sources;
  const _warnings = value.warnings;
  const _kernelBreakdown = value.kernelBreakdown;
  if (_type !== 'summary') return wrongAt('type', '"summary"');
  if (!Number.isFinite(_version)) return wrongAt('version', 'a number');
  if (typeof _cmemstat !== 'string') return wrongAt('cmemstat', 'a string');
  if (typeof _time !== 'string') return wrongAt('time', 'a string');
  const in_command = findInStartCommand(_command);
  if (in_command !== undefined) return within('command', in_command);
  if (typeof _mode !== 'string') return wrongAt('mode', 'a string');
  if (!Number.isFinite(_durationMs)) return wrongAt('durationMs', 'a number');
  const in_exit = findInSummaryExit(_exit);
  if (in_exit !== undefined) return within('exit', in_exit);
  const in_averages = findInSampleStat(_averages);
  if (in_averages !== undefined) return within('averages', in_averages);
  const in_outlived = findInSummaryOutlived(_outlived);
  if (in_outlived !== undefined) return within('outlived', in_outlived);
  const in_samples = findInSummarySamples(_samples);
  if (in_samples !== undefined) return within('samples', in_samples);
  const in_sources = findInSummarySources(_sources);
  if (in_sources !== undefined) return within('sources', in_sources);
  const in_warnings = findInSummaryWarnings(_warnings);
  if (in_warnings !== undefined) return within('warnings', in_warnings);
  if (_leaf !== undefined && typeof _leaf !== 'string') return wrongAt('leaf', 'a string');
  const in_peak = _peak === undefined ? undefined : findInSummaryPeak(_peak);
  if (in_peak !== undefined) return within('peak', in_peak);
  const in_highest = _highest === undefined ? undefined : findInSample(_highest);
  if (in_highest !== undefined) return within('highest', in_highest);
  const in_maxima = _maxima === undefined ? undefined : findInSummaryMaxima(_maxima);
  if (in_maxima !== undefined) return within('maxima', in_maxima);
  const in_events = _events === undefined ? undefined : findInSampleStat(_events);
  if (in_events !== undefined) return within('events', in_events);
  const in_eventsLocal = _eventsLocal === undefined ? undefined : findInSampleStat(_eventsLocal);
  if (in_eventsLocal !== undefined) return within('eventsLocal', in_eventsLocal);
  const in_elsewhere = _elsewhere === undefined ? undefined : findInSummaryElsewhere(_elsewhere);
  if (in_elsewhere !== undefined) return within('elsewhere', in_elsewhere);
  if (_cgroupRemovedMs !== undefined && !Number.isFinite(_cgroupRemovedMs)) return wrongAt('cgroupRemovedMs', 'a number');
  const in_stallUs = _stallUs === undefined ? undefined : findInSummaryStallUs(_stallUs);
  if (in_stallUs !== undefined) return within('stallUs', in_stallUs);
  const in_bpf = _bpf === undefined ? undefined : findInSummaryBpf(_bpf);
  if (in_bpf !== undefined) return within('bpf', in_bpf);
  const in_processes = _processes === undefined ? undefined : findInSummaryProcesses(_processes);
  if (in_processes !== undefined) return within('processes', in_processes);
  const in_nestedCgroups = _nestedCgroups === undefined ? undefined : findInSummaryProcesses(_nestedCgroups);
  if (in_nestedCgroups !== undefined) return within('nestedCgroups', in_nestedCgroups);
  const in_kernelBreakdown = _kernelBreakdown === undefined ? undefined : findInSummaryKernelBreakdown(_kernelBreakdown);
  if (in_kernelBreakdown !== undefined) return within('kernelBreakdown', in_kernelBreakdown);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInSummary: FindFault = findInSummary;

/** `start` of recording.schema.json. */
export type StartJson = { type: 'start'; version: 2; cmemstat: string; time: string; command: (string)[]; pid: number; mode: 'cgroup2' | 'cgroup1' | 'process-tree'; leaf?: string; placement: { kind: 'parent' | 'systemd' | 'top' | 'own' | 'process-tree'; reason: string }; intervalMs: number; bpfIntervalMs?: number; processIntervalMs?: number; budgets?: ({ expression: string; name?: string; optional?: true })[]; host: { kernel: string; arch: string; cpus: number; possibleCpus: number; pageSizeBytes: number; memTotalBytes: number } };

/** `sample` of recording.schema.json. */
export type SampleJson = { type: 'sample'; elapsedMs: number; reason: 'launch' | 'tick' | 'final'; current?: number; peak?: number; workingset?: number; kernel?: number; swap?: { current?: number; peak?: number }; zswap?: { current?: number }; limits?: { max?: 'max' | number; high?: 'max' | number; swapMax?: 'max' | number; zswapMax?: 'max' | number; pidsMax?: 'max' | number; 'memsw.limit_in_bytes'?: 'max' | number }; stat?: Record<string, number>; events?: Record<string, number>; eventsLocal?: Record<string, number>; pressure?: { some?: { avg10: number; avg60: number; avg300: number; total: number }; full?: { avg10: number; avg60: number; avg300: number; total: number } }; processes?: number; nestedCgroups?: number; tree?: { rss: number; pss?: number; cpuPercent: number }; bpf?: { attribution: 'memcg' | 'held' | 'none'; charged?: { maps: { count: number; bytes: number; atLeast?: true }; programs: { count: number; bytes: number; atLeast?: true }; places: { vmalloc: number; slab: number; percpu: number; pages: number } }; uncharged?: { maps: { count: number; bytes: number; atLeast?: true } }; heldElsewhere?: { maps: { count: number; bytes: number; atLeast?: true } }; anonymous?: { maps: { count: number; bytes: number; atLeast?: true } }; host?: { maps: { count: number; memlock: number }; programs: { count: number; memlock: number } }; held?: { maps: { count: number; memlock: number }; programs: { count: number; memlock: number } } }; maxima?: { readings: number; bpfReadings?: number; longestGapMs: number; bytes: Record<string, number>; unseenBytes?: number } };

/** `event` of recording.schema.json. */
export type EventJson = { type: 'event'; elapsedMs: number; event: string; count?: number; increase?: number; localIncrease?: number; noticed?: 'inotify' | 'eventfd' | 'tick'; message?: string; hint?: string; pid?: number; cgroup?: string };

/** `maps` of recording.schema.json. */
export type MapsJson = { type: 'maps'; elapsedMs: number; maps: ({ id: number; type: string; name: string; key_size: number; value_size: number; max_entries: number; map_flags: number; bytes: number; source: 'memlock' | 'formula' | 'memlock-guess'; atLeast?: true; unchargedBytes: number; elements?: number; backlogBytes?: number; anonymous?: boolean; cgroup?: string; elsewhere?: true; holders?: ({ pid: number; comm: string })[]; programs?: ({ id: number; name: string })[] })[]; gone?: (number)[] };

/** `processes` of recording.schema.json. */
export type ProcessesJson = { type: 'processes'; elapsedMs: number; processes: ({ pid: number; ppid: number; comm: string; rss: number; pss?: number; cpuPercent?: number; threads: number; fds?: number; cgroup?: string })[]; gone?: (number)[]; omitted?: number };

/** `summary` of recording.schema.json. */
export type SummaryJson = { type: 'summary'; version: 2; cmemstat: string; time: string; command: (string)[]; mode: 'cgroup2' | 'cgroup1' | 'process-tree'; leaf?: string; durationMs: number; exit: { status: number; code?: number; signal?: string; oomKilled?: boolean; endedBy?: 'timeout' | 'budget' | 'view'; killedByCmemstat?: true }; peak?: { bytes: number; source: 'memory.peak' | 'memory.max_usage_in_bytes' | 'sampled'; unseenBytes?: number }; highest?: { type: 'sample'; elapsedMs: number; reason: 'launch' | 'tick' | 'final'; current?: number; peak?: number; workingset?: number; kernel?: number; swap?: { current?: number; peak?: number }; zswap?: { current?: number }; limits?: { max?: 'max' | number; high?: 'max' | number; swapMax?: 'max' | number; zswapMax?: 'max' | number; pidsMax?: 'max' | number; 'memsw.limit_in_bytes'?: 'max' | number }; stat?: Record<string, number>; events?: Record<string, number>; eventsLocal?: Record<string, number>; pressure?: { some?: { avg10: number; avg60: number; avg300: number; total: number }; full?: { avg10: number; avg60: number; avg300: number; total: number } }; processes?: number; nestedCgroups?: number; tree?: { rss: number; pss?: number; cpuPercent: number }; bpf?: { attribution: 'memcg' | 'held' | 'none'; charged?: { maps: { count: number; bytes: number; atLeast?: true }; programs: { count: number; bytes: number; atLeast?: true }; places: { vmalloc: number; slab: number; percpu: number; pages: number } }; uncharged?: { maps: { count: number; bytes: number; atLeast?: true } }; heldElsewhere?: { maps: { count: number; bytes: number; atLeast?: true } }; anonymous?: { maps: { count: number; bytes: number; atLeast?: true } }; host?: { maps: { count: number; memlock: number }; programs: { count: number; memlock: number } }; held?: { maps: { count: number; memlock: number }; programs: { count: number; memlock: number } } }; maxima?: { readings: number; bpfReadings?: number; longestGapMs: number; bytes: Record<string, number>; unseenBytes?: number } }; averages: Record<string, number>; maxima?: Record<string, number>; events?: Record<string, number>; eventsLocal?: Record<string, number>; elsewhere?: { count: number; processes: ({ pid: number; comm: string; cgroup?: string; sinceMs: number; message: string; hint: string })[] }; cgroupRemovedMs?: number; stallUs?: { some?: number; full?: number }; bpf?: { reason?: string; last?: { attribution: 'memcg' | 'held' | 'none'; charged?: { maps: { count: number; bytes: number; atLeast?: true }; programs: { count: number; bytes: number; atLeast?: true }; places: { vmalloc: number; slab: number; percpu: number; pages: number } }; uncharged?: { maps: { count: number; bytes: number; atLeast?: true } }; heldElsewhere?: { maps: { count: number; bytes: number; atLeast?: true } }; anonymous?: { maps: { count: number; bytes: number; atLeast?: true } }; host?: { maps: { count: number; memlock: number }; programs: { count: number; memlock: number } }; held?: { maps: { count: number; memlock: number }; programs: { count: number; memlock: number } } }; largest?: { attribution: 'memcg' | 'held' | 'none'; charged?: { maps: { count: number; bytes: number; atLeast?: true }; programs: { count: number; bytes: number; atLeast?: true }; places: { vmalloc: number; slab: number; percpu: number; pages: number } }; uncharged?: { maps: { count: number; bytes: number; atLeast?: true } }; heldElsewhere?: { maps: { count: number; bytes: number; atLeast?: true } }; anonymous?: { maps: { count: number; bytes: number; atLeast?: true } }; host?: { maps: { count: number; memlock: number }; programs: { count: number; memlock: number } }; held?: { maps: { count: number; memlock: number }; programs: { count: number; memlock: number } } }; runningReadings?: number; heldElsewhere?: { count: number; bytes: number; atLeast?: true; names?: Record<string, number> }; heldPeak?: { maps: { count: number; memlock: number }; programs: { count: number; memlock: number } }; maps?: ({ id: number; type: string; name: string; key_size: number; value_size: number; max_entries: number; bytes: number; source: 'memlock' | 'formula' | 'memlock-guess'; atLeast?: true; unchargedBytes: number; elements?: number; anonymous?: boolean })[]; mapBytes?: Record<string, number>; advice?: ({ kind: 'nearly-empty' | 'shareable' | 'idle-ring-buffer' | 'percpu-growth'; text: string; savesBytes?: number; maps: ({ id: number; name: string })[]; options?: ({ change: string; savesBytes: number })[]; projection?: ({ possibleCpus: number; bytes: number; unchargedPercpuBytes: number })[] })[]; leftovers?: ({ id: number; type: string; name: string; bytes: number; unchargedBytes: number; pinned: (string)[]; programs: ({ id: number; name: string })[]; links: ({ id: number; type: string })[]; holders: ({ pid: number; comm: string })[] })[]; unavailable?: string; hint?: string }; processes?: { max: number }; nestedCgroups?: { max: number }; outlived: ({ pid: number; comm: string })[]; samples: { count: number; late: number; missed: number; longestGapMs: number; readings?: number; longestReadingGapMs?: number; dropped?: number }; sources: Record<string, string>; warnings: (string)[]; kernelBreakdown?: { kernel: number; terms: ({ id: string; bytes: number; source: string; atLeast?: true })[]; notes: (string)[] } };

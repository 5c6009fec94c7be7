// Generated from schema/verdict.schema.json by build/generate-validators.mjs: change the schema, and run npm run build.
import { type Fault, type FindFault, isObject, within, wrong, wrongAt } from './fault.ts';

function findInVerdictCommand(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  if (value.length < 1) return wrong('a list of at least 1');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (typeof item !== 'string') return wrongAt(at, 'a string');
  }
  return undefined;
}

function findInVerdictHost(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _kernel = value.kernel;
  const _arch = value.arch;
  const _cpus = value.cpus;
  if (typeof _kernel !== 'string') return wrongAt('kernel', 'a string');
  if (typeof _arch !== 'string') return wrongAt('arch', 'a string');
  if (!Number.isFinite(_cpus)) return wrongAt('cpus', 'a number');
  return undefined;
}

function findInVerdictRuns(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _count = value.count;
  const _evaluatedOn = value.evaluatedOn;
  if (!Number.isFinite(_count)) return wrongAt('count', 'a number');
  if (_evaluatedOn !== 'run' && _evaluatedOn !== 'median' && _evaluatedOn !== 'worst') return wrongAt('evaluatedOn', '"run" or "median" or "worst"');
  return undefined;
}

function findInVerdictTarget(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _status = value.status;
  const _code = value.code;
  const _signal = value.signal;
  const _timedOut = value.timedOut;
  const _timeoutExpected = value.timeoutExpected;
  const _unknown = value.unknown;
  if (!Number.isFinite(_status)) return wrongAt('status', 'a number');
  if (_code !== undefined && !Number.isFinite(_code)) return wrongAt('code', 'a number');
  if (_signal !== undefined && typeof _signal !== 'string') return wrongAt('signal', 'a string');
  if (_timedOut !== undefined && _timedOut !== true) return wrongAt('timedOut', 'true');
  if (_timeoutExpected !== undefined && _timeoutExpected !== true) return wrongAt('timeoutExpected', 'true');
  if (_unknown !== undefined && _unknown !== true) return wrongAt('unknown', 'true');
  return undefined;
}

function findInVerdictBudgetsItemValues(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (!Number.isFinite(item) && item !== null) return wrongAt(at, 'a number or null');
  }
  return undefined;
}

function findInVerdictBudgetsItemExceededBreakdownItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _id = value.id;
  const _bytes = value.bytes;
  const _baselineBytes = value.baselineBytes;
  if (typeof _id !== 'string') return wrongAt('id', 'a string');
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  if (_baselineBytes !== undefined && !Number.isFinite(_baselineBytes)) return wrongAt('baselineBytes', 'a number');
  return undefined;
}

function findInVerdictBudgetsItemExceededBreakdown(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInVerdictBudgetsItemExceededBreakdownItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInVerdictBudgetsItemExceededProcessesItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _name = value.name;
  const _id = value.id;
  const _fromBytes = value.fromBytes;
  const _toBytes = value.toBytes;
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!Number.isFinite(_fromBytes)) return wrongAt('fromBytes', 'a number');
  if (!Number.isFinite(_toBytes)) return wrongAt('toBytes', 'a number');
  if (_id !== undefined && !Number.isFinite(_id)) return wrongAt('id', 'a number');
  return undefined;
}

function findInVerdictBudgetsItemExceededProcesses(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInVerdictBudgetsItemExceededProcessesItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInVerdictBudgetsItemExceededMaps(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInVerdictBudgetsItemExceededProcessesItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInVerdictBudgetsItemExceededAdviceItemMapsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _id = value.id;
  const _name = value.name;
  if (!Number.isFinite(_id)) return wrongAt('id', 'a number');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  return undefined;
}

function findInVerdictBudgetsItemExceededAdviceItemMaps(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInVerdictBudgetsItemExceededAdviceItemMapsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInVerdictBudgetsItemExceededAdviceItemOptionsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _change = value.change;
  const _savesBytes = value.savesBytes;
  if (typeof _change !== 'string') return wrongAt('change', 'a string');
  if (!Number.isFinite(_savesBytes)) return wrongAt('savesBytes', 'a number');
  return undefined;
}

function findInVerdictBudgetsItemExceededAdviceItemOptions(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInVerdictBudgetsItemExceededAdviceItemOptionsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInVerdictBudgetsItemExceededAdviceItemProjectionItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _possibleCpus = value.possibleCpus;
  const _bytes = value.bytes;
  const _unchargedPercpuBytes = value.unchargedPercpuBytes;
  if (!Number.isFinite(_possibleCpus)) return wrongAt('possibleCpus', 'a number');
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  if (!Number.isFinite(_unchargedPercpuBytes)) return wrongAt('unchargedPercpuBytes', 'a number');
  return undefined;
}

function findInVerdictBudgetsItemExceededAdviceItemProjection(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInVerdictBudgetsItemExceededAdviceItemProjectionItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInVerdictBudgetsItemExceededAdviceItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _kind = value.kind;
  const _maps = value.maps;
  const _savesBytes = value.savesBytes;
  const _text = value.text;
  const _options = value.options;
  const _projection = value.projection;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  const in_maps = findInVerdictBudgetsItemExceededAdviceItemMaps(_maps);
  if (in_maps !== undefined) return within('maps', in_maps);
  if (typeof _text !== 'string') return wrongAt('text', 'a string');
  if (_savesBytes !== undefined && !Number.isFinite(_savesBytes)) return wrongAt('savesBytes', 'a number');
  const in_options = _options === undefined ? undefined : findInVerdictBudgetsItemExceededAdviceItemOptions(_options);
  if (in_options !== undefined) return within('options', in_options);
  const in_projection = _projection === undefined ? undefined : findInVerdictBudgetsItemExceededAdviceItemProjection(_projection);
  if (in_projection !== undefined) return within('projection', in_projection);
  return undefined;
}

function findInVerdictBudgetsItemExceededAdvice(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInVerdictBudgetsItemExceededAdviceItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInVerdictBudgetsItemExceeded(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _elapsedMs = value.elapsedMs;
  const _shownMs = value.shownMs;
  const _run = value.run;
  const _breakdown = value.breakdown;
  const _processes = value.processes;
  const _maps = value.maps;
  const _advice = value.advice;
  const _replay = value.replay;
  if (!Number.isFinite(_shownMs)) return wrongAt('shownMs', 'a number');
  const in_breakdown = findInVerdictBudgetsItemExceededBreakdown(_breakdown);
  if (in_breakdown !== undefined) return within('breakdown', in_breakdown);
  const in_processes = findInVerdictBudgetsItemExceededProcesses(_processes);
  if (in_processes !== undefined) return within('processes', in_processes);
  const in_maps = findInVerdictBudgetsItemExceededMaps(_maps);
  if (in_maps !== undefined) return within('maps', in_maps);
  const in_advice = findInVerdictBudgetsItemExceededAdvice(_advice);
  if (in_advice !== undefined) return within('advice', in_advice);
  if (_elapsedMs !== undefined && !Number.isFinite(_elapsedMs)) return wrongAt('elapsedMs', 'a number');
  if (_run !== undefined && !Number.isFinite(_run)) return wrongAt('run', 'a number');
  if (_replay !== undefined && typeof _replay !== 'string') return wrongAt('replay', 'a string');
  return undefined;
}

function findInVerdictBudgetsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _name = value.name;
  const _description = value.description;
  const _owner = value.owner;
  const _expression = value.expression;
  const _metric = value.metric;
  const _aggregate = value.aggregate;
  const _op = value.op;
  const _unit = value.unit;
  const _status = value.status;
  const _value = value.value;
  const _estimate = value.estimate;
  const _limit = value.limit;
  const _excess = value.excess;
  const _possible = value.possible;
  const _values = value.values;
  const _spread = value.spread;
  const _reason = value.reason;
  const _hint = value.hint;
  const _exceeded = value.exceeded;
  if (typeof _expression !== 'string') return wrongAt('expression', 'a string');
  if (typeof _metric !== 'string') return wrongAt('metric', 'a string');
  if (typeof _aggregate !== 'string') return wrongAt('aggregate', 'a string');
  if (_op !== '<=' && _op !== '<' && _op !== '>=' && _op !== '>' && _op !== '==') return wrongAt('op', '"<=" or "<" or ">=" or ">" or "=="');
  if (_unit !== 'bytes' && _unit !== 'bytes/min' && _unit !== 'count' && _unit !== 'count/min' && _unit !== 'percent' && _unit !== 'percent/min') return wrongAt('unit', '"bytes" or "bytes/min" or "count" or "count/min" or "percent" or "percent/min"');
  if (_status !== 'passed' && _status !== 'failed' && _status !== 'not-measured' && _status !== 'not-measured-optional') return wrongAt('status', '"passed" or "failed" or "not-measured" or "not-measured-optional"');
  if (_name !== undefined && typeof _name !== 'string') return wrongAt('name', 'a string');
  if (_description !== undefined && typeof _description !== 'string') return wrongAt('description', 'a string');
  if (_owner !== undefined && typeof _owner !== 'string') return wrongAt('owner', 'a string');
  if (_value !== undefined && !Number.isFinite(_value)) return wrongAt('value', 'a number');
  if (_estimate !== undefined && !Number.isFinite(_estimate)) return wrongAt('estimate', 'a number');
  if (_limit !== undefined && !Number.isFinite(_limit)) return wrongAt('limit', 'a number');
  if (_excess !== undefined && !Number.isFinite(_excess)) return wrongAt('excess', 'a number');
  if (_possible !== undefined && !Number.isFinite(_possible)) return wrongAt('possible', 'a number');
  const in_values = _values === undefined ? undefined : findInVerdictBudgetsItemValues(_values);
  if (in_values !== undefined) return within('values', in_values);
  if (_spread !== undefined && !Number.isFinite(_spread)) return wrongAt('spread', 'a number');
  if (_reason !== undefined && typeof _reason !== 'string') return wrongAt('reason', 'a string');
  if (_hint !== undefined && typeof _hint !== 'string') return wrongAt('hint', 'a string');
  const in_exceeded = _exceeded === undefined ? undefined : findInVerdictBudgetsItemExceeded(_exceeded);
  if (in_exceeded !== undefined) return within('exceeded', in_exceeded);
  return undefined;
}

function findInVerdictBudgets(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInVerdictBudgetsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInVerdictWarnings(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (typeof item !== 'string') return wrongAt(at, 'a string');
  }
  return undefined;
}

function findInVerdictComparisonBaseCommand(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (typeof item !== 'string') return wrongAt(at, 'a string');
  }
  return undefined;
}

function findInVerdictComparisonBaseHost(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _kernel = value.kernel;
  const _arch = value.arch;
  const _cpus = value.cpus;
  const _possibleCpus = value.possibleCpus;
  const _pageSizeBytes = value.pageSizeBytes;
  if (typeof _kernel !== 'string') return wrongAt('kernel', 'a string');
  if (typeof _arch !== 'string') return wrongAt('arch', 'a string');
  if (!Number.isFinite(_cpus)) return wrongAt('cpus', 'a number');
  if (!Number.isFinite(_possibleCpus)) return wrongAt('possibleCpus', 'a number');
  if (!Number.isFinite(_pageSizeBytes)) return wrongAt('pageSizeBytes', 'a number');
  return undefined;
}

function findInVerdictComparisonBase(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _name = value.name;
  const _runs = value.runs;
  const _command = value.command;
  const _mode = value.mode;
  const _host = value.host;
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!Number.isFinite(_runs)) return wrongAt('runs', 'a number');
  const in_command = findInVerdictComparisonBaseCommand(_command);
  if (in_command !== undefined) return within('command', in_command);
  if (typeof _mode !== 'string') return wrongAt('mode', 'a string');
  const in_host = _host === undefined ? undefined : findInVerdictComparisonBaseHost(_host);
  if (in_host !== undefined) return within('host', in_host);
  return undefined;
}

function findInVerdictComparisonDoubts(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (typeof item !== 'string') return wrongAt(at, 'a string');
  }
  return undefined;
}

function findInVerdictComparisonMetricsItemInterval(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  if (value.length !== 2) return wrong('a list of 2');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (!Number.isFinite(item)) return wrongAt(at, 'a number');
  }
  return undefined;
}

function findInVerdictComparisonMetricsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _metric = value.metric;
  const _unit = value.unit;
  const _base = value.base;
  const _now = value.now;
  const _difference = value.difference;
  const _percent = value.percent;
  const _p = value.p;
  const _adjustedP = value.adjustedP;
  const _interval = value.interval;
  const _noise = value.noise;
  const _allowed = value.allowed;
  const _verdict = value.verdict;
  if (typeof _metric !== 'string') return wrongAt('metric', 'a string');
  if (_unit !== 'bytes' && _unit !== 'count') return wrongAt('unit', '"bytes" or "count"');
  if (!Number.isFinite(_noise)) return wrongAt('noise', 'a number');
  if (_verdict !== 'regressed' && _verdict !== 'within-noise' && _verdict !== 'passed' && _verdict !== 'improved' && _verdict !== 'not-evaluated' && _verdict !== 'not-measured') return wrongAt('verdict', '"regressed" or "within-noise" or "passed" or "improved" or "not-evaluated" or "not-measured"');
  if (_base !== undefined && !Number.isFinite(_base)) return wrongAt('base', 'a number');
  if (_now !== undefined && !Number.isFinite(_now)) return wrongAt('now', 'a number');
  if (_difference !== undefined && !Number.isFinite(_difference)) return wrongAt('difference', 'a number');
  if (_percent !== undefined && !Number.isFinite(_percent)) return wrongAt('percent', 'a number');
  if (_p !== undefined && !Number.isFinite(_p)) return wrongAt('p', 'a number');
  if (_adjustedP !== undefined && !Number.isFinite(_adjustedP)) return wrongAt('adjustedP', 'a number');
  const in_interval = _interval === undefined ? undefined : findInVerdictComparisonMetricsItemInterval(_interval);
  if (in_interval !== undefined) return within('interval', in_interval);
  if (_allowed !== undefined && !Number.isFinite(_allowed)) return wrongAt('allowed', 'a number');
  return undefined;
}

function findInVerdictComparisonMetrics(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInVerdictComparisonMetricsItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInVerdictComparison(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _type = value.type;
  const _version = value.version;
  const _base = value.base;
  const _now = value.now;
  const _otherHost = value.otherHost;
  const _doubts = value.doubts;
  const _metrics = value.metrics;
  const _regressed = value.regressed;
  if (_type !== 'comparison') return wrongAt('type', '"comparison"');
  if (_version !== 2) return wrongAt('version', '2');
  const in_base = findInVerdictComparisonBase(_base);
  if (in_base !== undefined) return within('base', in_base);
  const in_now = findInVerdictComparisonBase(_now);
  if (in_now !== undefined) return within('now', in_now);
  const in_doubts = findInVerdictComparisonDoubts(_doubts);
  if (in_doubts !== undefined) return within('doubts', in_doubts);
  const in_metrics = findInVerdictComparisonMetrics(_metrics);
  if (in_metrics !== undefined) return within('metrics', in_metrics);
  if (typeof _regressed !== 'boolean') return wrongAt('regressed', 'true or false');
  if (_otherHost !== undefined && _otherHost !== true) return wrongAt('otherHost', 'true');
  return undefined;
}

function findInVerdictLeftoversItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _id = value.id;
  const _name = value.name;
  const _bytes = value.bytes;
  if (!Number.isFinite(_id)) return wrongAt('id', 'a number');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!Number.isFinite(_bytes)) return wrongAt('bytes', 'a number');
  return undefined;
}

function findInVerdictLeftovers(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    const initem = findInVerdictLeftoversItem(item);
    if (initem !== undefined) return within(at, initem);
  }
  return undefined;
}

function findInVerdictMissingMetrics(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  if (value.length < 1) return wrong('a list of at least 1');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (typeof item !== 'string') return wrongAt(at, 'a string');
  }
  return undefined;
}

function findInVerdictFaults(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  if (value.length < 1) return wrong('a list of at least 1');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (typeof item !== 'string') return wrongAt(at, 'a string');
  }
  return undefined;
}

function findInVerdictTimelineMax(value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (!Number.isFinite(item) && item !== null) return wrongAt(at, 'a number or null');
  }
  return undefined;
}

function findInVerdictTimeline(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _figure = value.figure;
  const _fromMs = value.fromMs;
  const _toMs = value.toMs;
  const _max = value.max;
  if (typeof _figure !== 'string') return wrongAt('figure', 'a string');
  if (!Number.isFinite(_fromMs)) return wrongAt('fromMs', 'a number');
  if (!Number.isFinite(_toMs)) return wrongAt('toMs', 'a number');
  const in_max = findInVerdictTimelineMax(_max);
  if (in_max !== undefined) return within('max', in_max);
  return undefined;
}

function findInVerdict(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const _type = value.type;
  const _version = value.version;
  const _cmemstat = value.cmemstat;
  const _time = value.time;
  const _command = value.command;
  const _mode = value.mode;
  const _host = value.host;
  const _durationMs = value.durationMs;
  const _status = value.status;
  const _runs = value.runs;
  const _target = value.target;
  const _exitStatus = value.exitStatus;
  const _budgets = value.budgets;
  const _comparison = value.comparison;
  const _leftovers = value.leftovers;
  const _leftoversUnknown = value.leftoversUnknown;
  const _strictHost = value.strictHost;
  const _missingMetrics = value.missingMetrics;
  const _faults = value.faults;
  const _timeline = value.timeline;
  const _warnings = value.warnings;
  if (_type !== 'verdict') return wrongAt('type', '"verdict"');
  if (_version !== 2) return wrongAt('version', '2');
  if (typeof _cmemstat !== 'string') return wrongAt('cmemstat', 'a string');
  if (typeof _time !== 'string') return wrongAt('time', 'a string');
  const in_command = findInVerdictCommand(_command);
  if (in_command !== undefined) return within('command', in_command);
  if (typeof _mode !== 'string') return wrongAt('mode', 'a string');
  const in_host = findInVerdictHost(_host);
  if (in_host !== undefined) return within('host', in_host);
  if (!Number.isFinite(_durationMs)) return wrongAt('durationMs', 'a number');
  if (_status !== 'passed' && _status !== 'failed' && _status !== 'not-measured') return wrongAt('status', '"passed" or "failed" or "not-measured"');
  const in_runs = findInVerdictRuns(_runs);
  if (in_runs !== undefined) return within('runs', in_runs);
  const in_target = findInVerdictTarget(_target);
  if (in_target !== undefined) return within('target', in_target);
  if (!Number.isFinite(_exitStatus)) return wrongAt('exitStatus', 'a number');
  const in_budgets = findInVerdictBudgets(_budgets);
  if (in_budgets !== undefined) return within('budgets', in_budgets);
  const in_warnings = findInVerdictWarnings(_warnings);
  if (in_warnings !== undefined) return within('warnings', in_warnings);
  const in_comparison = _comparison === undefined ? undefined : findInVerdictComparison(_comparison);
  if (in_comparison !== undefined) return within('comparison', in_comparison);
  const in_leftovers = _leftovers === undefined ? undefined : findInVerdictLeftovers(_leftovers);
  if (in_leftovers !== undefined) return within('leftovers', in_leftovers);
  if (_leftoversUnknown !== undefined && _leftoversUnknown !== true) return wrongAt('leftoversUnknown', 'true');
  if (_strictHost !== undefined && _strictHost !== true) return wrongAt('strictHost', 'true');
  const in_missingMetrics = _missingMetrics === undefined ? undefined : findInVerdictMissingMetrics(_missingMetrics);
  if (in_missingMetrics !== undefined) return within('missingMetrics', in_missingMetrics);
  const in_faults = _faults === undefined ? undefined : findInVerdictFaults(_faults);
  if (in_faults !== undefined) return within('faults', in_faults);
  const in_timeline = _timeline === undefined ? undefined : findInVerdictTimeline(_timeline);
  if (in_timeline !== undefined) return within('timeline', in_timeline);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInVerdict: FindFault = findInVerdict;

/** `verdict.schema.json` of verdict.schema.json. */
export type VerdictJson = { type: 'verdict'; version: 2; cmemstat: string; time: string; command: (string)[]; mode: 'cgroup2' | 'cgroup1' | 'process-tree'; host: { kernel: string; arch: string; cpus: number }; durationMs: number; status: 'passed' | 'failed' | 'not-measured'; runs: { count: number; evaluatedOn: 'run' | 'median' | 'worst' }; target: { status: number; code?: number; signal?: string; timedOut?: true; timeoutExpected?: true; unknown?: true }; exitStatus: number; budgets: ({ name?: string; description?: string; owner?: string; expression: string; metric: string; aggregate: string; op: '<=' | '<' | '>=' | '>' | '=='; unit: 'bytes' | 'bytes/min' | 'count' | 'count/min' | 'percent' | 'percent/min'; status: 'passed' | 'failed' | 'not-measured' | 'not-measured-optional'; value?: number; estimate?: number; limit?: number; excess?: number; possible?: number; values?: (number | null)[]; spread?: number; reason?: string; hint?: string; exceeded?: { elapsedMs?: number; shownMs: number; run?: number; breakdown: ({ id: string; bytes: number; baselineBytes?: number })[]; processes: ({ name: string; id?: number; fromBytes: number; toBytes: number })[]; maps: ({ name: string; id?: number; fromBytes: number; toBytes: number })[]; advice: ({ kind: 'nearly-empty' | 'shareable' | 'idle-ring-buffer' | 'percpu-growth'; maps: ({ id: number; name: string })[]; savesBytes?: number; text: string; options?: ({ change: string; savesBytes: number })[]; projection?: ({ possibleCpus: number; bytes: number; unchargedPercpuBytes: number })[] })[]; replay?: string } })[]; comparison?: { type: 'comparison'; version: 2; base: { name: string; runs: number; command: (string)[]; mode: 'cgroup2' | 'cgroup1' | 'process-tree'; host?: { kernel: string; arch: string; cpus: number; possibleCpus: number; pageSizeBytes: number } }; now: { name: string; runs: number; command: (string)[]; mode: 'cgroup2' | 'cgroup1' | 'process-tree'; host?: { kernel: string; arch: string; cpus: number; possibleCpus: number; pageSizeBytes: number } }; otherHost?: true; doubts: (string)[]; metrics: ({ metric: string; unit: 'bytes' | 'count'; base?: number; now?: number; difference?: number; percent?: number; p?: number; adjustedP?: number; interval?: (number)[]; noise: number; allowed?: number; verdict: 'regressed' | 'within-noise' | 'passed' | 'improved' | 'not-evaluated' | 'not-measured' })[]; regressed: boolean }; leftovers?: ({ id: number; name: string; bytes: number })[]; leftoversUnknown?: true; strictHost?: true; missingMetrics?: (string)[]; faults?: (string)[]; timeline?: { figure: string; fromMs: number; toMs: number; max: (number | null)[] }; warnings: (string)[] };

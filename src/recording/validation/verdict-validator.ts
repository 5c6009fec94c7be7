// Generated from schema/verdict.schema.json by `npm run build`: change the schema.
import { type Fault, type FindFault, findInList, isInteger, isNumber, isObject, within, wrong, wrongAt } from './fault.ts';
import { findInHost, findInLeftoverFile, findInLiveMapProgramsItem, findInRestartsCgroupsItemCpuUs, findInString, findInSummaryBpfAdviceItemProjectionItem } from './shared-shapes.ts';

function findInVerdictHost(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kernel: _kernel, arch: _arch, cpus: _cpus } = value;
  if (typeof _kernel !== 'string') return wrongAt('kernel', 'a string');
  if (typeof _arch !== 'string') return wrongAt('arch', 'a string');
  if (!isInteger(_cpus, 0)) return wrongAt('cpus', 'a whole number from 0');
  return undefined;
}

function findInVerdictRunsTimesItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { durationMs: _durationMs, cpuUs: _cpuUs } = value;
  if (!isNumber(_durationMs, 0)) return wrongAt('durationMs', 'a number from 0');
  if (_cpuUs !== undefined && (fault = findInRestartsCgroupsItemCpuUs(_cpuUs)) !== undefined) return within('cpuUs', fault);
  return undefined;
}

function findInVerdictRuns(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { count: _count, evaluatedOn: _evaluatedOn, times: _times } = value;
  if (!isInteger(_count, 1)) return wrongAt('count', 'a whole number from 1');
  if (_evaluatedOn !== 'run' && _evaluatedOn !== 'median' && _evaluatedOn !== 'worst') return wrongAt('evaluatedOn', '"run" or "median" or "worst"');
  if (_times !== undefined && (fault = findInList(_times, findInVerdictRunsTimesItem)) !== undefined) return within('times', fault);
  return undefined;
}

function findInVerdictTarget(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { status: _status, code: _code, signal: _signal, timedOut: _timedOut, timeoutExpected: _timeoutExpected, attached: _attached, unknown: _unknown } = value;
  if (!isInteger(_status, 0, 255)) return wrongAt('status', 'a whole number from 0 to 255');
  if (_code !== undefined && !isInteger(_code, 0, 255)) return wrongAt('code', 'a whole number from 0 to 255');
  if (_signal !== undefined && typeof _signal !== 'string') return wrongAt('signal', 'a string');
  if (_timedOut !== undefined && _timedOut !== true) return wrongAt('timedOut', 'true');
  if (_timeoutExpected !== undefined && _timeoutExpected !== true) return wrongAt('timeoutExpected', 'true');
  if (_attached !== undefined && _attached !== true) return wrongAt('attached', 'true');
  if (_unknown !== undefined && _unknown !== true) return wrongAt('unknown', 'true');
  return undefined;
}

function findInNumberOrNull(value: unknown): Fault | undefined {
  return !isNumber(value) && value !== null ? wrong('a number or null') : undefined;
}

function findInBreakdownLine(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { id: _id, bytes: _bytes, baselineBytes: _baselineBytes } = value;
  if (typeof _id !== 'string') return wrongAt('id', 'a string');
  if (!isInteger(_bytes)) return wrongAt('bytes', 'a whole number');
  if (_baselineBytes !== undefined && !isNumber(_baselineBytes)) return wrongAt('baselineBytes', 'a number');
  return undefined;
}

function findInGrown(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { name: _name, id: _id, fromBytes: _fromBytes, toBytes: _toBytes } = value;
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_fromBytes, 0)) return wrongAt('fromBytes', 'a whole number from 0');
  if (!isInteger(_toBytes, 0)) return wrongAt('toBytes', 'a whole number from 0');
  if (_id !== undefined && !isInteger(_id, 0)) return wrongAt('id', 'a whole number from 0');
  return undefined;
}

function findInAdviceOptionsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { change: _change, savesBytes: _savesBytes } = value;
  if (typeof _change !== 'string') return wrongAt('change', 'a string');
  if (!isInteger(_savesBytes, 0)) return wrongAt('savesBytes', 'a whole number from 0');
  return undefined;
}

function findInAdvice(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { kind: _kind, maps: _maps, savesBytes: _savesBytes, text: _text, options: _options, projection: _projection } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if ((fault = findInList(_maps, findInLiveMapProgramsItem)) !== undefined) return within('maps', fault);
  if (typeof _text !== 'string') return wrongAt('text', 'a string');
  if (_savesBytes !== undefined && !isInteger(_savesBytes, 0)) return wrongAt('savesBytes', 'a whole number from 0');
  if (_options !== undefined && (fault = findInList(_options, findInAdviceOptionsItem)) !== undefined) return within('options', fault);
  if (_projection !== undefined && (fault = findInList(_projection, findInSummaryBpfAdviceItemProjectionItem)) !== undefined) return within('projection', fault);
  return undefined;
}

function findInTimeline(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { figure: _figure, fromMs: _fromMs, toMs: _toMs, max: _max } = value;
  if (typeof _figure !== 'string') return wrongAt('figure', 'a string');
  if (!isNumber(_fromMs, 0)) return wrongAt('fromMs', 'a number from 0');
  if (!isNumber(_toMs, 0)) return wrongAt('toMs', 'a number from 0');
  if ((fault = findInList(_max, findInNumberOrNull)) !== undefined) return within('max', fault);
  return undefined;
}

function findInGrownNamesNamesItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kind: _kind, name: _name, bytes: _bytes, baselineBytes: _baselineBytes, baselineAtMost: _baselineAtMost } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if (_baselineBytes !== undefined && !isInteger(_baselineBytes, 0)) return wrongAt('baselineBytes', 'a whole number from 0');
  if (_baselineAtMost !== undefined && !isInteger(_baselineAtMost, 0)) return wrongAt('baselineAtMost', 'a whole number from 0');
  return undefined;
}

function findInGrownNames(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { moment: _moment, elapsedMs: _elapsedMs, method: _method, baseline: _baseline, reason: _reason, names: _names } = value;
  if (_moment !== 'end' && _moment !== 'peak' && _moment !== 'exceeded') return wrongAt('moment', '"end" or "peak" or "exceeded"');
  if (!isNumber(_elapsedMs, 0)) return wrongAt('elapsedMs', 'a number from 0');
  if (_method !== 'pages' && _method !== 'page-kinds' && _method !== 'counters') return wrongAt('method', '"pages" or "page-kinds" or "counters"');
  if ((fault = findInList(_names, findInGrownNamesNamesItem)) !== undefined) return within('names', fault);
  if (_baseline !== undefined && _baseline !== 'end' && _baseline !== 'peak' && _baseline !== 'exceeded') return wrongAt('baseline', '"end" or "peak" or "exceeded"');
  if (_reason !== undefined && typeof _reason !== 'string') return wrongAt('reason', 'a string');
  return undefined;
}

function findInExceedance(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { elapsedMs: _elapsedMs, shownMs: _shownMs, run: _run, breakdown: _breakdown, growthBytes: _growthBytes, timeline: _timeline, processes: _processes, maps: _maps, names: _names, advice: _advice, replay: _replay } = value;
  if (!isNumber(_shownMs, 0)) return wrongAt('shownMs', 'a number from 0');
  if ((fault = findInList(_breakdown, findInBreakdownLine)) !== undefined) return within('breakdown', fault);
  if ((fault = findInList(_processes, findInGrown)) !== undefined) return within('processes', fault);
  if ((fault = findInList(_maps, findInGrown)) !== undefined) return within('maps', fault);
  if ((fault = findInList(_advice, findInAdvice)) !== undefined) return within('advice', fault);
  if (_elapsedMs !== undefined && !isNumber(_elapsedMs, 0)) return wrongAt('elapsedMs', 'a number from 0');
  if (_run !== undefined && !isInteger(_run, 1)) return wrongAt('run', 'a whole number from 1');
  if (_growthBytes !== undefined && !isNumber(_growthBytes, 0)) return wrongAt('growthBytes', 'a number from 0');
  if (_timeline !== undefined && (fault = findInTimeline(_timeline)) !== undefined) return within('timeline', fault);
  if (_names !== undefined && (fault = findInGrownNames(_names)) !== undefined) return within('names', fault);
  if (_replay !== undefined && typeof _replay !== 'string') return wrongAt('replay', 'a string');
  return undefined;
}

function findInBudget(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { name: _name, description: _description, owner: _owner, expression: _expression, metric: _metric, aggregate: _aggregate, op: _op, unit: _unit, status: _status, value: _value, estimate: _estimate, limit: _limit, excess: _excess, possible: _possible, values: _values, spread: _spread, reason: _reason, hint: _hint, exceeded: _exceeded } = value;
  if (typeof _expression !== 'string') return wrongAt('expression', 'a string');
  if (typeof _metric !== 'string') return wrongAt('metric', 'a string');
  if (typeof _aggregate !== 'string') return wrongAt('aggregate', 'a string');
  if (_op !== '<=' && _op !== '<' && _op !== '>=' && _op !== '>' && _op !== '==') return wrongAt('op', '"<=" or "<" or ">=" or ">" or "=="');
  if (_unit !== 'bytes' && _unit !== 'bytes/min' && _unit !== 'count' && _unit !== 'count/min' && _unit !== 'percent' && _unit !== 'percent/min') return wrongAt('unit', '"bytes" or "bytes/min" or "count" or "count/min" or "percent" or "percent/min"');
  if (_status !== 'passed' && _status !== 'failed' && _status !== 'not-measured' && _status !== 'not-measured-optional') return wrongAt('status', '"passed" or "failed" or "not-measured" or "not-measured-optional"');
  if (_name !== undefined && typeof _name !== 'string') return wrongAt('name', 'a string');
  if (_description !== undefined && typeof _description !== 'string') return wrongAt('description', 'a string');
  if (_owner !== undefined && typeof _owner !== 'string') return wrongAt('owner', 'a string');
  if (_value !== undefined && !isNumber(_value)) return wrongAt('value', 'a number');
  if (_estimate !== undefined && !isNumber(_estimate)) return wrongAt('estimate', 'a number');
  if (_limit !== undefined && !isNumber(_limit)) return wrongAt('limit', 'a number');
  if (_excess !== undefined && !isNumber(_excess)) return wrongAt('excess', 'a number');
  if (_possible !== undefined && !isInteger(_possible, 0)) return wrongAt('possible', 'a whole number from 0');
  if (_values !== undefined && (fault = findInList(_values, findInNumberOrNull)) !== undefined) return within('values', fault);
  if (_spread !== undefined && !isNumber(_spread, 0)) return wrongAt('spread', 'a number from 0');
  if (_reason !== undefined && typeof _reason !== 'string') return wrongAt('reason', 'a string');
  if (_hint !== undefined && typeof _hint !== 'string') return wrongAt('hint', 'a string');
  if (_exceeded !== undefined && (fault = findInExceedance(_exceeded)) !== undefined) return within('exceeded', fault);
  return undefined;
}

function findInSide(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { name: _name, runs: _runs, command: _command, mode: _mode, host: _host } = value;
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_runs, 1)) return wrongAt('runs', 'a whole number from 1');
  if ((fault = findInList(_command, findInString)) !== undefined) return within('command', fault);
  if (typeof _mode !== 'string') return wrongAt('mode', 'a string');
  if (_host !== undefined && (fault = findInHost(_host)) !== undefined) return within('host', fault);
  return undefined;
}

function findInNumber(value: unknown): Fault | undefined {
  return !isNumber(value) ? wrong('a number') : undefined;
}

function findInDifference(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { metric: _metric, unit: _unit, base: _base, now: _now, difference: _difference, percent: _percent, p: _p, adjustedP: _adjustedP, interval: _interval, noise: _noise, allowed: _allowed, verdict: _verdict, names: _names } = value;
  if (typeof _metric !== 'string') return wrongAt('metric', 'a string');
  if (_unit !== 'bytes' && _unit !== 'count') return wrongAt('unit', '"bytes" or "count"');
  if (!isNumber(_noise, 0)) return wrongAt('noise', 'a number from 0');
  if (_verdict !== 'regressed' && _verdict !== 'within-noise' && _verdict !== 'passed' && _verdict !== 'improved' && _verdict !== 'not-evaluated' && _verdict !== 'not-measured') return wrongAt('verdict', '"regressed" or "within-noise" or "passed" or "improved" or "not-evaluated" or "not-measured"');
  if (_base !== undefined && !isNumber(_base)) return wrongAt('base', 'a number');
  if (_now !== undefined && !isNumber(_now)) return wrongAt('now', 'a number');
  if (_difference !== undefined && !isNumber(_difference)) return wrongAt('difference', 'a number');
  if (_percent !== undefined && !isNumber(_percent)) return wrongAt('percent', 'a number');
  if (_p !== undefined && !isNumber(_p, 0, 1)) return wrongAt('p', 'a number from 0 to 1');
  if (_adjustedP !== undefined && !isNumber(_adjustedP, 0, 1)) return wrongAt('adjustedP', 'a number from 0 to 1');
  if (_interval !== undefined && (fault = findInList(_interval, findInNumber, 2, 2)) !== undefined) return within('interval', fault);
  if (_allowed !== undefined && !isNumber(_allowed, 0)) return wrongAt('allowed', 'a number from 0');
  if (_names !== undefined && (fault = findInGrownNames(_names)) !== undefined) return within('names', fault);
  return undefined;
}

function findInNamesNamesItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { kind: _kind, name: _name, base: _base, now: _now, difference: _difference, baseAtMost: _baseAtMost, nowAtMost: _nowAtMost } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_base, 0)) return wrongAt('base', 'a whole number from 0');
  if (!isInteger(_now, 0)) return wrongAt('now', 'a whole number from 0');
  if (!isInteger(_difference)) return wrongAt('difference', 'a whole number');
  if (_baseAtMost !== undefined && !isInteger(_baseAtMost, 0)) return wrongAt('baseAtMost', 'a whole number from 0');
  if (_nowAtMost !== undefined && !isInteger(_nowAtMost, 0)) return wrongAt('nowAtMost', 'a whole number from 0');
  return undefined;
}

function findInNamesMethods(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { base: _base, now: _now } = value;
  if (_base !== 'pages' && _base !== 'page-kinds' && _base !== 'counters') return wrongAt('base', '"pages" or "page-kinds" or "counters"');
  if (_now !== 'pages' && _now !== 'page-kinds' && _now !== 'counters') return wrongAt('now', '"pages" or "page-kinds" or "counters"');
  return undefined;
}

function findInNames(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { moment: _moment, base: _base, now: _now, methods: _methods, names: _names } = value;
  if (!isInteger(_base, 0)) return wrongAt('base', 'a whole number from 0');
  if (!isInteger(_now, 0)) return wrongAt('now', 'a whole number from 0');
  if ((fault = findInList(_names, findInNamesNamesItem)) !== undefined) return within('names', fault);
  if (_moment !== undefined && _moment !== 'end' && _moment !== 'peak' && _moment !== 'exceeded') return wrongAt('moment', '"end" or "peak" or "exceeded"');
  if (_methods !== undefined && (fault = findInNamesMethods(_methods)) !== undefined) return within('methods', fault);
  return undefined;
}

function findInVerdictComparison(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { type: _type, version: _version, base: _base, now: _now, otherHost: _otherHost, doubts: _doubts, metrics: _metrics, regressed: _regressed, names: _names } = value;
  if (_type !== 'comparison') return wrongAt('type', '"comparison"');
  if (_version !== 2) return wrongAt('version', '2');
  if ((fault = findInSide(_base)) !== undefined) return within('base', fault);
  if ((fault = findInSide(_now)) !== undefined) return within('now', fault);
  if ((fault = findInList(_doubts, findInString)) !== undefined) return within('doubts', fault);
  if ((fault = findInList(_metrics, findInDifference)) !== undefined) return within('metrics', fault);
  if (typeof _regressed !== 'boolean') return wrongAt('regressed', 'true or false');
  if (_otherHost !== undefined && _otherHost !== true) return wrongAt('otherHost', 'true');
  if (_names !== undefined && (fault = findInNames(_names)) !== undefined) return within('names', fault);
  return undefined;
}

function findInVerdictLeftoversItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { id: _id, name: _name, bytes: _bytes } = value;
  if (!isInteger(_id, 0)) return wrongAt('id', 'a whole number from 0');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  return undefined;
}

function findInVerdict(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { type: _type, version: _version, cmemstat: _cmemstat, time: _time, command: _command, mode: _mode, host: _host, durationMs: _durationMs, status: _status, runs: _runs, target: _target, exitStatus: _exitStatus, budgets: _budgets, comparison: _comparison, leftovers: _leftovers, leftoverFiles: _leftoverFiles, leftoversUnknown: _leftoversUnknown, strictHost: _strictHost, missingMetrics: _missingMetrics, faults: _faults, timeline: _timeline, warnings: _warnings } = value;
  if (_type !== 'verdict') return wrongAt('type', '"verdict"');
  if (_version !== 2) return wrongAt('version', '2');
  if (typeof _cmemstat !== 'string') return wrongAt('cmemstat', 'a string');
  if (typeof _time !== 'string') return wrongAt('time', 'a string');
  if ((fault = findInList(_command, findInString, 1)) !== undefined) return within('command', fault);
  if (typeof _mode !== 'string') return wrongAt('mode', 'a string');
  if ((fault = findInVerdictHost(_host)) !== undefined) return within('host', fault);
  if (!isNumber(_durationMs, 0)) return wrongAt('durationMs', 'a number from 0');
  if (_status !== 'passed' && _status !== 'failed' && _status !== 'not-measured') return wrongAt('status', '"passed" or "failed" or "not-measured"');
  if ((fault = findInVerdictRuns(_runs)) !== undefined) return within('runs', fault);
  if ((fault = findInVerdictTarget(_target)) !== undefined) return within('target', fault);
  if (!isInteger(_exitStatus, 0, 255)) return wrongAt('exitStatus', 'a whole number from 0 to 255');
  if ((fault = findInList(_budgets, findInBudget)) !== undefined) return within('budgets', fault);
  if ((fault = findInList(_warnings, findInString)) !== undefined) return within('warnings', fault);
  if (_comparison !== undefined && (fault = findInVerdictComparison(_comparison)) !== undefined) return within('comparison', fault);
  if (_leftovers !== undefined && (fault = findInList(_leftovers, findInVerdictLeftoversItem)) !== undefined) return within('leftovers', fault);
  if (_leftoverFiles !== undefined && (fault = findInList(_leftoverFiles, findInLeftoverFile)) !== undefined) return within('leftoverFiles', fault);
  if (_leftoversUnknown !== undefined && _leftoversUnknown !== true) return wrongAt('leftoversUnknown', 'true');
  if (_strictHost !== undefined && _strictHost !== true) return wrongAt('strictHost', 'true');
  if (_missingMetrics !== undefined && (fault = findInList(_missingMetrics, findInString, 1)) !== undefined) return within('missingMetrics', fault);
  if (_faults !== undefined && (fault = findInList(_faults, findInString, 1)) !== undefined) return within('faults', fault);
  if (_timeline !== undefined && (fault = findInTimeline(_timeline)) !== undefined) return within('timeline', fault);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInVerdict: FindFault = findInVerdict;

type Timeline = { figure: string; fromMs: number; toMs: number; max: (number | null)[] };

type Grown = { name: string; id?: number; fromBytes: number; toBytes: number };

type GrownNames = { moment: 'end' | 'peak' | 'exceeded'; elapsedMs: number; method: 'pages' | 'page-kinds' | 'counters'; baseline?: 'end' | 'peak' | 'exceeded'; reason?: string; names: ({ kind: 'host' | 'cgroup' | 'removed-cgroup' | 'class' | 'process' | 'mapping' | 'file' | 'deleted-file' | 'block-device' | 'memfd' | 'sysv-segment' | 'mount' | 'directory' | 'filesystem' | 'slab-cache' | 'page-tables' | 'kernel-stacks' | 'bpf-map' | 'bpf-program' | 'pipe' | 'socket' | 'percpu' | 'vmalloc' | 'zswap' | 'swap' | 'hugetlb' | 'perf-buffer' | 'gpu' | 'others' | 'unnamed'; name: string; bytes: number; baselineBytes?: number; baselineAtMost?: number })[] };

type Side = { name: string; runs: number; command: (string)[]; mode: 'cgroup2' | 'cgroup1' | 'process-tree'; host?: { kernel: string; arch: string; cpus: number; possibleCpus: number; pageSizeBytes: number } };

/** The document of verdict.schema.json. */
export type VerdictJson = { type: 'verdict'; version: 2; cmemstat: string; time: string; command: (string)[]; mode: 'cgroup2' | 'cgroup1' | 'process-tree'; host: { kernel: string; arch: string; cpus: number }; durationMs: number; status: 'passed' | 'failed' | 'not-measured'; runs: { count: number; evaluatedOn: 'run' | 'median' | 'worst'; times?: ({ durationMs: number; cpuUs?: { user: number; system: number } })[] }; target: { status: number; code?: number; signal?: string; timedOut?: true; timeoutExpected?: true; attached?: true; unknown?: true }; exitStatus: number; budgets: ({ name?: string; description?: string; owner?: string; expression: string; metric: string; aggregate: string; op: '<=' | '<' | '>=' | '>' | '=='; unit: 'bytes' | 'bytes/min' | 'count' | 'count/min' | 'percent' | 'percent/min'; status: 'passed' | 'failed' | 'not-measured' | 'not-measured-optional'; value?: number; estimate?: number; limit?: number; excess?: number; possible?: number; values?: (number | null)[]; spread?: number; reason?: string; hint?: string; exceeded?: { elapsedMs?: number; shownMs: number; run?: number; breakdown: ({ id: string; bytes: number; baselineBytes?: number })[]; growthBytes?: number; timeline?: Timeline; processes: (Grown)[]; maps: (Grown)[]; names?: GrownNames; advice: ({ kind: 'nearly-empty' | 'shareable' | 'idle-ring-buffer' | 'percpu-growth'; maps: ({ id: number; name: string })[]; savesBytes?: number; text: string; options?: ({ change: string; savesBytes: number })[]; projection?: ({ possibleCpus: number; bytes: number; unchargedPercpuBytes: number })[] })[]; replay?: string } })[]; comparison?: { type: 'comparison'; version: 2; base: Side; now: Side; otherHost?: true; doubts: (string)[]; metrics: ({ metric: string; unit: 'bytes' | 'count'; base?: number; now?: number; difference?: number; percent?: number; p?: number; adjustedP?: number; interval?: (number)[]; noise: number; allowed?: number; verdict: 'regressed' | 'within-noise' | 'passed' | 'improved' | 'not-evaluated' | 'not-measured'; names?: GrownNames })[]; regressed: boolean; names?: { moment?: 'end' | 'peak' | 'exceeded'; base: number; now: number; methods?: { base: 'pages' | 'page-kinds' | 'counters'; now: 'pages' | 'page-kinds' | 'counters' }; names: ({ kind: 'host' | 'cgroup' | 'removed-cgroup' | 'class' | 'process' | 'mapping' | 'file' | 'deleted-file' | 'block-device' | 'memfd' | 'sysv-segment' | 'mount' | 'directory' | 'filesystem' | 'slab-cache' | 'page-tables' | 'kernel-stacks' | 'bpf-map' | 'bpf-program' | 'pipe' | 'socket' | 'percpu' | 'vmalloc' | 'zswap' | 'swap' | 'hugetlb' | 'perf-buffer' | 'gpu' | 'others' | 'unnamed'; name: string; base: number; now: number; difference: number; baseAtMost?: number; nowAtMost?: number })[] } }; leftovers?: ({ id: number; name: string; bytes: number })[]; leftoverFiles?: ({ kind: 'file' | 'sysv-segment'; name: string; bytes: number })[]; leftoversUnknown?: true; strictHost?: true; missingMetrics?: (string)[]; faults?: (string)[]; timeline?: Timeline; warnings: (string)[] };

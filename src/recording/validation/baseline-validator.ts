// Generated from schema/baseline.schema.json by `npm run build`: change the schema.
import { type Fault, type FindFault, findInList, isInteger, isNumber, isObject, within, wrong, wrongAt } from './fault.ts';
import { findInCounters, findInHost, findInString } from './shared-shapes.ts';

function findInMetrics(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  for (const key in value) {
    const field = value[key];
    if (!isNumber(field)) return wrongAt(key, 'a number');
  }
  return undefined;
}

function findInFigures(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { metrics: _metrics, maps: _maps } = value;
  if ((fault = findInMetrics(_metrics)) !== undefined) return within('metrics', fault);
  if (_maps !== undefined && (fault = findInCounters(_maps)) !== undefined) return within('maps', fault);
  return undefined;
}

function findInBaselineRunsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { time: _time, status: _status, metrics: _metrics, maps: _maps } = value;
  if (typeof _time !== 'string') return wrongAt('time', 'a string');
  if ((fault = findInMetrics(_metrics)) !== undefined) return within('metrics', fault);
  if (_status !== undefined && !isInteger(_status, 0)) return wrongAt('status', 'a whole number from 0');
  if (_maps !== undefined && (fault = findInCounters(_maps)) !== undefined) return within('maps', fault);
  return undefined;
}

function findInBaselineBreakdownItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { id: _id, bytes: _bytes } = value;
  if (typeof _id !== 'string') return wrongAt('id', 'a string');
  if (!isInteger(_bytes)) return wrongAt('bytes', 'a whole number');
  return undefined;
}

function findInNamesNamesItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  const { group: _group, kind: _kind, name: _name, bytes: _bytes } = value;
  if (typeof _group !== 'string') return wrongAt('group', 'a string');
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  return undefined;
}

function findInNames(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { moment: _moment, elapsedMs: _elapsedMs, method: _method, bytes: _bytes, names: _names, unlisted: _unlisted } = value;
  if (_moment !== 'end' && _moment !== 'peak' && _moment !== 'exceeded') return wrongAt('moment', '"end" or "peak" or "exceeded"');
  if (!isNumber(_elapsedMs, 0)) return wrongAt('elapsedMs', 'a number from 0');
  if (_method !== 'pages' && _method !== 'page-kinds' && _method !== 'counters') return wrongAt('method', '"pages" or "page-kinds" or "counters"');
  if (!isInteger(_bytes, 0)) return wrongAt('bytes', 'a whole number from 0');
  if ((fault = findInList(_names, findInNamesNamesItem)) !== undefined) return within('names', fault);
  if (_unlisted !== undefined && (fault = findInCounters(_unlisted)) !== undefined) return within('unlisted', fault);
  return undefined;
}

function findInBaseline(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { type: _type, version: _version, cmemstat: _cmemstat, time: _time, command: _command, mode: _mode, host: _host, medians: _medians, breakdown: _breakdown, explained: _explained, runs: _runs } = value;
  if (_type !== 'baseline') return wrongAt('type', '"baseline"');
  if (_version !== 1) return wrongAt('version', '1');
  if (typeof _cmemstat !== 'string') return wrongAt('cmemstat', 'a string');
  if (typeof _time !== 'string') return wrongAt('time', 'a string');
  if ((fault = findInList(_command, findInString)) !== undefined) return within('command', fault);
  if (_mode !== 'cgroup2' && _mode !== 'cgroup1' && _mode !== 'process-tree') return wrongAt('mode', '"cgroup2" or "cgroup1" or "process-tree"');
  if ((fault = findInFigures(_medians)) !== undefined) return within('medians', fault);
  if ((fault = findInList(_runs, findInBaselineRunsItem, 1)) !== undefined) return within('runs', fault);
  if (_host !== undefined && (fault = findInHost(_host)) !== undefined) return within('host', fault);
  if (_breakdown !== undefined && (fault = findInList(_breakdown, findInBaselineBreakdownItem)) !== undefined) return within('breakdown', fault);
  if (_explained !== undefined && (fault = findInList(_explained, findInNames)) !== undefined) return within('explained', fault);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInBaseline: FindFault = findInBaseline;

type Metrics = Record<string, number>;

type Maps = Record<string, number>;

/** The document of baseline.schema.json. */
export type BaselineJson = { type: 'baseline'; version: 1; cmemstat: string; time: string; command: (string)[]; mode: 'cgroup2' | 'cgroup1' | 'process-tree'; host?: { kernel: string; arch: string; cpus: number; possibleCpus: number; pageSizeBytes: number }; medians: { metrics: Metrics; maps?: Maps }; breakdown?: ({ id: string; bytes: number })[]; explained?: ({ moment: 'end' | 'peak' | 'exceeded'; elapsedMs: number; method: 'pages' | 'page-kinds' | 'counters'; bytes: number; names: ({ group: string; kind: 'host' | 'cgroup' | 'removed-cgroup' | 'class' | 'process' | 'mapping' | 'file' | 'deleted-file' | 'block-device' | 'memfd' | 'sysv-segment' | 'mount' | 'directory' | 'filesystem' | 'slab-cache' | 'page-tables' | 'kernel-stacks' | 'bpf-map' | 'bpf-program' | 'pipe' | 'socket' | 'percpu' | 'vmalloc' | 'zswap' | 'swap' | 'hugetlb' | 'perf-buffer' | 'gpu' | 'others' | 'unnamed'; name: string; bytes: number })[]; unlisted?: Record<string, number> })[]; runs: ({ time: string; status?: number; metrics: Metrics; maps?: Maps })[] };

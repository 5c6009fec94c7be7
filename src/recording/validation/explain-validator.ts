// Generated from schema/explain.schema.json by `npm run build`: change the schema.
import { type Fault, type FindFault, findInList, isNumber, isObject, within, wrong, wrongAt } from './fault.ts';
import { findInChargedMemory, findInExplainAdviceItem, findInExplainMissingItem, findInExplainSample } from './shared-shapes.ts';

function findInNode(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { kind: _kind, name: _name, path: _path, bytes: _bytes, reclaim: _reclaim, dirtyBytes: _dirtyBytes, activeBytes: _activeBytes, mappedBytes: _mappedBytes, count: _count, pid: _pid, fsType: _fsType, mount: _mount, note: _note, children: _children } = value;
  if (typeof _kind !== 'string') return wrongAt('kind', 'a string');
  if (typeof _name !== 'string') return wrongAt('name', 'a string');
  if (!isNumber(_bytes)) return wrongAt('bytes', 'a number');
  if (typeof _reclaim !== 'string') return wrongAt('reclaim', 'a string');
  if (_path !== undefined && typeof _path !== 'string') return wrongAt('path', 'a string');
  if (_dirtyBytes !== undefined && !isNumber(_dirtyBytes)) return wrongAt('dirtyBytes', 'a number');
  if (_activeBytes !== undefined && !isNumber(_activeBytes)) return wrongAt('activeBytes', 'a number');
  if (_mappedBytes !== undefined && !isNumber(_mappedBytes)) return wrongAt('mappedBytes', 'a number');
  if (_count !== undefined && !isNumber(_count)) return wrongAt('count', 'a number');
  if (_pid !== undefined && !isNumber(_pid)) return wrongAt('pid', 'a number');
  if (_fsType !== undefined && typeof _fsType !== 'string') return wrongAt('fsType', 'a string');
  if (_mount !== undefined && typeof _mount !== 'string') return wrongAt('mount', 'a string');
  if (_note !== undefined && typeof _note !== 'string') return wrongAt('note', 'a string');
  if (_children !== undefined && (fault = findInList(_children, findInNode)) !== undefined) return within('children', fault);
  return undefined;
}

function findInExplanation(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { version: _version, cmemstat: _cmemstat, cgroup: _cgroup, method: _method, reason: _reason, hint: _hint, before: _before, after: _after, frozen: _frozen, sample: _sample, scanMs: _scanMs, scannedPages: _scannedPages, tree: _tree, beside: _beside, missing: _missing, advice: _advice } = value;
  if (!isNumber(_version)) return wrongAt('version', 'a number');
  if (typeof _cmemstat !== 'string') return wrongAt('cmemstat', 'a string');
  if (typeof _method !== 'string') return wrongAt('method', 'a string');
  if ((fault = findInChargedMemory(_before)) !== undefined) return within('before', fault);
  if ((fault = findInChargedMemory(_after)) !== undefined) return within('after', fault);
  if ((fault = findInNode(_tree)) !== undefined) return within('tree', fault);
  if ((fault = findInList(_beside, findInNode)) !== undefined) return within('beside', fault);
  if ((fault = findInList(_missing, findInExplainMissingItem)) !== undefined) return within('missing', fault);
  if ((fault = findInList(_advice, findInExplainAdviceItem)) !== undefined) return within('advice', fault);
  if (_cgroup !== undefined && typeof _cgroup !== 'string') return wrongAt('cgroup', 'a string');
  if (_reason !== undefined && typeof _reason !== 'string') return wrongAt('reason', 'a string');
  if (_hint !== undefined && typeof _hint !== 'string') return wrongAt('hint', 'a string');
  if (_frozen !== undefined && typeof _frozen !== 'boolean') return wrongAt('frozen', 'true or false');
  if (_sample !== undefined && (fault = findInExplainSample(_sample)) !== undefined) return within('sample', fault);
  if (_scanMs !== undefined && !isNumber(_scanMs)) return wrongAt('scanMs', 'a number');
  if (_scannedPages !== undefined && !isNumber(_scannedPages)) return wrongAt('scannedPages', 'a number');
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInExplanation: FindFault = findInExplanation;

type Charged = { current?: number; stat: Record<string, number> };

type Node = { kind: 'host' | 'cgroup' | 'removed-cgroup' | 'class' | 'process' | 'mapping' | 'file' | 'deleted-file' | 'block-device' | 'memfd' | 'sysv-segment' | 'mount' | 'directory' | 'filesystem' | 'slab-cache' | 'page-tables' | 'kernel-stacks' | 'bpf-map' | 'bpf-program' | 'pipe' | 'socket' | 'percpu' | 'vmalloc' | 'zswap' | 'swap' | 'hugetlb' | 'perf-buffer' | 'gpu' | 'others' | 'unnamed'; name: string; path?: string; bytes: number; reclaim: 'reclaimable' | 'dirty' | 'process' | 'kernel' | 'persistent'; dirtyBytes?: number; activeBytes?: number; mappedBytes?: number; count?: number; pid?: number; fsType?: string; mount?: string; note?: string; children?: (Node)[] };

/** The document of explain.schema.json. */
export type ExplanationJson = { version: 1; cmemstat: string; cgroup?: string; method: 'pages' | 'page-kinds' | 'counters'; reason?: string; hint?: string; before: Charged; after: Charged; frozen?: true; sample?: { every: number; standardErrorBytes?: number }; scanMs?: number; scannedPages?: number; tree: Node; beside: (Node)[]; missing: ({ term: string; reason: string; hint?: string })[]; advice: ({ kind: 'read-once' | 'unheld-tmpfs' | 'negative-dentries' | 'unread-sockets' | 'page-tables' | 'bpf-maps'; bytes: number; text: string })[] };

// Generated from schema/explain.schema.json by `npm run build`: change the schema.
import { type Fault, type FindFault, findInList, isInteger, isNumber, isObject, within, wrong, wrongAt } from './fault.ts';
import { findInChargedMemory, findInExplainAdviceItem, findInExplainMissingItem, findInExplainSample, findInMemoryNode } from './shared-shapes.ts';

function findInExplanation(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  const { version: _version, cmemstat: _cmemstat, cgroup: _cgroup, method: _method, reason: _reason, hint: _hint, before: _before, after: _after, frozen: _frozen, sample: _sample, scanMs: _scanMs, scannedPages: _scannedPages, tree: _tree, beside: _beside, missing: _missing, advice: _advice } = value;
  if (!isNumber(_version)) return wrongAt('version', 'a number');
  if (typeof _cmemstat !== 'string') return wrongAt('cmemstat', 'a string');
  if (typeof _method !== 'string') return wrongAt('method', 'a string');
  if ((fault = findInChargedMemory(_before)) !== undefined) return within('before', fault);
  if ((fault = findInChargedMemory(_after)) !== undefined) return within('after', fault);
  if ((fault = findInMemoryNode(_tree)) !== undefined) return within('tree', fault);
  if ((fault = findInList(_beside, findInMemoryNode)) !== undefined) return within('beside', fault);
  if ((fault = findInList(_missing, findInExplainMissingItem)) !== undefined) return within('missing', fault);
  if ((fault = findInList(_advice, findInExplainAdviceItem)) !== undefined) return within('advice', fault);
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
export const findFaultInExplanation: FindFault = findInExplanation;

type ChargedMemory = { current?: number; stat: Record<string, number> };

type MemoryNode = { kind: 'host' | 'cgroup' | 'removed-cgroup' | 'class' | 'process' | 'mapping' | 'file' | 'deleted-file' | 'block-device' | 'memfd' | 'sysv-segment' | 'mount' | 'directory' | 'filesystem' | 'slab-cache' | 'page-tables' | 'kernel-stacks' | 'bpf-map' | 'bpf-program' | 'pipe' | 'socket' | 'percpu' | 'vmalloc' | 'zswap' | 'swap' | 'hugetlb' | 'perf-buffer' | 'gpu' | 'others' | 'unnamed'; name: string; path?: string; bytes: number; reclaim: 'reclaimable' | 'dirty' | 'process' | 'kernel' | 'persistent'; dirtyBytes?: number; activeBytes?: number; mappedBytes?: number; otherMappers?: number; count?: number; pid?: number; fsType?: string; mount?: string; directory?: string; note?: string; children?: (MemoryNode)[] };

/** The document of explain.schema.json. */
export type ExplanationJson = { version: 1; cmemstat: string; cgroup?: string; method: 'pages' | 'page-kinds' | 'counters'; reason?: string; hint?: string; before: ChargedMemory; after: ChargedMemory; frozen?: true; sample?: { every: number; standardErrorBytes?: number }; scanMs?: number; scannedPages?: number; tree: MemoryNode; beside: (MemoryNode)[]; missing: ({ term: string; reason: string; hint?: string })[]; advice: ({ kind: 'read-once' | 'unheld-tmpfs' | 'negative-dentries' | 'many-files' | 'unread-sockets' | 'page-tables' | 'bpf-maps'; bytes: number; text: string })[] };

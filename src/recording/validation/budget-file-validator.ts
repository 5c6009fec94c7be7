// Generated from schema/budget.schema.json by `npm run build`: change the schema.
import { type Fault, type FindFault, findInList, findUnknownKey, isInteger, isObject, within, wrong, wrongAt } from './fault.ts';
import { findInText } from './shared-shapes.ts';

function findInBudgetFileBudgetsItem(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  if ((fault = findUnknownKey(value, ['name', 'description', 'owner', 'budget', 'optional'])) !== undefined) return fault;
  const { name: _name, description: _description, owner: _owner, budget: _budget, optional: _optional } = value;
  if ((fault = findInText(_name)) !== undefined) return within('name', fault);
  if (typeof _budget !== 'string') return wrongAt('budget', 'a budget such as "anon <= 32MiB"');
  if (_description !== undefined && (fault = findInText(_description)) !== undefined) return within('description', fault);
  if (_owner !== undefined && (fault = findInText(_owner)) !== undefined) return within('owner', fault);
  if (_optional !== undefined && typeof _optional !== 'boolean') return wrongAt('optional', 'true or false');
  return undefined;
}

function findInBudgetFileRuns(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  if ((fault = findUnknownKey(value, ['count', 'warmup', 'evaluate', 'prepare', 'cleanup', 'warm', 'dropCaches'])) !== undefined) return fault;
  const { count: _count, warmup: _warmup, evaluate: _evaluate, prepare: _prepare, cleanup: _cleanup, warm: _warm, dropCaches: _dropCaches } = value;
  if (_count !== undefined && !isInteger(_count, 1, 1000)) return wrongAt('count', 'a whole number from 1 to 1000');
  if (_warmup !== undefined && !isInteger(_warmup, 0, 1000)) return wrongAt('warmup', 'a whole number from 0 to 1000');
  if (_evaluate !== undefined && _evaluate !== 'median' && _evaluate !== 'worst') return wrongAt('evaluate', '"median" or "worst"');
  if (_prepare !== undefined && (fault = findInText(_prepare)) !== undefined) return within('prepare', fault);
  if (_cleanup !== undefined && (fault = findInText(_cleanup)) !== undefined) return within('cleanup', fault);
  if (_warm !== undefined && typeof _warm !== 'boolean') return wrongAt('warm', 'true or false');
  if (_dropCaches !== undefined && typeof _dropCaches !== 'boolean') return wrongAt('dropCaches', 'true or false');
  if (_warm === true && _dropCaches === true) return wrongAt('dropCaches', 'false beside "warm": true');
  return undefined;
}

function findInDuration(value: unknown): Fault | undefined {
  return (typeof value !== 'string' || !/^\s*(\d+(\.\d+)?|\.\d+)(\s*(ms|s|min|m|h))?\s*$/.test(value)) ? wrong('a duration such as "500ms"') : undefined;
}

function findInBudgetFileSampling(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  if ((fault = findUnknownKey(value, ['interval', 'bpfInterval', 'processInterval', 'strict'])) !== undefined) return fault;
  const { interval: _interval, bpfInterval: _bpfInterval, processInterval: _processInterval, strict: _strict } = value;
  if (_interval !== undefined && (fault = findInDuration(_interval)) !== undefined) return within('interval', fault);
  if (_bpfInterval !== undefined && (fault = findInDuration(_bpfInterval)) !== undefined) return within('bpfInterval', fault);
  if (_processInterval !== undefined && (fault = findInDuration(_processInterval)) !== undefined) return within('processInterval', fault);
  if (_strict !== undefined && typeof _strict !== 'boolean') return wrongAt('strict', 'true or false');
  return undefined;
}

function findInBudgetFile(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  if ((fault = findUnknownKey(value, ['$schema', 'version', 'runs', 'sampling', 'baseline', 'maxRegression', 'budgets'])) !== undefined) return fault;
  const { $schema: __schema, version: _version, runs: _runs, sampling: _sampling, baseline: _baseline, maxRegression: _maxRegression, budgets: _budgets } = value;
  if (_version !== 2) return wrongAt('version', '2');
  if ((fault = findInList(_budgets, findInBudgetFileBudgetsItem)) !== undefined) return within('budgets', fault);
  if (__schema !== undefined && (fault = findInText(__schema)) !== undefined) return within('$schema', fault);
  if (_runs !== undefined && (fault = findInBudgetFileRuns(_runs)) !== undefined) return within('runs', fault);
  if (_sampling !== undefined && (fault = findInBudgetFileSampling(_sampling)) !== undefined) return within('sampling', fault);
  if (_baseline !== undefined && (fault = findInText(_baseline)) !== undefined) return within('baseline', fault);
  if (_maxRegression !== undefined && (fault = findInText(_maxRegression)) !== undefined) return within('maxRegression', fault);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInBudgetFile: FindFault = findInBudgetFile;

/** The document of budget.schema.json. */
export type BudgetFileJson = { $schema?: string; version: 2; runs?: { count?: number; warmup?: number; evaluate?: 'median' | 'worst'; prepare?: string; cleanup?: string; warm?: boolean; dropCaches?: boolean }; sampling?: { interval?: string; bpfInterval?: string; processInterval?: string; strict?: boolean }; baseline?: string; maxRegression?: string; budgets: ({ name: string; description?: string; owner?: string; budget: string; optional?: boolean })[] };

/** The file of `--budget-file`: budgets under version control. Schema: `schema/budget.schema.json`. */
import { InputError, ToolError } from '../errors.ts';
import { parseInterval, parseSlowInterval, type SamplingIntervals } from '../format/intervals.ts';
import { nearestName } from '../format/nearest-name.ts';
import { safeText } from '../format/safe-text.ts';
import { identifyDocument } from '../recording/identify-document.ts';
import type { NamedBudget } from './expression/budget.ts';
import { parseBudget } from './expression/parse-budget.ts';
import { lineOfPath, type Path } from './json-line.ts';

/** The format version; incremented when a key is removed or changes its meaning. */
export const BUDGET_FILE_VERSION = 2;

/** How to run the command; every option corresponds to a flag of the same name. */
export interface FileRuns {
  count?: number;
  warmup?: number;
  evaluate?: 'median' | 'worst';
  prepare?: string;
  cleanup?: string;
  warm?: boolean;
  dropCaches?: boolean;
}

/** How the command is sampled; every key corresponds to an option. */
export interface FileSampling extends Partial<SamplingIntervals> {
  /** `--strict-sampling` */
  strict?: boolean;
}

/** A parsed budget file. */
export interface BudgetFile {
  runs: FileRuns;
  sampling: FileSampling;
  /** Relative to the directory of the budget file. */
  baseline?: string;
  /** In the syntax of `--max-regression`. */
  maxRegression?: string;
  budgets: NamedBudget[];
}

const ROOT_KEYS = ['$schema', 'version', 'runs', 'sampling', 'baseline', 'maxRegression', 'budgets'];
const RUNS_KEYS = ['count', 'warmup', 'prepare', 'cleanup', 'warm', 'dropCaches'];
const SAMPLING_KEYS = ['interval', 'bpfInterval', 'processInterval', 'strict'];
/** The name of `evaluate` in version 1. */
const EVALUATE_KEY_OF_VERSION_1 = 'judge';
const BUDGET_KEYS = ['name', 'description', 'owner', 'budget', 'optional'];
const MAX_RUNS = 1000;

/**
 * Parses a budget file. `file` names it in errors.
 * @throws InputError that names the line and the path in the document.
 */
export function parseBudgetFile(text: string, file: string): BudgetFile {
  return new FileReader(text, file).read();
}

type JsonObject = Record<string, unknown>;

class FileReader {
  readonly #text: string;
  readonly #file: string;

  constructor(text: string, file: string) {
    // Some editors start a file with a byte order mark.
    this.#text = text.replace(/^\uFEFF/, '');
    this.#file = file;
  }

  read(): BudgetFile {
    const document = this.#parse();
    const kind = identifyDocument(document, this.#file);
    if (kind !== undefined && kind.name !== 'a budget file') {
      throw new InputError(this.#file, `${this.#file}: this is ${kind.name}, not a budget file`, {
        hint: kind.reader,
      });
    }
    const root = this.#object(document, [], ROOT_KEYS);
    const { version } = root;
    if (version !== 1 && version !== BUDGET_FILE_VERSION) {
      const found = version === undefined ? 'is missing' : `is ${JSON.stringify(version)}`;
      const isNewer = typeof version === 'number' && version > BUDGET_FILE_VERSION;
      throw this.#fault(
        ['version'],
        `${found}; this cmemstat reads versions 1 and ${BUDGET_FILE_VERSION}`,
        isNewer ? 'upgrade cmemstat' : `"version": ${BUDGET_FILE_VERSION}`,
      );
    }
    this.#optionalText(root, [], '$schema');
    const file: BudgetFile = {
      runs: this.#runs(root.runs, version),
      sampling: this.#sampling(root.sampling),
      budgets: this.#budgets(root.budgets),
    };
    const baseline = this.#optionalText(root, [], 'baseline');
    if (baseline !== undefined) file.baseline = baseline;
    const maxRegression = this.#optionalText(root, [], 'maxRegression');
    if (maxRegression !== undefined) file.maxRegression = maxRegression;
    return file;
  }

  #parse(): unknown {
    try {
      return JSON.parse(this.#text);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const line = lineOfFault(this.#text, message);
      const at = line === undefined ? this.#file : `${this.#file}:${line}`;
      throw new InputError(this.#file, `${at}: not JSON: ${safeText(message)}`);
    }
  }

  #runs(value: unknown, version: number): FileRuns {
    if (value === undefined) return {};
    const evaluateKey = version === 1 ? EVALUATE_KEY_OF_VERSION_1 : 'evaluate';
    const runs = this.#object(value, ['runs'], [...RUNS_KEYS, evaluateKey]);
    const result: FileRuns = {};
    for (const [key, least] of [
      ['count', 1],
      ['warmup', 0],
    ] as const) {
      const number = runs[key];
      if (number === undefined) continue;
      if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > MAX_RUNS) {
        throw this.#fault(['runs', key], `must be a whole number from ${least} to ${MAX_RUNS}`);
      }
      result[key] = number;
    }
    for (const key of ['prepare', 'cleanup'] as const) {
      const command = this.#optionalText(runs, ['runs'], key);
      if (command !== undefined) result[key] = command;
    }
    for (const key of ['warm', 'dropCaches'] as const) {
      const flag = this.#optionalFlag(runs, ['runs'], key);
      if (flag !== undefined) result[key] = flag;
    }
    if (result.warm === true && result.dropCaches === true) {
      throw this.#fault(['runs', 'dropCaches'], 'conflicts with "warm"');
    }
    const which = runs[evaluateKey];
    if (which !== undefined) {
      if (which !== 'median' && which !== 'worst')
        throw this.#fault(['runs', evaluateKey], 'must be "median" or "worst"');
      result.evaluate = which;
    }
    return result;
  }

  #sampling(value: unknown): FileSampling {
    if (value === undefined) return {};
    const object = this.#object(value, ['sampling'], SAMPLING_KEYS);
    const sampling: FileSampling = {};
    const parsers = {
      interval: parseInterval,
      bpfInterval: parseSlowInterval,
      processInterval: parseSlowInterval,
    };
    for (const key of ['interval', 'bpfInterval', 'processInterval'] as const) {
      const text = this.#optionalText(object, ['sampling'], key);
      if (text === undefined) continue;
      sampling[`${key}Ms`] = this.#duration(text, ['sampling', key], parsers[key]);
    }
    const strict = this.#optionalFlag(object, ['sampling'], 'strict');
    if (strict !== undefined) sampling.strict = strict;
    return sampling;
  }

  #duration(text: string, path: Path, parse: (text: string, place: string) => number): number {
    try {
      return parse(text, this.#place(path));
    } catch (error) {
      if (error instanceof ToolError) throw new InputError(this.#file, error.message);
      throw error;
    }
  }

  #budgets(value: unknown): NamedBudget[] {
    if (!Array.isArray(value))
      throw this.#fault(['budgets'], value === undefined ? 'is missing' : 'must be an array');
    const names = new Map<string, number>();
    return value.map((each: unknown, index) => {
      const named = this.#budget(each, ['budgets', index]);
      const before = names.get(named.name ?? '');
      if (before !== undefined)
        throw this.#fault(['budgets', index, 'name'], `is the name of budgets[${before}] too`);
      names.set(named.name ?? '', index);
      return named;
    });
  }

  #budget(value: unknown, path: Path): NamedBudget {
    const object = this.#object(value, path, BUDGET_KEYS);
    const name = this.#requiredText(object, path, 'name');
    const expression = this.#requiredText(object, path, 'budget');
    const named: NamedBudget = {
      budget: this.#expression(expression, [...path, 'budget']),
      name,
      optional: this.#optionalFlag(object, path, 'optional') ?? false,
    };
    const description = this.#optionalText(object, path, 'description');
    if (description !== undefined) named.description = description;
    const owner = this.#optionalText(object, path, 'owner');
    if (owner !== undefined) named.owner = owner;
    return named;
  }

  #expression(text: string, path: Path): NamedBudget['budget'] {
    return parseBudget(text, this.#place(path));
  }

  #object(value: unknown, path: Path, keys: readonly string[]): JsonObject {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.#fault(path, 'must be an object');
    }
    for (const key of Object.keys(value)) {
      if (keys.includes(key)) continue;
      const near = nearestName(key, keys);
      const meant = near === undefined ? '' : `; did you mean "${near}"?`;
      throw this.#fault([...path, key], `is not a key here${meant}`, `one of ${keys.join(', ')}`);
    }
    return value as JsonObject;
  }

  #requiredText(object: JsonObject, path: Path, key: string): string {
    const value = this.#optionalText(object, path, key);
    if (value === undefined) throw this.#fault([...path, key], 'is missing');
    return value;
  }

  #optionalText(object: JsonObject, path: Path, key: string): string | undefined {
    const value = object[key];
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value.trim() === '')
      throw this.#fault([...path, key], 'must be a non-empty string');
    return value;
  }

  #optionalFlag(object: JsonObject, path: Path, key: string): boolean | undefined {
    const value = object[key];
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#fault([...path, key], 'must be true or false');
  }

  #fault(path: Path, message: string, hint?: string): ToolError {
    return new InputError(this.#file, `${this.#place(path)} ${message}`, { hint });
  }

  /** `budget.json:12: budgets[2].budget` */
  #place(path: Path): string {
    const line = lineOfPath(this.#text, path);
    const at = line === undefined ? this.#file : `${this.#file}:${line}`;
    return `${at}: ${path.length === 0 ? 'the document' : safeText(formatPath(path))}`;
  }
}

/**
 * The line of a JSON.parse error; undefined if the message contains no position, as with some of Node's.
 */
function lineOfFault(text: string, message: string): number | undefined {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return text.slice(0, Number(position)).split('\n').length;
  return /end of JSON/.test(message) ? text.split('\n').length : undefined;
}

function formatPath(path: Path): string {
  return path.map((key, at) => (typeof key === 'number' ? `[${key}]` : at === 0 ? key : `.${key}`)).join('');
}

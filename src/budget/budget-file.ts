/** The file of `--budget-file`: budgets under version control. Schema: `schema/budget.schema.json`. */
import { InputError, ToolError } from '../errors.ts';
import { parseInterval, parseSlowInterval, type SamplingIntervals } from '../format/intervals.ts';
import { safeText } from '../format/safe-text.ts';
import { type DocumentKind, identifyDocument, identifyLines } from '../recording/identify-document.ts';
import { type BudgetFileJson, findFaultInBudgetFile } from '../recording/validation/budget-file-validator.ts';
import {
  describeFault,
  type Fault,
  formatFound,
  formatPath,
  isObject,
} from '../recording/validation/fault.ts';
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

/**
 * Parses a budget file. `file` names it in errors.
 * @throws InputError that names the line and the path in the document.
 */
export function parseBudgetFile(text: string, file: string): BudgetFile {
  return new FileReader(text, file).read();
}

/** The keys of `runs` whose names version 1 exchanges: there, `evaluate` is called `judge`. */
const KEYS_OF_VERSION_1: ReadonlyMap<string | number, string> = new Map([
  ['evaluate', 'judge'],
  ['judge', 'evaluate'],
]);

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
    this.#reject(identifyDocument(document, this.#file) ?? identifyLines(`${this.#text}\n`, this.#file));
    const isOld = isObject(document) && this.#version(document) === 1;
    const upgraded = isOld ? upgrade(document) : document;
    const fault = findFaultInBudgetFile(upgraded);
    if (fault !== undefined) throw this.#fault(isOld ? downgrade(fault) : fault, document);
    // The check guarantees the type.
    const { runs = {}, sampling = {}, baseline, maxRegression, budgets } = upgraded as BudgetFileJson;
    const file: BudgetFile = { runs, sampling: this.#sampling(sampling), budgets: this.#budgets(budgets) };
    if (baseline !== undefined) file.baseline = baseline;
    if (maxRegression !== undefined) file.maxRegression = maxRegression;
    return file;
  }

  #reject(kind: DocumentKind | undefined): void {
    if (kind === undefined || kind.name === 'a budget file') return;
    throw new InputError(this.#file, `${this.#file}: this is ${kind.name}, not a budget file`, {
      hint: kind.reader,
    });
  }

  #parse(): unknown {
    try {
      return JSON.parse(this.#text);
    } catch (error) {
      this.#reject(identifyLines(this.#text, this.#file));
      const message = error instanceof Error ? error.message : String(error);
      const line = lineOfFault(this.#text, message);
      const at = line === undefined ? this.#file : `${this.#file}:${line}`;
      throw new InputError(this.#file, `${at}: not JSON: ${safeText(message)}`);
    }
  }

  /** The version, if it is a known one. */
  #version({ version }: Record<string, unknown>): number {
    if (version === 1 || version === BUDGET_FILE_VERSION) return version;
    const found = version === undefined ? 'is missing' : `is ${formatFound(version)}`;
    const isNewer = typeof version === 'number' && version > BUDGET_FILE_VERSION;
    throw new InputError(
      this.#file,
      `${this.#place(['version'])} ${safeText(found)}; this cmemstat reads versions 1 and ${BUDGET_FILE_VERSION}`,
      { hint: isNewer ? 'upgrade cmemstat' : `"version": ${BUDGET_FILE_VERSION}` },
    );
  }

  #sampling({ strict, ...intervals }: NonNullable<BudgetFileJson['sampling']>): FileSampling {
    const sampling: FileSampling = {};
    const parsers = {
      interval: parseInterval,
      bpfInterval: parseSlowInterval,
      processInterval: parseSlowInterval,
    };
    for (const key of ['interval', 'bpfInterval', 'processInterval'] as const) {
      const text = intervals[key];
      if (text !== undefined) sampling[`${key}Ms`] = this.#duration(text, ['sampling', key], parsers[key]);
    }
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

  #budgets(budgets: BudgetFileJson['budgets']): NamedBudget[] {
    const names = new Map<string, number>();
    return budgets.map(({ budget, optional = false, ...texts }, index) => {
      const before = names.get(texts.name);
      if (before !== undefined) {
        const place = this.#place(['budgets', index, 'name']);
        throw new InputError(this.#file, `${place} is the name of budgets[${before}] too`);
      }
      names.set(texts.name, index);
      return { ...texts, budget: this.#expression(budget, ['budgets', index, 'budget']), optional };
    });
  }

  #expression(text: string, path: Path): NamedBudget['budget'] {
    try {
      return parseBudget(text);
    } catch {
      // Determining the place requires a pass over the file.
      return parseBudget(text, this.#place(path));
    }
  }

  #fault(fault: Fault, document: unknown): InputError {
    const hint = fault.keys === undefined ? undefined : `one of ${fault.keys.join(', ')}`;
    return new InputError(this.#file, `${this.#lineOf(fault.path)}: ${describeFault(fault, document)}`, {
      hint,
    });
  }

  /** `budget.json:12: budgets[2].budget` */
  #place(path: Path): string {
    return `${this.#lineOf(path)}: ${formatPath(path)}`;
  }

  /** `budget.json:12`; only the file for the whole document. */
  #lineOf(path: Path): string {
    const line = lineOfPath(this.#text, path);
    return line === undefined ? this.#file : `${this.#file}:${line}`;
  }
}

/** Converts a file of version 1. */
function upgrade(document: Record<string, unknown>): Record<string, unknown> {
  const { runs } = document;
  const upgraded = { ...document, version: BUDGET_FILE_VERSION };
  if (!isObject(runs)) return upgraded;
  const entries = Object.entries(runs).map(([key, value]) => [KEYS_OF_VERSION_1.get(key) ?? key, value]);
  return { ...upgraded, runs: Object.fromEntries(entries) };
}

/** Converts a violation in a converted file of version 1 to its keys. */
function downgrade(fault: Fault): Fault {
  if (fault.path[0] !== 'runs') return fault;
  const path = fault.path.map((key) => KEYS_OF_VERSION_1.get(key) ?? key);
  const keys = fault.keys?.map((key) => (key === 'evaluate' ? 'judge' : key));
  return keys === undefined ? { ...fault, path } : { ...fault, path, keys };
}

/**
 * The line of a JSON.parse error; undefined if the message contains no position, as with some of Node's.
 */
function lineOfFault(text: string, message: string): number | undefined {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return text.slice(0, Number(position)).split('\n').length;
  return /end of JSON/.test(message) ? text.split('\n').length : undefined;
}

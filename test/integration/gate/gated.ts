/** Evaluated runs for tests: the verdict together with the output. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import type { BudgetResult, Verdict } from '#src/model/verdict.ts';
import { cmemstat, type Need, type Outcome, SLOWNESS, scratch, TARGETS } from '../harness.ts';

/** Times of targets are stretched on slow machines. Unit: milliseconds. */
export const slowMs = (ms: number): number => ms * SLOWNESS;

/** A target that grows in steps; see `grow.mjs`. Times in milliseconds are stretched. */
export function grow(endMs: number, ...steps: readonly (readonly [mib: number, ms: number])[]): string[] {
  const stretched = steps.map(([mib, ms]) => `${mib}@${slowMs(ms)}`);
  return [process.execPath, join(TARGETS, 'grow.mjs'), ...stretched, String(slowMs(endMs))];
}

/** A host that is not emulated, for tests that are too large or too slow there. */
export const needsRealMachine: Need = {
  what: 'a machine that is not emulated',
  has: process.env.CMEMSTAT_VM_GUEST === undefined,
  expected: false,
};

/** An evaluated run. */
export interface GatedRun {
  outcome: Outcome;
  verdict: Verdict;
}

/** The words of a line, which must not contain blanks. */
export function words(line: string): string[] {
  return line.split(' ');
}

let files = 0;

/** A path for a new file. */
export function newFile(name: string): string {
  files += 1;
  return join(scratch, `${files}-${name}`);
}

/** Runs the binary with these arguments and a JSON report, which must be valid by its schema. */
export async function gate(...args: string[]): Promise<GatedRun> {
  const file = newFile('verdict.json');
  const outcome = await cmemstat('-q', '--report', 'text', '--report', `json:${file}`, ...args);
  if (!existsSync(file)) throw new Error(`no verdict: ${outcome.stderr}`);
  return { outcome, verdict: readVerdict(file) };
}

/** Reads a JSON report. */
export function readVerdict(file: string): Verdict {
  const verdict = JSON.parse(readFileSync(file, 'utf8')) as Verdict;
  expectSchema('verdict', verdict);
  return verdict;
}

/** Fails if a document is not valid by the schema of that name. */
export function expectSchema(name: string, document: unknown): void {
  const schemas = resolve(import.meta.dirname, '../../../schema');
  const read = (file: string) => JSON.parse(readFileSync(join(schemas, file), 'utf8'));
  const ajv = new Ajv2020({ strict: false });
  if (name !== 'comparison') ajv.addSchema(read('comparison.schema.json'), 'comparison.schema.json');
  const validate = ajv.compile(read(`${name}.schema.json`));
  expect({ valid: validate(document), errors: validate.errors }).toEqual({ valid: true, errors: null });
}

/** The only budget of a verdict. */
export function onlyBudget({ budgets }: Verdict): BudgetResult {
  const [first] = budgets;
  if (first === undefined || budgets.length !== 1) throw new Error(`${budgets.length} budgets`);
  return first;
}

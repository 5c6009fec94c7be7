import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BudgetFile, FileRuns } from '#src/budget/budget-file.ts';
import type { Baseline } from '#src/budget/comparison/baseline.ts';
import type { NamedBudget } from '#src/budget/expression/budget.ts';
import type { ExplainRecord } from '#src/model/explain/explain-record.ts';
import type { Explanation } from '#src/model/explain/explanation.ts';
import type { ProcessesRecord } from '#src/model/recorded-processes.ts';
import type { EventRecord, MapsRecord, StartRecord, SummaryRecord } from '#src/model/recording.ts';
import type { Sample } from '#src/model/sample.ts';
import type { Verdict } from '#src/model/verdict.ts';
import type { BaselineJson } from '#src/recording/validation/baseline-validator.ts';
import type { BudgetFileJson } from '#src/recording/validation/budget-file-validator.ts';
import type { ExplanationJson } from '#src/recording/validation/explain-validator.ts';
import type {
  EventJson,
  ExplainJson,
  MapsJson,
  ProcessesJson,
  SampleJson,
  StartJson,
  SummaryJson,
} from '#src/recording/validation/record-validators.ts';
import type { VerdictJson } from '#src/recording/validation/verdict-validator.ts';
import { PROJECT } from '../../paths.ts';

/** A type in JSON: read-only and fixed-length lists make no difference. */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Plain<T[Key]> }
    : T;

type IsSame<A, B> =
  (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;

/** tsc fails if a type and its schema differ in keys, optional ones included, or types. */
const SAME: [
  IsSame<StartRecord, StartJson>,
  IsSame<Sample, SampleJson>,
  IsSame<EventRecord, EventJson>,
  IsSame<MapsRecord, MapsJson>,
  IsSame<ProcessesRecord, ProcessesJson>,
  IsSame<ExplainRecord, ExplainJson>,
  IsSame<SummaryRecord, SummaryJson>,
  IsSame<Explanation & { version: 1; cmemstat: string }, ExplanationJson>,
  IsSame<Verdict, VerdictJson>,
  IsSame<Baseline, BaselineJson>,
  // What else a budget file contains is parsed: only its keys are the same.
  IsSame<FileRuns, NonNullable<BudgetFileJson['runs']>>,
  IsSame<keyof NamedBudget, keyof BudgetFileJson['budgets'][number]>,
  IsSame<keyof BudgetFile | '$schema' | 'version', keyof BudgetFileJson>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true];

describe('the validators', () => {
  it('match the schemas', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(PROJECT, 'build/generate-validators.mjs'), '--check'],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.each(['record-validators', 'verdict-validator', 'baseline-validator', 'budget-file-validator'])(
    'check a shape in one place: %s',
    (name) => {
      const text = readFileSync(join(PROJECT, `src/recording/validation/${name}.ts`), 'utf8');
      const bodies = [...text.matchAll(/^function \w+(.*?)^}/gms)].map(([, body]) => body);
      expect(bodies.length).toBeGreaterThan(3);
      expect(bodies.filter((body, at) => bodies.indexOf(body) !== at)).toEqual([]);
    },
  );

  it('have one shape for an explanation, in a document and in a recording', () => {
    const read = (name: string) => JSON.parse(readFileSync(join(PROJECT, 'schema', name), 'utf8'));
    const [document, recording] = [read('explain.schema.json'), read('recording.schema.json')];
    const { version: _version, cmemstat: _cmemstat, ...properties } = document.properties;
    expect(recording.$defs.explain.properties).toMatchObject(properties);
    for (const name of Object.keys(document.$defs)) {
      expect({ name, shape: recording.$defs[name] }).toEqual({ name, shape: document.$defs[name] });
    }
  });

  it('have the types of the model: tsc checks that', () => {
    expect(SAME).not.toContain(false);
    const withoutKey: IsSame<{ a: 1; b?: 2 }, { a: 1 }> = false;
    const withOtherWords: IsSame<{ a: 'x' | 'y' }, { a: 'x' }> = false;
    const whetherOptional: IsSame<{ a?: 1 }, { a: 1 }> = false;
    expect([withoutKey, withOtherWords, whetherOptional]).toEqual([false, false, false]);
  });
});

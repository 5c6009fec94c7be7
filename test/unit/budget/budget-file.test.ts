import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBudgetFile } from '#src/budget/budget-file.ts';
import { lineOfPath } from '#src/budget/json-line.ts';
import { InputError } from '#src/errors.ts';

const ROOT = join(import.meta.dirname, '../../..');
const validate = new Ajv2020({ strict: true }).compile(
  JSON.parse(readFileSync(join(ROOT, 'schema/budget.schema.json'), 'utf8')) as object,
);

const heap = { name: 'heap', budget: 'anon <= 32MiB' };

describe('parseBudgetFile', () => {
  it('reads every key of a file', () => {
    const settings = {
      runs: {
        count: 5,
        warmup: 1,
        evaluate: 'worst',
        prepare: 'make',
        cleanup: 'make clean',
        warm: true,
        dropCaches: false,
      },
      baseline: 'base.json',
      maxRegression: '5%',
    };
    const text = JSON.stringify({
      $schema: './budget.schema.json',
      version: 2,
      ...settings,
      sampling: { interval: '100ms', bpfInterval: '0', processInterval: '5s', strict: true },
      budgets: [
        heap,
        { name: 'b', description: 'd', owner: 'o', budget: 'kernel<=baseline+5%', optional: true },
      ],
    });
    expect(parseBudgetFile(text, 'budget.json')).toEqual({
      ...settings,
      sampling: { intervalMs: 100, bpfIntervalMs: 0, processIntervalMs: 5000, strict: true },
      budgets: [
        {
          name: 'heap',
          optional: false,
          budget: expect.objectContaining({ metric: 'anon', expression: 'anon <= 32MiB' }),
        },
        {
          name: 'b',
          description: 'd',
          owner: 'o',
          optional: true,
          budget: expect.objectContaining({ metric: 'kernel' }),
        },
      ],
    });
  });

  it('rejects an interval that is too short', () => {
    const text = JSON.stringify({ version: 2, sampling: { bpfInterval: '1ms' }, budgets: [] });
    expect(() => parseBudgetFile(text, 'b.json')).toThrow('sampling.bpfInterval: must be at least 10ms');
  });

  it('reads the example', () => {
    const text = readFileSync(join(ROOT, 'examples/budget.json'), 'utf8');
    expect(validate(JSON.parse(text))).toBe(true);
    expect(parseBudgetFile(text, 'examples/budget.json').budgets.length).toBeGreaterThan(3);
  });

  it.each<[string, unknown, string]>([
    ['no object', [], 'b.json: the document: expected an object, found an empty list'],
    ['no version', { budgets: [] }, 'version is missing; this cmemstat reads versions 1 and 2'],
    ['another version', { version: 3, budgets: [] }, 'version is 3; this cmemstat reads versions 1 and 2'],
    ['no budgets', { version: 2 }, 'budgets is missing: expected a list'],
    [
      'budgets that are not an array',
      { version: 2, budgets: {} },
      'budgets: expected a list, found an object',
    ],
    [
      'an unknown key',
      { version: 2, budgets: [], budget: [] },
      'budget is not a key here; did you mean "budgets"?',
    ],
    [
      'a budget that is a text',
      { version: 2, budgets: ['anon<=1'] },
      'budgets[0]: expected an object, found "anon<=1"',
    ],
    [
      'an unknown key of a budget',
      { version: 2, budgets: [{ ...heap, ownr: 'me' }] },
      'budgets[0].ownr is not a key here; did you mean "owner"?',
    ],
    [
      'no name',
      { version: 2, budgets: [{ budget: 'anon<=1' }] },
      'budgets[0].name is missing: expected a string that is not blank',
    ],
    [
      'a blank name',
      { version: 2, budgets: [{ ...heap, name: ' ' }] },
      'budgets[0].name: expected a string that is not blank, found " "',
    ],
    [
      'no expression',
      { version: 2, budgets: [{ name: 'x' }] },
      'budgets[0].budget is missing: expected a budget such as "anon <= 32MiB"',
    ],
    [
      'an expression without an operator',
      { version: 2, budgets: [{ name: 'x', budget: 'anon 3' }] },
      'budgets[0].budget: no operator; the shell interprets unquoted < and >',
    ],
    [
      'optional as a text',
      { version: 2, budgets: [{ ...heap, optional: 'yes' }] },
      'budgets[0].optional: expected true or false, found "yes"',
    ],
    [
      'no runs',
      { version: 2, runs: { count: 0 }, budgets: [] },
      'runs.count: expected a whole number from 1 to 1000, found 0',
    ],
    [
      'half a run',
      { version: 2, runs: { warmup: 1.5 }, budgets: [] },
      'runs.warmup: expected a whole number from 0 to 1000, found 1.5',
    ],
    [
      'an unknown value to evaluate',
      { version: 2, runs: { evaluate: 'best' }, budgets: [] },
      'runs.evaluate: expected "median" or "worst", found "best"',
    ],
    [
      'an interval that is not a duration',
      { version: 2, sampling: { interval: 'often' }, budgets: [] },
      'sampling.interval: expected a duration such as "500ms", found "often"',
    ],
    [
      'an interval that is a number',
      { version: 2, sampling: { interval: 100 }, budgets: [] },
      'sampling.interval: expected a duration such as "500ms", found 100',
    ],
    [
      'an unknown option of sampling',
      { version: 2, sampling: { intervall: '1s' }, budgets: [] },
      'sampling.intervall is not a key here; did you mean "interval"?',
    ],
    ['an unknown setting', { version: 2, runs: { runs: 3 }, budgets: [] }, 'runs.runs is not a key here'],
    [
      'warm and cold',
      { version: 2, runs: { warm: true, dropCaches: true }, budgets: [] },
      'runs.dropCaches: expected false beside "warm": true, found true',
    ],
    [
      'an empty command',
      { version: 2, runs: { prepare: '' }, budgets: [] },
      'runs.prepare: expected a string that is not blank, found ""',
    ],
    [
      'a baseline that is not text',
      { version: 2, baseline: 3, budgets: [] },
      'baseline: expected a string that is not blank, found 3',
    ],
    [
      'a budget that is a number',
      { version: 2, budgets: [{ name: 'x', budget: 7 }] },
      'budgets[0].budget: expected a budget such as "anon <= 32MiB", found 7',
    ],
    [
      'more runs than can be',
      { version: 2, runs: { count: 1001 }, budgets: [] },
      'runs.count: expected a whole number from 1 to 1000, found 1001',
    ],
    [
      'null',
      { version: 2, baseline: null, budgets: [] },
      'baseline: expected a string that is not blank, found null',
    ],
  ])('rejects %s, and so does the schema', (_, document, message) => {
    expect(validate(document)).toBe(false);
    expect(errorOf(JSON.stringify(document)).message).toContain(message);
  });

  it.each<[string, unknown]>([
    ['the least', { version: 2, budgets: [] }],
    ['operators as words', { version: 2, budgets: [{ name: 'x', budget: 'anon le 3' }] }],
    ['operators without blanks', { version: 2, budgets: [{ name: 'x', budget: 'anon<3' }] }],
    ['warm alone', { version: 2, runs: { warm: true, dropCaches: false }, budgets: [] }],
  ])('accepts %s, and so does the schema', (_, document) => {
    expect(validate(document)).toBe(true);
    expect(() => parseBudgetFile(JSON.stringify(document), 'b.json')).not.toThrow();
  });

  it('rejects what a schema cannot express: unknown metrics, duplicate names', () => {
    const document = (budgets: unknown[]) => JSON.stringify({ version: 2, budgets });
    const error = errorOf(document([heap, { name: 'x', budget: 'anno <= 3' }]));
    expect(error.message).toBe('b.json:1: budgets[1].budget: no metric `anno`; did you mean `anon`?');
    expect(error.detail).toBe('  anno <= 3\n  ^~~~');
    expect(errorOf(document([heap, heap])).message).toBe(
      'b.json:1: budgets[1].name is the name of budgets[0] too',
    );
  });

  it('reports the line', () => {
    const text =
      '{\n  "version": 2,\n  "budgets": [\n    { "name": "a", "budget": "anon<=1" },\n    {\n      "name": "b",\n      "budget": "anon"\n    }\n  ]\n}\n';
    expect(errorOf(text).message).toMatch(/^b\.json:7: budgets\[1\]\.budget: no operator/);
    expect(errorOf(text.replace('"anon"', '"anon<=1",\n "x": 1')).message).toMatch(
      /^b\.json:8: budgets\[1\]\.x/,
    );
    expect(errorOf(text.replace(',\n      "budget": "anon"', '')).message).toMatch(
      /^b\.json:5: budgets\[1\]\.budget is missing/,
    );
  });

  it.each([
    ['{\n "version": 2,\n}', 3],
    ['{\n', 2],
    ['', 1],
  ])('reports where %j is not JSON', (text, line) => {
    expect(errorOf(text).message).toMatch(new RegExp(`^b\\.json:${line}: not JSON`));
  });

  it('reports no line if Node.js does not report it', () => {
    const text = `{\n "version": 2,\n "budgets": x,\n "more": "${'x'.repeat(40)}"\n}\n`;
    const { message } = errorOf(text);
    expect(message).toMatch(/^b\.json(:3)?: not JSON: /);
    expect(message).not.toContain('\n');
  });

  it('accepts a file that begins with a byte order mark', () => {
    expect(
      parseBudgetFile(`\uFEFF${JSON.stringify({ version: 2, budgets: [heap] })}`, 'b').budgets,
    ).toHaveLength(1);
  });

  it('reads version 1, in which evaluate was called judge', () => {
    const document = (runs: unknown) => JSON.stringify({ version: 1, runs, budgets: [] });
    expect(parseBudgetFile(document({ judge: 'worst' }), 'b.json').runs).toEqual({ evaluate: 'worst' });
    expect(errorOf(document({ judge: 'best' })).message).toBe(
      'b.json:1: runs.judge: expected "median" or "worst", found "best"',
    );
    const later = errorOf(document({ evaluate: 'worst' }));
    expect(later.message).toMatch(/^b\.json:1: runs\.evaluate is not a key here/);
    expect(later.hint).toBe('one of count, warmup, judge, prepare, cleanup, warm, dropCaches');
    expect(errorOf(document([])).message).toBe('b.json:1: runs: expected an object, found an empty list');
    expect(errorOf(JSON.stringify({ version: 2, runs: { judge: 'worst' }, budgets: [] })).message).toMatch(
      /runs\.judge is not a key here/,
    );
  });

  const deep = (inner = '1') => `${'['.repeat(100_000)}${inner}${']'.repeat(100_000)}`;

  it.each<[string, string, string]>([
    ['a key of every object', '{"version":2,"budgets":[],"__proto__":{}}', '__proto__ is not a key here'],
    [
      'such a key of a part',
      '{"version":2,"runs":{"constructor":1},"budgets":[]}',
      'runs.constructor is not',
    ],
    [
      'an infinite number',
      '{"version":2,"runs":{"count":1e400},"budgets":[]}',
      'expected a whole number from 1 to 1000, found Infinity',
    ],
    ['a deep version', `{"version":${deep()},"budgets":[]}`, 'version is a list; this cmemstat reads'],
    ['a deep list', deep(), 'the document: expected an object, found a list'],
    ['a deep type', `{"type":${deep()},"version":2,"budgets":[]}`, 'type is not a key here'],
    ['a type that has no text', '{"type":{"toString":1},"version":2,"budgets":[]}', 'type is not a key here'],
    ['a deep budget', `{"version":2,"budgets":[${deep()}]}`, 'budgets[0]: expected an object, found a list'],
    [
      'a long key',
      `{"version":2,"budgets":[],"${'x'.repeat(1_000_000)}":1}`,
      `b.json:1: ${'x'.repeat(37)}... is not a key here`,
    ],
    [
      'a long duration',
      `{"version":2,"sampling":{"interval":"1${' '.repeat(1_000_000)}x"},"budgets":[]}`,
      `expected a duration such as "500ms", found "1${' '.repeat(35)}...`,
    ],
  ])('stays bounded at %s', (_, text, message) => {
    const error = errorOf(text);
    expect(error.message).toContain(message);
    expect(error.message.length).toBeLessThan(200);
  });

  it('reads a file of many budgets', () => {
    const budgets = Array.from({ length: 5000 }, (_, at) => ({ name: `b${at}`, budget: 'anon<=1' }));
    const text = JSON.stringify({ version: 2, budgets });
    expect(parseBudgetFile(text, 'b.json').budgets).toHaveLength(5000);
  });

  it('never throws anything but an InputError', () => {
    const documents = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((budgets) => JSON.stringify({ version: 2, budgets: [budgets] })),
    );
    fc.assert(
      fc.property(documents, (text) => {
        try {
          parseBudgetFile(text, 'b.json');
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
    );
  });
});

describe('lineOfPath', () => {
  it('finds every value in any document', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const text = JSON.stringify(value, null, 1);
        const lines = text.split('\n');
        for (const { path, leaf } of leavesOf(value)) {
          const line = lines[(lineOfPath(text, path) ?? 0) - 1] ?? '';
          expect(line).toContain(JSON.stringify(leaf));
        }
      }),
    );
  });
});

/** All scalar values of a document. */
function* leavesOf(
  value: unknown,
  path: (string | number)[] = [],
): Generator<{ path: (string | number)[]; leaf: unknown }> {
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) yield* leavesOf(each, [...path, index]);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) yield* leavesOf(each, [...path, key]);
  } else if (path.length > 0) yield { path, leaf: value };
}

function errorOf(text: string): InputError {
  try {
    parseBudgetFile(text, 'b.json');
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('the file was taken');
}

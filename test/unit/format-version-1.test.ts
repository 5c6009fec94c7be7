import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { gateRecordings } from '#src/app/gate/gate-recordings.ts';
import type { GatePlan } from '#src/app/gate/plan.ts';
import { parseBudgetFile } from '#src/budget/budget-file.ts';
import { compareRuns } from '#src/budget/comparison/compare.ts';
import { readSide } from '#src/budget/comparison/inputs.ts';
import { parseMaxRegression } from '#src/budget/comparison/max-regression.ts';
import { parseBudget } from '#src/budget/expression/parse-budget.ts';
import type { Verdict } from '#src/model/verdict.ts';
import { parseRecordLine } from '#src/recording/parse-line.ts';
import { parseVerdict } from '#src/recording/parse-verdict.ts';
import { openPlayer } from '#src/recording/recording-player.ts';
import { renderReport } from '#src/report/render-report.ts';
import { VERDICT_FORMATS } from '#src/report/report-formats.ts';
import { ViewBuilder } from '#src/view/state/view-builder.ts';
import { fixture, PROJECT } from '../paths.ts';
import { makeTree } from './temporary-tree.ts';

const DIRECTORY = fixture('recordings/v1');
const RECORDINGS = readdirSync(DIRECTORY).filter((name) => name.endsWith('.jsonl'));
const VERDICTS = readdirSync(DIRECTORY).filter((name) => name.endsWith('.verdict.json'));

const read = (name: string) => readFileSync(join(DIRECTORY, name), 'utf8');

/**
 * The text of a recording or a summary in the current version: rewritten as text, independent of the code
 * under test.
 */
const rewritten = (text: string) =>
  text
    .replaceAll('"version":1,', '"version":2,')
    .replace(/"event":"budget","message":"(.*?) is broken"/g, '"event":"budget_exceeded","message":"$1"');

/** The same files in the current version. */
const current = makeTree(Object.fromEntries(RECORDINGS.map((name) => [name, rewritten(read(name))])));

function schemaOf(name: string) {
  const schema = (file: string) => JSON.parse(readFileSync(join(PROJECT, 'schema', file), 'utf8'));
  const ajv = new Ajv2020({ strict: true, strictTypes: false });
  if (name === 'verdict') ajv.addSchema(schema('comparison.schema.json'));
  return ajv.compile(schema(`${name}.schema.json`));
}

const planOf = (more: Partial<GatePlan>): GatePlan => ({
  budgets: parseBudgetFile(read('budgets.json'), 'budgets.json').budgets,
  evaluatedOn: 'worst',
  sampling: {},
  strictSampling: false,
  rules: {
    budgetExitCode: 3,
    budgetFirst: false,
    timeoutOk: false,
    failOnLeftover: false,
    strictHost: false,
  },
  reports: [],
  baseline: undefined,
  regression: undefined,
  ...more,
});

/** The plan of each verdict, and its recordings. */
const EVALUATED: Readonly<Record<string, [plan: GatePlan, recordings: string[]]>> = {
  'exceeded.verdict.json': [planOf({}), ['exceeded.jsonl']],
  'stopped.verdict.json': [planOf({}), ['stopped.jsonl']],
  'maps.verdict.json': [planOf({}), ['maps.jsonl']],
  'series.verdict.json': [planOf({}), ['series.1.jsonl', 'series.2.jsonl', 'series.3.jsonl']],
  'compared.verdict.json': [
    planOf({
      budgets: [{ budget: parseBudget('anon<=baseline+5%'), optional: false }],
      evaluatedOn: 'median',
      baseline: join(DIRECTORY, 'baseline.json'),
      regression: parseMaxRegression('anon=5%,kernel=500%'),
    }),
    ['more.1.jsonl', 'more.2.jsonl', 'more.3.jsonl'],
  ],
};

/**
 * The parts that both versions have, and that depend neither on the directory of the files, nor on the
 * wording of warnings, nor on the moment that explains an exceeded limit: version 1 showed the first, this
 * version shows the maximum.
 */
function comparable(verdict: Verdict | undefined): unknown {
  const { warnings, budgets, runs, ...others } = verdict ?? ({ warnings: [] } as Partial<Verdict>);
  const { times: _times, ...counted } = runs ?? {};
  const rest = {
    ...others,
    runs: counted,
    budgets: budgets?.map(({ exceeded, ...budget }) => ({
      ...budget,
      exceeded: exceeded && { elapsedMs: exceeded.elapsedMs, run: exceeded.run },
    })),
  };
  return { ...JSON.parse(JSON.stringify(rest).replaceAll(`${DIRECTORY}/`, '')), warnings: warnings?.length };
}

describe('recordings of version 1', () => {
  it.each(RECORDINGS)('%s has the records of the current version, and none is damaged', (name) => {
    const validate = schemaOf('recording');
    const lines = read(name).trimEnd().split('\n');
    const ofCurrent = rewritten(read(name)).trimEnd().split('\n');
    expect(ofCurrent).not.toEqual(lines);
    for (const [at, line] of lines.entries()) {
      const parsed = parseRecordLine(line);
      expect(parsed).toEqual({ record: JSON.parse(ofCurrent[at] ?? '') });
      validate('record' in parsed ? parsed.record : undefined);
      expect(validate.errors ?? []).toEqual([]);
    }
  });

  it.each(RECORDINGS)('%s is replayed as in the current version', async (name) => {
    const players = [join(DIRECTORY, name), join(current, name)].map((path) =>
      openPlayer(path, () => new ViewBuilder()),
    );
    const [old, now] = await Promise.all(players);
    if (old === undefined || now === undefined) throw new Error('no player');
    expect(old.counts).toEqual({ lines: now.counts.lines, damaged: 0, unknown: 0 });
    expect(old.eventCount).toBe(now.eventCount);
    for (const ms of [0, old.peakMs ?? 0, old.endMs]) expect(old.seek(ms).data).toEqual(now.seek(ms).data);
    for (const player of [old, now]) player.close();
  });

  it.each(RECORDINGS)('%s is compared as in the current version', async (name) => {
    const baseline = await readSide(join(DIRECTORY, 'baseline.json'));
    const [old, now] = [await readSide(join(DIRECTORY, name)), await readSide(join(current, name))];
    const rule = parseMaxRegression('5%');
    expect(compareRuns(baseline, { ...old, name }, rule)).toEqual(
      compareRuns(baseline, { ...now, name }, rule),
    );
  });

  it('a separate summary is compared like the one in its recording', async () => {
    const [alone, recorded] = [
      await readSide(join(DIRECTORY, 'exceeded.summary.json')),
      await readSide(join(DIRECTORY, 'exceeded.jsonl')),
    ];
    expect(alone.runs[0]?.metrics).toEqual(recorded.runs[0]?.metrics);
  });
});

describe('verdicts of version 1', () => {
  it.each(VERDICTS)('%s matches the verdict of this version on the recordings', async (name) => {
    const [plan, recordings] = EVALUATED[name] ?? [planOf({}), []];
    const files = recordings.map((each) => join(DIRECTORY, each));
    const verdict = await gateRecordings(files, plan);
    expect(comparable(parseVerdict(read(name), name))).toEqual(comparable(verdict));
  });

  it.each(VERDICTS)('%s is reported in the words of the current version', (name) => {
    const verdict = parseVerdict(read(name), name);
    if (verdict === undefined) throw new Error('no verdict');
    const validate = schemaOf('verdict');
    validate(JSON.parse(JSON.stringify(verdict)));
    expect(validate.errors ?? []).toEqual([]);
    const described = { ...verdict, warnings: [] };
    for (const format of VERDICT_FORMATS) {
      expect(renderReport(format, described)).not.toMatch(/\b(held|broken|breach|judge\w*)\b/i);
    }
  });

  it('the upgrade covers every result of a budget and of a metric', () => {
    const all = VERDICTS.map((name) => parseVerdict(read(name), name));
    const statuses = new Set(all.flatMap((verdict) => verdict?.budgets.map(({ status }) => status)));
    expect([...statuses].toSorted()).toEqual(['failed', 'not-measured-optional', 'passed']);
    const metrics = new Set(
      all.flatMap((verdict) => verdict?.comparison?.metrics.map(({ verdict: each }) => each)),
    );
    expect(metrics).toContain('regressed');
    expect(metrics).toContain('passed');
    expect(metrics).toContain('not-evaluated');
  });
});

describe('a budget file of version 1', () => {
  it('reads the same as in the current version', () => {
    const text = read('budgets.json');
    const ofCurrent = text.replace('"version": 1', '"version": 2').replace('"judge"', '"evaluate"');
    expect(ofCurrent).not.toBe(text);
    expect(parseBudgetFile(text, 'b.json')).toEqual(parseBudgetFile(ofCurrent, 'b.json'));
    expect(parseBudgetFile(text, 'b.json').runs.evaluate).toBe('worst');
  });

  it('uses its own key name in errors', () => {
    const text = read('budgets.json').replace('"worst"', '"best"');
    expect(() => parseBudgetFile(text, 'b.json')).toThrow(
      'b.json:4: runs.judge: expected "median" or "worst", found "best"',
    );
  });
});

describe('files of a newer version', () => {
  const newer = (text: string) =>
    text.replace(/"version": ?\d+/g, '"version":9').replaceAll('0.1.0', '9.0.0');
  const message = (name: string, known: number) =>
    `${name}: written by a newer cmemstat (9.0.0, format version 9); this one reads up to version ${known}`;

  it('recordings and summaries are rejected', async () => {
    const names = ['exceeded.jsonl', 'exceeded.summary.json'];
    const tree = makeTree(Object.fromEntries(names.map((name) => [name, newer(read(name))])));
    for (const name of names) {
      await expect(readSide(join(tree, name))).rejects.toThrow(message(join(tree, name), 2));
    }
    const recording = join(tree, 'exceeded.jsonl');
    await expect(gateRecordings([recording], planOf({}))).rejects.toThrow(message(recording, 2));
  });

  it('baselines are rejected', async () => {
    const path = join(makeTree({ 'baseline.json': newer(read('baseline.json')) }), 'baseline.json');
    await expect(readSide(path)).rejects.toThrow(message(path, 1));
  });

  it.each(VERDICTS)('%s is rejected', (name) => {
    expect(() => parseVerdict(newer(read(name)), basename(name))).toThrow(message(name, 2));
  });

  it('budget files are rejected', () => {
    expect(() => parseBudgetFile(newer(read('budgets.json')), 'b.json')).toThrow(
      'b.json:3: version is 9; this cmemstat reads versions 1 and 2',
    );
  });
});

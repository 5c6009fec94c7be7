import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import {
  type Baseline,
  explainedOf,
  formatBaseline,
  makeBaseline,
  medianRun,
  runsOfBaseline,
  valuesOfBaseline,
} from '#src/budget/comparison/baseline.ts';
import { parseBaseline } from '#src/budget/comparison/parse-baseline.ts';
import type { RunFigures, RunNames } from '#src/budget/comparison/run-figures.ts';
import { InputError } from '#src/errors.ts';
import { golden } from '../../../paths.ts';
import { required } from '../../../required.ts';
import { HOST, MIB, run } from '../runs.ts';

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(
  JSON.parse(readFileSync(new URL('../../../../schema/baseline.schema.json', import.meta.url), 'utf8')),
);

const runOf = (anon: number, more: Partial<RunFigures> = {}): RunFigures =>
  run(
    { current: anon + MIB, anon, 'anon.avg': anon / 2, peak: anon + 2 * MIB, pgfault: 500, oom_kill: 0 },
    {
      breakdown: { elapsedMs: 10, lines: [{ id: 'anon', bytes: anon }] },
      maps: { conns: anon / 8, stats: 4096 },
      ...more,
    },
  );
const RUNS = [runOf(16 * MIB), runOf(48 * MIB, { maps: { conns: MIB } }), runOf(32 * MIB, { status: 1 })];
const make = (runs: RunFigures[] = RUNS): Baseline => {
  const baseline = makeBaseline(runs);
  if (baseline === undefined) throw new Error('no runs');
  return baseline;
};

describe('makeBaseline', () => {
  it('stores every run, and the medians', () => {
    const baseline = make();
    expect(baseline).toMatchObject({ version: 1, command: ['make', '-j2'], mode: 'cgroup2', host: HOST });
    expect(baseline.medians.metrics).toMatchObject({ anon: 32 * MIB, 'anon.avg': 16 * MIB });
    // A map that a run lacks counts as 0.
    expect(baseline.medians.maps).toEqual({ conns: 2 * MIB, stats: 4096 });
    expect(baseline.runs.map(({ metrics }) => metrics)).toEqual(RUNS.map(({ metrics }) => metrics));
    expect(baseline.breakdown).toEqual([{ id: 'anon', bytes: 32 * MIB }]);
  });

  it('omits host, maps and breakdown if no run has them', () => {
    const { host: _host, ...bare } = run({ anon: 1 });
    const baseline = make([bare]);
    for (const key of ['host', 'breakdown']) expect(baseline).not.toHaveProperty(key);
    expect(baseline.medians).toEqual({ metrics: { anon: 1 } });
  });

  it('of no runs is undefined', () => {
    expect(makeBaseline([])).toBeUndefined();
    expect(medianRun([])).toBeUndefined();
  });

  it('has the breakdown of the smaller of the two middle runs', () => {
    expect(medianRun([...RUNS, runOf(40 * MIB)])?.metrics.anon).toBe(32 * MIB);
  });
});

describe('the names of a baseline', () => {
  const names = (count: number, group = 'file'): RunNames => ({
    moment: 'peak',
    elapsedMs: 12.5,
    method: 'pages',
    bytes: 5000,
    names: Array.from({ length: count }, (_, at) => ({
      group,
      kind: 'file',
      name: `/tmp/\u001b[31m${at}\n`,
      bytes: 1000 - at,
    })),
  });

  it('are the 50 largest of the median run that was explained', () => {
    const runs = [
      runOf(MIB),
      runOf(2 * MIB, { explained: [names(70)] }),
      runOf(3 * MIB, { explained: [names(1)] }),
    ];
    const { explained = [] } = make(runs);
    expect(explained.map((each) => each.names.length)).toEqual([50]);
    expect(explained[0]?.unlisted).toEqual({ file: 950 });
    expect(make(RUNS)).not.toHaveProperty('explained');
  });

  it('are written one per line, by the schema, and are read back', () => {
    const baseline = make([runOf(MIB, { explained: [names(3), { ...names(0), moment: 'end' }] })]);
    const text = formatBaseline(baseline);
    expect(text.split('\n').filter((line) => line.includes('"/tmp/'))).toHaveLength(3);
    validate(JSON.parse(text));
    expect(validate.errors).toBeNull();
    const read = parseBaseline(JSON.parse(text), 'base.json');
    expect(read).toEqual(baseline);
    expect(explainedOf(runsOfBaseline(read))).toEqual(baseline.explained);
  });

  it('may be of kinds that a later version adds, but have a size', () => {
    const baseline = JSON.parse(formatBaseline(make([runOf(MIB, { explained: [names(1)] })])));
    baseline.explained[0].names[0].kind = 'quantum';
    expect(() => parseBaseline(baseline, 'base.json')).not.toThrow();
    baseline.explained[0].names[0].bytes = -1;
    expect(() => parseBaseline(baseline, 'base.json')).toThrow(/explained/);
  });
});

describe('formatBaseline', () => {
  it('is reviewable: one median and one run per line', async () => {
    await expect(formatBaseline(make())).toMatchFileSnapshot(golden('comparison/baseline.json'));
  });

  it('does not depend on the order in which metrics came', () => {
    const turned = RUNS.map((each) => ({
      ...each,
      metrics: Object.fromEntries(Object.entries(each.metrics).reverse()),
    }));
    expect(formatBaseline(make(turned))).toBe(formatBaseline(make()));
  });

  it('can be read back', () => {
    const baseline = make();
    expect(parseBaseline(JSON.parse(formatBaseline(baseline)), 'base.json')).toEqual(baseline);
    const bare = make([run({}, { command: ['\u001b[31m', '\n', '__proto__'] })]);
    expect(parseBaseline(JSON.parse(formatBaseline(bare)), 'base.json')).toEqual(bare);
  });

  it('is valid by the schema', () => {
    validate(JSON.parse(formatBaseline(make())));
    expect(validate.errors).toBeNull();
    validate({ ...make(), runs: [] });
    expect(validate.errors).not.toBeNull();
  });
});

it('runsOfBaseline returns the runs as they are compared', () => {
  expect(runsOfBaseline(make())).toEqual(RUNS.map(({ breakdown: _breakdown, ...rest }) => rest));
});

describe('valuesOfBaseline', () => {
  const values = valuesOfBaseline(make());

  it.each([
    ['anon', 'max', 32 * MIB],
    ['stat.anon', 'max', 32 * MIB],
    ['anon', 'avg', 16 * MIB],
    ['peak', 'max', 34 * MIB],
    ['pgfault', 'final', 500],
    ['oom_kill', 'max', 0],
    ['bpf.map:conns', 'max', 2 * MIB],
    ['bpf.map:*s', 'max', 2 * MIB + 4096],
    ['bpf.map:other', 'max', 0],
    ['anon', 'final', undefined],
    ['anon', 'p95', undefined],
    ['anon', 'growth', undefined],
    ['pgfault', 'growth', undefined],
    ['bpf.map:conns', 'avg', undefined],
    ['sock', 'max', undefined],
    ['constructor', 'max', undefined],
  ] as const)('of %s.%s is %s', (metric, aggregate, value) => {
    expect(values.valueOf(metric, aggregate)).toBe(value);
  });

  it('has the lines of the breakdown', () => {
    const breakdownOf = required(values.breakdownOf);
    expect(breakdownOf('anon')).toBe(32 * MIB);
    expect(breakdownOf('file')).toBeUndefined();
  });

  it('has no maps if none were measured', () => {
    expect(valuesOfBaseline(make([run({})])).valueOf('bpf.map:*', 'max')).toBeUndefined();
  });
});

describe('parseBaseline', () => {
  const good = JSON.parse(formatBaseline(make()));
  const edited = (change: (document: Record<string, never>) => void) => {
    const document = structuredClone(good);
    change(document);
    return document;
  };
  const first = (document: Record<string, unknown>) => (document.runs as Record<string, never>[])[0] ?? {};

  it.each([
    ['a list', [], 'base.json: the document: expected an object, found an empty list'],
    ['nothing', null, 'base.json: the document: expected an object, found null'],
    ['a summary', { type: 'summary' }, 'base.json: not a cmemstat baseline'],
    ['another version', { ...good, version: 'x' }, 'base.json: version: expected 1, found "x"'],
    ['no command', { ...good, command: 'make' }, 'base.json: command: expected a list, found "make"'],
    ['a word that is none', { ...good, command: [1] }, 'base.json: command[0]: expected a string, found 1'],
    [
      'no such mode',
      { ...good, mode: 7 },
      'base.json: mode: expected "cgroup2" or "cgroup1" or "process-tree", found 7',
    ],
    [
      'half a host',
      { ...good, host: { kernel: '6', arch: 'x' } },
      'base.json: host.cpus is missing: expected a whole number from 1',
    ],
    ['no runs', { ...good, runs: [] }, 'base.json: runs: expected a list of at least 1, found an empty list'],
    [
      'a breakdown without bytes',
      { ...good, breakdown: [{ id: 'anon' }] },
      'base.json: breakdown[0].bytes is missing: expected a whole number',
    ],
    [
      'a run without figures',
      edited((document) => delete first(document).metrics),
      'base.json: runs[0].metrics is missing: expected an object',
    ],
    [
      'a figure that is none',
      edited((document) =>
        Object.assign(first(document).metrics ?? {}, {
          anon: '12 and a text that is far too long to be shown',
        }),
      ),
      'base.json: runs[0].metrics.anon: expected a number, found "12 and a text that is far too long t...',
    ],
    [
      'a map without a size',
      edited((document) => Object.assign(first(document).maps ?? {}, { conns: null })),
      'base.json: runs[0].maps.conns: expected a whole number from 0, found null',
    ],
    [
      'a host without a CPU',
      { ...good, host: { ...HOST, cpus: 0 } },
      'base.json: host.cpus: expected a whole number from 1, found 0',
    ],
    [
      'a status that is none',
      edited((document) => Object.assign(first(document), { status: 'ok' })),
      'base.json: runs[0].status: expected a whole number from 0, found "ok"',
    ],
    [
      'an infinite figure',
      edited((document) => Object.assign(first(document).metrics ?? {}, JSON.parse('{"anon":1e400}'))),
      'base.json: runs[0].metrics.anon: expected a number, found Infinity',
    ],
    [
      'a metric that every object has',
      { ...good, medians: JSON.parse('{"metrics":{"__proto__":null}}') },
      'base.json: medians.metrics.__proto__: expected a number, found null',
    ],
    [
      'a deep version',
      { ...good, version: JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) },
      'base.json: version: expected 1, found a list',
    ],
  ])('rejects %s, and so does the schema', (_, document, message) => {
    expect(validate(document)).toBe(false);
    expect(() => parseBaseline(document, 'base.json')).toThrow(InputError);
    expect(() => parseBaseline(document, 'base.json')).toThrow(expect.objectContaining({ message }));
  });

  it('rejects baselines of a newer cmemstat, with its version', () => {
    expect(() => parseBaseline({ ...good, version: 2, cmemstat: '9.0.0' }, 'base.json')).toThrow(
      'base.json: written by a newer cmemstat (9.0.0, format version 2); this one reads up to version 1',
    );
    expect(() => parseBaseline({ ...good, version: 2, cmemstat: { toString: 1 } }, 'base.json')).toThrow(
      'base.json: written by a newer cmemstat (format version 2); this one reads up to version 1',
    );
  });

  it('removes control characters of a file from messages', () => {
    const document = edited((each) => Object.assign(first(each).metrics ?? {}, { '\u001b[2J': 'x' }));
    expect(() => parseBaseline(document, 'a\u001bb')).toThrow(/^a\\x1bb: runs\[0\]\.metrics\.\\x1b\[2J: /);
  });

  it('accepts unknown keys', () => {
    expect(parseBaseline({ ...good, later: 1 }, 'base.json')).toMatchObject({ later: 1 });
  });
});

it('has no metric below zero, except for slopes and differences', () => {
  const withMetrics = (metrics: Record<string, number>) => ({
    type: 'baseline',
    version: 1,
    cmemstat: '0.1.0',
    time: '2026-01-01T00:00:00.000Z',
    command: ['true'],
    mode: 'cgroup2',
    host: { kernel: '6.12', arch: 'x64', cpus: 2, possibleCpus: 2, pageSizeBytes: 4096 },
    medians: { metrics, maps: {} },
    runs: [{ time: '2026-01-01T00:00:00.000Z', status: 0, metrics, maps: {} }],
  });
  const signed = { unexplained: -4096, 'anon.growth': -1, anon: 0 };
  expect(parseBaseline(withMetrics(signed), 'b').medians.metrics).toEqual(signed);
  expect(() => parseBaseline(withMetrics({ anon: -5 }), 'b')).toThrow(
    'b: anon: expected a number from 0, found -5',
  );
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatBaseline } from '#src/budget/comparison/baseline.ts';
import { readBaseline, readComparable, readSide } from '#src/budget/comparison/inputs.ts';
import { figuresOfSummary } from '#src/budget/comparison/run-figures.ts';
import { InputError } from '#src/errors.ts';
import { cgroup1, cgroup2, processTree } from '../../output/records.ts';
import { makeTree } from '../../temporary-tree.ts';
import { figuresOfRecords } from '../runs.ts';

const directory = makeTree();
const file = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const lines = (...records: object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const whole = ({ start, records, summary }: typeof cgroup1) => [start, ...records, summary];

describe('readSide', () => {
  it('reads a recording', async () => {
    const path = file('run.jsonl', lines(...whole(cgroup1)));
    const side = await readSide(path);
    expect(side.name).toBe(path);
    expect(side.runs).toEqual([figuresOfRecords(whole(cgroup1))]);
    expect(side.baseline.medians.metrics.peak).toBe(side.runs[0]?.metrics.peak);
  });

  it('reads several runs of one file', async () => {
    const path = file('runs.jsonl', lines(...whole(cgroup2), ...whole(cgroup2), ...whole(processTree)));
    expect((await readSide(path)).runs.map(({ mode }) => mode)).toEqual([
      'cgroup2',
      'cgroup2',
      'process-tree',
    ]);
  });

  it('reads a recording that ends inside a line, and one with a damaged line', async () => {
    const all = lines(...whole(cgroup1));
    const cut = await readSide(file('cut.jsonl', all.slice(0, all.indexOf('"summary"'))));
    expect(cut.runs).toHaveLength(1);
    expect(cut.runs[0]).not.toHaveProperty('status');
    const damaged = all.replace('"sample"', '"sam');
    expect((await readSide(file('damaged.jsonl', damaged))).runs[0]?.status).toBe(2);
  });

  it('rejects a damaged start record, whose host would be unknown', async () => {
    const damaged = lines(...whole(cgroup1)).replace(/"cpus":\d+/, '"cpus":1e400');
    await expect(readSide(file('cpus.jsonl', damaged))).rejects.toThrow(
      /cpus\.jsonl: not a cmemstat recording, summary or baseline \(start: host\.cpus: .* Infinity\)$/,
    );
  });

  it.each(['/dev/zero', '/proc/self/mem', '/', join(directory, 'x'.repeat(300))])(
    'reads a bounded part of what is something else: %s',
    async (path) => {
      await expect(readSide(path)).rejects.toThrow(InputError);
    },
  );

  it('reads summaries on one line or several', async () => {
    const expected = [figuresOfSummary(cgroup1.summary)];
    expect((await readSide(file('sum.json', lines(cgroup1.summary)))).runs).toEqual(expected);
    const pretty = JSON.stringify(cgroup1.summary, undefined, 2);
    expect((await readSide(file('pretty.json', `\n${pretty}\n`))).runs).toEqual(expected);
    const two = file('sums.jsonl', lines(cgroup1.summary, cgroup2.summary));
    expect((await readSide(two)).runs).toHaveLength(2);
  });

  it('reads a baseline on several lines or one', async () => {
    const { baseline, runs } = await readSide(file('r.jsonl', lines(...whole(cgroup2), ...whole(cgroup2))));
    const ofBaseline = runs.map(({ breakdown: _breakdown, times: _times, ...rest }) => rest);
    for (const text of [formatBaseline(baseline), JSON.stringify(baseline)]) {
      const side = await readSide(file('base.json', text));
      expect(side.runs).toEqual(ofBaseline);
      expect(side.baseline).toEqual(baseline);
    }
  });

  it.each([
    ['', /not a cmemstat recording, summary or baseline$/],
    ['hello\nworld\n', /not a cmemstat recording, summary or baseline$/],
    ['{"type":"verdict","version":1}', /\(a verdict contains only the values of its budgets\)$/],
    ['{"type":"comparison"}', /\(a comparison contains only differences\)$/],
    ['{"some":"thing"}', /not a cmemstat recording, summary or baseline$/],
    ['null', /not a cmemstat recording, summary or baseline$/],
    [lines(cgroup1.records[0] ?? {}), /\(neither a start record nor a summary\)$/],
    [lines({ ...cgroup1.start, version: 99 }), /written by a newer cmemstat/],
    ['{"type":"baseline","version":99,"cmemstat":"9"}', /written by a newer cmemstat/],
  ])('rejects %j', async (text, message) => {
    const reading = readSide(file('other', text));
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(message);
  });

  it('reports why a file cannot be read', async () => {
    await expect(readSide(join(directory, 'none'))).rejects.toThrow(/none: no such file or directory$/);
    await expect(readSide(directory)).rejects.toThrow(/: is a directory$/);
  });
});

it('readComparable accepts parsed documents', () => {
  expect(readComparable(cgroup1.summary, 'sum').runs).toEqual([figuresOfSummary(cgroup1.summary)]);
});

it.each([
  ['a deep document', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['a deep type', `{"type":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ['a type that has no text', '{"type":{"toString":1}}'],
  ['a type that every object has', '{"type":"constructor"}'],
])('readComparable rejects %s', (_, document) => {
  expect(() => readComparable(document, 'x')).toThrow(
    expect.objectContaining({ message: 'x: not a cmemstat recording, summary or baseline' }),
  );
});

describe('readBaseline', () => {
  it('reports its option and the fault of the file', async () => {
    const missing = join(makeTree({}), 'base.json');
    await expect(readBaseline(missing)).rejects.toMatchObject({
      file: missing,
      message: `--baseline ${missing}: no such file or directory`,
    });
  });
});

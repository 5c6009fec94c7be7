import { describe, expect, it } from 'vitest';
import { InputError } from '#src/errors.ts';
import { parseRecordLine } from '#src/recording/parse-line.ts';
import { cgroup1, cgroup2, processTree } from '../output/records.ts';

const { start, summary } = cgroup2;
/** The beginning of a sample that is complete up to there. */
const SAMPLE = '{"type":"sample","elapsedMs":1,"reason":"tick"';

const parse = (value: unknown) => parseRecordLine(JSON.stringify(value));

describe('parseRecordLine', () => {
  it.each([cgroup2, cgroup1, processTree])('reads back what was written', (recording) => {
    for (const record of [recording.start, ...recording.records, recording.summary]) {
      expect(parse(record)).toEqual({ record });
    }
  });

  it('skips a line of millions of brackets without parsing it', () => {
    const { user } = process.cpuUsage();
    expect(parseRecordLine(`{"type":"event","x":${'['.repeat(20_000_000)}`)).toEqual({
      damaged: 'nested too deeply',
    });
    expect(process.cpuUsage().user - user).toBeLessThan(2_000_000);
  });

  it('reads maps and processes', () => {
    const maps = { type: 'maps', elapsedMs: 1, maps: [], gone: [3] };
    const processes = {
      type: 'processes',
      elapsedMs: 1,
      processes: [{ pid: 1, ppid: 0, comm: 'init', rss: 1, threads: 1 }],
    };
    expect(parse(maps)).toEqual({ record: maps });
    expect(parse(processes)).toEqual({ record: processes });
  });

  it("skips records of a later version's kinds", () => {
    expect(parse({ type: 'weather', elapsedMs: 1 })).toEqual({ unknown: 'weather' });
    expect(parse({ type: 'toString' })).toEqual({ unknown: 'toString' });
  });

  it.each([
    ['', 'not valid JSON'],
    ['{"type":"sample","elapsedMs":12', 'not valid JSON'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['7', 'not a JSON object'],
    ['{}', 'type is missing: expected a string'],
    ['{"type":3}', 'type is missing: expected a string'],
    ['{"type":"sample"}', 'sample: elapsedMs is missing: expected a number from 0'],
    ['{"type":"sample","elapsedMs":1}', 'sample: reason is missing: expected a string'],
    ['{"type":"sample","elapsedMs":"1"}', 'sample: elapsedMs: expected a number from 0, found "1"'],
    ['{"type":"sample","elapsedMs":1e999}', 'sample: elapsedMs: expected a number from 0, found Infinity'],
    [`${SAMPLE},"stat":7}`, 'sample: stat: expected an object, found 7'],
    [`${SAMPLE},"stat":{"anon":"7"}}`, 'sample: stat.anon: expected a whole number from 0, found "7"'],
    [`${SAMPLE},"stat":{"anon":1e400}}`, 'sample: stat.anon: expected a whole number from 0, found Infinity'],
    [`${SAMPLE},"stat":{"anon":1e300}}`, 'sample: stat.anon: expected a whole number from 0, found 1e+300'],
    [
      `${SAMPLE},"stat":{"toString":"x"}}`,
      'sample: stat.toString: expected a whole number from 0, found "x"',
    ],
    [
      `${SAMPLE},"stat":{"__proto__":null}}`,
      'sample: stat.__proto__: expected a whole number from 0, found null',
    ],
    [`${SAMPLE},"bpf":null}`, 'sample: bpf: expected an object, found null'],
    [
      `${SAMPLE},"bpf":{"attribution":"memcg","charged":{}}}`,
      'sample: bpf.charged.maps is missing: expected an object',
    ],
    [`${SAMPLE},"pressure":{"some":{}}}`, 'sample: pressure.some.avg10 is missing: expected a number from 0'],
    [
      `${SAMPLE},"limits":{"max":"min"}}`,
      'sample: limits.max: expected "max" or a whole number from 0, found "min"',
    ],
    [`${SAMPLE},"tree":{"rss":1}}`, 'sample: tree.cpuPercent is missing: expected a number from 0'],
    ['{"type":"event","elapsedMs":1}', 'event: event is missing: expected a string'],
    [
      '{"type":"event","elapsedMs":1,"event":"exec","message":{"toString":1}}',
      'event: message: expected a string, found an object',
    ],
    ['{"type":"maps","elapsedMs":1}', 'maps: maps is missing: expected a list'],
    ['{"type":"maps","elapsedMs":1,"maps":[{"id":1}]}', 'maps: maps[0].type is missing: expected a string'],
    ['{"type":"maps","elapsedMs":1,"maps":[null]}', 'maps: maps[0]: expected an object, found null'],
    ['{"type":"maps","elapsedMs":1,"maps":[],"gone":3}', 'maps: gone: expected a list, found 3'],
    [
      '{"type":"processes","elapsedMs":1,"processes":[{"pid":1}]}',
      'processes: processes[0].ppid is missing: expected a whole number from 0',
    ],
    ['{"type":"summary","version":1}', 'summary: cmemstat is missing: expected a string'],
    ['{"type":"sample","elapsedMs":-1}', 'sample: elapsedMs: expected a number from 0, found -1'],
    [`${SAMPLE},"current":-5}`, 'sample: current: expected a whole number from 0, found -5'],
    [`${SAMPLE},"current":0.5}`, 'sample: current: expected a whole number from 0, found 0.5'],
    [`${SAMPLE},"stat":{"anon":-4096}}`, 'sample: stat.anon: expected a whole number from 0, found -4096'],
    [`${SAMPLE},"swap":{"current":-1}}`, 'sample: swap.current: expected a whole number from 0, found -1'],
  ])('reports %s as damaged', (text, damaged) => {
    expect(parseRecordLine(text)).toEqual({ damaged });
  });

  it('accepts other words and keys of a later version', () => {
    const sample = { type: 'sample', elapsedMs: 1.5, reason: 'asked', current: 5, weather: [1] };
    expect(parse(sample)).toEqual({ record: sample });
    const odd = { ...start, placement: { kind: 'elsewhere', reason: '' }, constructor: 1 };
    expect(parse(odd)).toEqual({ record: odd });
  });

  it('reads deeply nested records', () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    expect(parseRecordLine(`${SAMPLE},"stat":{"anon":${deep}}}`)).toEqual({
      damaged: 'sample: stat.anon: expected a whole number from 0, found a list',
    });
    expect(parseRecordLine(`${SAMPLE},"other":${deep}}`)).toHaveProperty('record');
  });

  it.each([start, summary])('rejects recordings of a newer version, with the version', (record) => {
    const text = JSON.stringify({ ...record, version: 3, cmemstat: '9.1.0' });
    expect(() => parseRecordLine(text, 'run.jsonl')).toThrow(InputError);
    expect(() => parseRecordLine(text, 'run.jsonl')).toThrow(
      'run.jsonl: written by a newer cmemstat (9.1.0, format version 3); this one reads up to version 2',
    );
  });

  it('rejects a newer version also if its start line differs', () => {
    expect(() => parse({ type: 'start', version: 7 })).toThrow(/format version 7/);
  });
});

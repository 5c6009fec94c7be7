import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { parseRecordLine } from '../../../src/recording/parse-line.ts';
import { cgroup1, cgroup2, processTree } from '../sinks/records.ts';

const { start, summary } = cgroup2;
const parse = (value: unknown) => parseRecordLine(JSON.stringify(value));

describe('parseRecordLine', () => {
  it.each([cgroup2, cgroup1, processTree])('reads back what was written', (recording) => {
    for (const record of [recording.start, ...recording.records, recording.summary]) {
      expect(parse(record)).toEqual({ record });
    }
  });

  it('reads maps and processes', () => {
    const maps = { type: 'maps', elapsedMs: 1, maps: [], gone: [3] };
    const processes = { type: 'processes', elapsedMs: 1, processes: [{ pid: 1 }] };
    expect(parse(maps)).toEqual({ record: maps });
    expect(parse(processes)).toEqual({ record: processes });
  });

  it('passes over a kind that came later', () => {
    expect(parse({ type: 'weather', elapsedMs: 1 })).toEqual({ unknown: 'weather' });
    expect(parse({ type: 'toString' })).toEqual({ unknown: 'toString' });
  });

  it.each([
    ['', 'no JSON'],
    ['{"type":"sample","elapsedMs":12', 'no JSON'],
    ['[]', 'no object'],
    ['null', 'no object'],
    ['7', 'no object'],
    ['{}', 'no type'],
    ['{"type":3}', 'no type'],
    ['{"type":"sample"}', 'sample without elapsedMs'],
    ['{"type":"sample","elapsedMs":"1"}', 'sample without elapsedMs'],
    ['{"type":"sample","elapsedMs":1,"stat":7}', 'sample with a part that is no object'],
    ['{"type":"sample","elapsedMs":1,"bpf":null}', 'sample with a part that is no object'],
    ['{"type":"event","elapsedMs":1}', 'event without event'],
    ['{"type":"maps","elapsedMs":1}', 'maps without maps'],
    ['{"type":"maps","elapsedMs":1,"maps":[{}]}', 'a map without id'],
    ['{"type":"maps","elapsedMs":1,"maps":[null]}', 'a map without id'],
    ['{"type":"maps","elapsedMs":1,"maps":[],"gone":3}', 'gone is no list'],
    ['{"type":"processes","elapsedMs":1,"processes":[{"pid":"1"}]}', 'a process without pid'],
    ['{"type":"summary","version":1}', 'summary without durationMs'],
  ])('calls %s damaged', (text, damaged) => {
    expect(parseRecordLine(text)).toEqual({ damaged });
  });

  it.each([start, summary])('refuses what a newer version wrote, and says which', (record) => {
    const text = JSON.stringify({ ...record, version: 2, cmemstat: '9.1.0' });
    expect(() => parseRecordLine(text, 'run.jsonl')).toThrow(UsageError);
    expect(() => parseRecordLine(text, 'run.jsonl')).toThrow(
      'run.jsonl: made by a newer cmemstat (9.1.0, format 2); this one reads format 1: upgrade',
    );
  });

  it('refuses a newer version even where its start line looks different', () => {
    expect(() => parse({ type: 'start', version: 7 })).toThrow(/format 7/);
  });
});

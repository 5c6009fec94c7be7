import { describe, expect, it } from 'vitest';
import { InputError } from '#src/errors.ts';
import { parseRecordLine } from '#src/recording/parse-line.ts';
import { cgroup1, cgroup2, processTree } from '../output/records.ts';

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
    const processes = {
      type: 'processes',
      elapsedMs: 1,
      processes: [{ pid: 1, ppid: 0, comm: 'init', rss: 1, threads: 1 }],
    };
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
    ['{"type":"sample"}', 'sample without a proper elapsedMs'],
    ['{"type":"sample","elapsedMs":"1"}', 'sample without a proper elapsedMs'],
    ['{"type":"sample","elapsedMs":1e999}', 'sample without a proper elapsedMs'],
    ['{"type":"sample","elapsedMs":1,"stat":7}', 'sample without a proper stat'],
    ['{"type":"sample","elapsedMs":1,"stat":{"anon":"7"}}', 'sample without a proper stat'],
    ['{"type":"sample","elapsedMs":1,"bpf":null}', 'sample without a proper bpf'],
    [
      '{"type":"sample","elapsedMs":1,"bpf":{"attribution":"memcg","charged":{}}}',
      'sample without a proper bpf',
    ],
    ['{"type":"sample","elapsedMs":1,"pressure":{"some":{}}}', 'sample without a proper pressure'],
    ['{"type":"sample","elapsedMs":1,"limits":{"max":"min"}}', 'sample without a proper limits'],
    ['{"type":"sample","elapsedMs":1,"tree":{"rss":1}}', 'sample without a proper tree'],
    ['{"type":"event","elapsedMs":1}', 'event without a proper event'],
    ['{"type":"event","elapsedMs":1,"event":"exec","message":3}', 'event without a proper message'],
    ['{"type":"maps","elapsedMs":1}', 'maps without a proper maps'],
    ['{"type":"maps","elapsedMs":1,"maps":[{"id":1}]}', 'maps without a proper maps'],
    ['{"type":"maps","elapsedMs":1,"maps":[null]}', 'maps without a proper maps'],
    ['{"type":"maps","elapsedMs":1,"maps":[],"gone":3}', 'maps without a proper gone'],
    ['{"type":"processes","elapsedMs":1,"processes":[{"pid":1}]}', 'processes without a proper processes'],
    ['{"type":"summary","version":1}', 'summary without a proper durationMs'],
  ])('calls %s damaged', (text, damaged) => {
    expect(parseRecordLine(text)).toEqual({ damaged });
  });

  it.each([start, summary])('refuses what a newer version wrote, and says which', (record) => {
    const text = JSON.stringify({ ...record, version: 3, cmemstat: '9.1.0' });
    expect(() => parseRecordLine(text, 'run.jsonl')).toThrow(InputError);
    expect(() => parseRecordLine(text, 'run.jsonl')).toThrow(
      'run.jsonl: written by a newer cmemstat (9.1.0, format version 3); this one reads up to version 2',
    );
  });

  it('refuses a newer version even where its start line looks different', () => {
    expect(() => parse({ type: 'start', version: 7 })).toThrow(/format version 7/);
  });
});

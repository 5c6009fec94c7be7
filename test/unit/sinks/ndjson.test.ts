import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { LineWriter } from '../../../src/sinks/line-writer.ts';
import { NdjsonSink } from '../../../src/sinks/ndjson.ts';
import { SummaryJsonSink } from '../../../src/sinks/summary-json.ts';
import { cgroup1, cgroup2, processTree } from './records.ts';
import { golden, play } from './render.ts';

const SCHEMA = resolve(import.meta.dirname, '../../../schema/recording.schema.json');

const all = { cgroup2, cgroup1, 'process-tree': processTree };

describe('NdjsonSink', () => {
  it.each(Object.entries(all))('writes a recording in mode %s line by line', async (mode, recording) => {
    const text = await play(recording, (writer) => new NdjsonSink(writer));
    await expect(text).toMatchFileSnapshot(golden(`ndjson-${mode}.txt`));
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      recording.start,
      ...recording.records,
      recording.summary,
    ]);
  });

  it.each(Object.entries(all))('writes lines in mode %s that the schema allows', async (_, recording) => {
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(SCHEMA, 'utf8')));
    const text = await play(recording, (writer) => new NdjsonSink(writer));
    for (const line of text.trimEnd().split('\n')) {
      validate(JSON.parse(line));
      expect(validate.errors ?? []).toEqual([]);
    }
  });

  it('lets no control character of a command line through', async () => {
    const text = await play(cgroup2, (writer) => new NdjsonSink(writer));
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('may lose samples to a slow reader, and nothing else; the summary counts them', async () => {
    const written: string[] = [];
    const write = (line: string, indispensable = false) => {
      if (indispensable) written.push(line);
    };
    const slow = { write, dropped: 3, flush: async () => {} } as unknown as LineWriter;
    const sink = new NdjsonSink(slow);
    sink.start(cgroup2.start);
    for (const record of cgroup2.records) sink.write(record);
    await sink.stop(cgroup2.summary);
    const kept = written.map((line) => JSON.parse(line));
    expect(kept.map(({ type }) => type)).toEqual(['start', 'event', 'event', 'event', 'summary']);
    expect(kept.at(-1).samples).toEqual({ ...cgroup2.summary.samples, dropped: 3 });
  });
});

describe('SummaryJsonSink', () => {
  it('writes the summary alone, as one JSON document', async () => {
    const text = await play(cgroup1, (writer) => new SummaryJsonSink(writer));
    expect(JSON.parse(text)).toEqual(cgroup1.summary);
  });
});

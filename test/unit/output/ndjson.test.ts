import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { LineWriter } from '#src/output/line-writer.ts';
import { NdjsonSink } from '#src/output/ndjson.ts';
import { SummaryJsonSink } from '#src/output/summary-json.ts';
import { golden } from '../../paths.ts';
import { cgroup1, cgroup2, processTree } from './records.ts';
import { play } from './render.ts';

const SCHEMA = resolve(import.meta.dirname, '../../../schema/recording.schema.json');

const all = { cgroup2, cgroup1, 'process-tree': processTree };

describe('NdjsonSink', () => {
  it.each(Object.entries(all))('writes a recording in mode %s line by line', async (mode, recording) => {
    const text = await play(recording, (writer) => new NdjsonSink(writer));
    await expect(text).toMatchFileSnapshot(golden(`output/ndjson-${mode}.txt`));
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      recording.start,
      ...recording.records,
      recording.summary,
    ]);
  });

  it.each(Object.entries(all))(
    'writes lines in mode %s that are valid by the schema',
    async (_, recording) => {
      const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(SCHEMA, 'utf8')));
      const text = await play(recording, (writer) => new NdjsonSink(writer));
      for (const line of text.trimEnd().split('\n')) {
        validate(JSON.parse(line));
        expect(validate.errors ?? []).toEqual([]);
      }
    },
  );

  it.each([
    [{ conns: 64 }, true],
    [{ conns: 'much' }, false],
  ])('may contain the bytes of all maps by name: %j', (mapBytes, isAllowed) => {
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(SCHEMA, 'utf8')));
    expect(validate({ ...cgroup2.summary, bpf: { maps: [], mapBytes } })).toBe(isAllowed);
  });

  it('removes control characters of a command line', async () => {
    const text = await play(cgroup2, (writer) => new NdjsonSink(writer));
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('drops samples for a slow reader, and nothing else; the summary counts them', async () => {
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

describe('NdjsonSink with a slow reader', () => {
  /** A writer that accepts a droppable line only on request. */
  function slowWriter() {
    const written: Record<string, unknown>[] = [];
    const state = { takes: false, dropped: 0 };
    const write = (line: string, indispensable = false) => {
      if (!indispensable && !state.takes) return false;
      written.push(JSON.parse(line) as Record<string, unknown>);
      return true;
    };
    const writer = { write, dropped: 0, flush: async () => {} } as unknown as LineWriter;
    return { writer, written, state };
  }
  const row = (pid: number, rss: number) => ({ pid, ppid: 1, comm: 'a', rss, threads: 1 });

  it('defers differences, and loses none', async () => {
    const { writer, written, state } = slowWriter();
    const sink = new NdjsonSink(writer);
    sink.write({ type: 'processes', elapsedMs: 1, processes: [row(2, 5), row(3, 5)] });
    sink.write({ type: 'processes', elapsedMs: 2, processes: [row(2, 6)], gone: [3] });
    expect(written).toEqual([]);
    state.takes = true;
    sink.write({ type: 'processes', elapsedMs: 3, processes: [row(4, 1)] });
    sink.write({ type: 'processes', elapsedMs: 4, processes: [row(4, 2)] });
    expect(written).toEqual([
      { type: 'processes', elapsedMs: 3, processes: [row(2, 6), row(4, 1)], gone: [3] },
      { type: 'processes', elapsedMs: 4, processes: [row(4, 2)] },
    ]);
  });

  it('writes the deferred differences before the summary', async () => {
    const { writer, written } = slowWriter();
    const sink = new NdjsonSink(writer);
    sink.write({ type: 'maps', elapsedMs: 1, maps: [], gone: [7] });
    await sink.stop(cgroup2.summary);
    expect(written.map(({ type }) => type)).toEqual(['maps', 'summary']);
  });
});

describe('SummaryJsonSink', () => {
  it('writes only the summary, as one JSON document', async () => {
    const written: string[] = [];
    const file = { write: async (text: string) => void written.push(text) };
    const sink = new SummaryJsonSink(file, () => {});
    await sink.stop(cgroup1.summary);
    expect(written.map((text) => JSON.parse(text))).toEqual([cgroup1.summary]);
  });
});

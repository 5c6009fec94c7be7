/** Feeds samples to the aggregate and the sinks like a run, and prints the remaining resident bytes. */
import { openSync, rmSync } from 'node:fs';
import { keepHeapSmall } from '#src/app/v8-flags.ts';
import type { Sample } from '#src/model/sample.ts';
import { SampleAggregate } from '#src/model/summary.ts';
import { LineWriter } from '#src/output/line-writer.ts';
import { NdjsonSink } from '#src/output/ndjson.ts';
import { TableSink } from '#src/output/table.ts';

const STAT_KEYS = 65;

function makeSample(index: number): Sample {
  const stat: Record<string, number> = { anon: index * 4096, file: 8192, inactive_file: 4096 };
  for (let key = 0; key < STAT_KEYS; key += 1) stat[`key_${key}`] = index + key;
  const current = 10_000_000 + (index % 1000) * 4096;
  return { type: 'sample', elapsedMs: index, reason: 'tick', current, peak: 15_000_000, stat, processes: 3 };
}

async function main(): Promise<void> {
  const count = Number(process.argv[2]);
  keepHeapSmall(0);
  const fail = (error: Error) => {
    throw error;
  };
  const sink = openSync('/dev/null', 'w');
  const writer = new LineWriter(sink, '/dev/null', fail);
  const sinks = [
    new NdjsonSink(writer),
    new TableSink(writer, { plainBytes: false, quiet: false, noSummary: false }),
  ];
  const aggregate = new SampleAggregate('cgroup2');
  for (let index = 0; index < count; index += 1) {
    const sample = makeSample(index);
    aggregate.add(sample);
    for (const each of sinks) each.write(sample);
    if (index % 100 === 99) await writer.flush();
  }
  await writer.flush();
  if (aggregate.summary().count !== count || writer.dropped > 0) throw new Error('samples were lost');
  globalThis.gc?.();
  console.log(process.memoryUsage().rss);
  rmSync(process.argv[1] ?? '', { force: true });
}

void main();

/** The output of a sink, as text. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineWriter } from '#src/output/line-writer.ts';
import type { Sink } from '#src/output/sink.ts';
import { makeTree } from '../temporary-tree.ts';
import type { Recording } from './records.ts';

/** Plays a recording to a sink that writes into a file. */
export async function play(recording: Recording, makeSink: (writer: LineWriter) => Sink): Promise<string> {
  const file = join(makeTree(), 'out');
  const fd = openSync(file, 'w');
  const sink = makeSink(
    new LineWriter(fd, file, (error) => {
      throw error;
    }),
  );
  sink.start(recording.start);
  for (const record of recording.records) sink.write(record);
  await sink.stop(recording.summary);
  closeSync(fd);
  return readFileSync(file, 'utf8');
}

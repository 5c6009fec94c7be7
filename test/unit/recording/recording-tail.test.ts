import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { RecordLine } from '#src/model/recording.ts';
import { RecordingTail } from '#src/recording/recording-tail.ts';
import { PLAIN, sampleAt, startRecord } from '../report/html/html-runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'tail-'));
afterAll(() => rmSync(folder, { recursive: true }));

const START = `${JSON.stringify(startRecord(PLAIN))}\n`;
const sample = (ms: number) => `${JSON.stringify(sampleAt(ms, 1))}\n`;
let count = 0;

async function open(text: string) {
  count += 1;
  const file = join(folder, `${count}.jsonl`);
  writeFileSync(file, text);
  const tail = await RecordingTail.open(file);
  const read = async () => {
    const records: RecordLine[] = [];
    const found = await tail.read((record) => records.push(record));
    return [found, ...records.map((each) => (each.type === 'sample' ? each.elapsedMs : each.type))];
  };
  return { file, tail, read };
}

it('passes on what was appended, line by line', async () => {
  const { file, tail, read } = await open('');
  expect(await read()).toEqual(['same']);
  appendFileSync(file, START.slice(0, 50));
  expect(await read()).toEqual(['grown']);
  appendFileSync(file, START.slice(50) + sample(1));
  expect(await read()).toEqual(['grown', 'start', 1]);
  expect(await read()).toEqual(['same']);
  appendFileSync(file, `nonsense\n{"type":"new"}\n${sample(2)}`);
  expect(await read()).toEqual(['grown', 2]);
  expect(tail.counts).toMatchObject({ lines: 5, damaged: 1, unknown: 1, firstDamage: { line: 3 } });
  await tail.close();
});

it('starts again after a truncation, and when the same bytes are written again', async () => {
  const { file, tail, read } = await open(START + sample(1));
  expect(await read()).toEqual(['grown', 'start', 1]);
  truncateSync(file, 0);
  expect(await read()).toEqual(['replaced']);
  expect(await read()).toEqual(['same']);
  appendFileSync(file, START + sample(7));
  expect(await read()).toEqual(['grown', 'start', 7]);
  // Longer than before, but other content: truncated and written between two readings.
  writeFileSync(file, START.replace('18:00', '19:00') + sample(1) + sample(2) + sample(3));
  expect(await read()).toEqual(['replaced']);
  expect(await read()).toEqual(['grown', 'start', 1, 2, 3]);
  await tail.close();
});

it('reads a renamed file on until another one has the name', async () => {
  const { file, tail, read } = await open(START + sample(1));
  expect(await read()).toEqual(['grown', 'start', 1]);
  renameSync(file, `${file}.1`);
  appendFileSync(`${file}.1`, sample(2));
  expect(await read()).toEqual(['grown', 2]);
  expect(tail.isGone).toBe(true);
  writeFileSync(file, START + sample(9));
  expect(await read()).toEqual(['replaced']);
  expect(await read()).toEqual(['grown', 'start', 9]);
  expect(tail.isGone).toBe(false);
  rmSync(file);
  expect(await read()).toEqual(['same']);
  expect(tail.isGone).toBe(true);
  await tail.close();
});

it('refuses what cannot grow, and what is not a recording', async () => {
  await expect(RecordingTail.open(join(folder, 'missing'))).rejects.toThrow('no such file');
  await expect(RecordingTail.open(folder)).rejects.toThrow('not a regular file');
  await expect(RecordingTail.open('/dev/null')).rejects.toThrow('not a regular file');
  const { read, tail } = await open('x\n'.repeat(200));
  await expect(read()).rejects.toThrow('not a cmemstat recording');
  const other = await open('{"type":"verdict"}\n');
  await other.read();
  expect(other.tail.isOther).toBe(true);
  await Promise.all([tail.close(), other.tail.close()]);
});

it('names what is wrong with a start record', async () => {
  const { read, tail } = await open('{"type":"start"}\n');
  await read();
  expect(tail.isOther).toBe(true);
  expect(tail.noRecording().message).toContain('not a cmemstat recording (start: ');
  await tail.close();
});

it('stops reading a file whose first line has no end', async () => {
  const { file, read, tail } = await open('');
  truncateSync(file, 65 << 20);
  await expect(read()).rejects.toThrow('not a cmemstat recording');
  await tail.close();
});

it('refuses records of a newer version each time, until the file is replaced', async () => {
  const { file, read, tail } = await open(START + sample(1));
  await read();
  appendFileSync(file, START.replace(/"version":\d+/, '"version":99') + sample(2));
  await expect(read()).rejects.toThrow('newer');
  await expect(read()).rejects.toThrow('newer');
  writeFileSync(file, START + sample(7));
  expect(await read()).toEqual(['replaced']);
  expect(await read()).toEqual(['grown', 'start', 7]);
  await tail.close();
});

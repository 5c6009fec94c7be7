import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '#src/errors.ts';
import type { RecordLine } from '#src/model/recording.ts';
import { readRecording, scanRecording } from '#src/recording/read-recording.ts';
import { cgroup2 } from '../output/records.ts';

const folder = mkdtempSync(join(tmpdir(), 'cmemstat-recording-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

const line = (record: unknown) => `${JSON.stringify(record)}\n`;
const all: RecordLine[] = [cgroup2.start, ...cgroup2.records, cgroup2.summary];

function fileOf(text: string): string {
  files += 1;
  const path = join(folder, `${files}.jsonl`);
  writeFileSync(path, text);
  return path;
}

async function collect(path: string): Promise<RecordLine[]> {
  const records: RecordLine[] = [];
  for await (const { record } of readRecording(path)) records.push(record);
  return records;
}

describe('readRecording', () => {
  it('ends at a line of a pipe that is too long: it may never end', async () => {
    const pipe = join(folder, 'pipe');
    spawnSync('mkfifo', [pipe]);
    const words = ['-c', 'cat "$0" /dev/zero >"$1"', fileOf(line(cgroup2.start)), pipe];
    const writer = spawn('sh', words, { stdio: 'ignore' });
    const before = process.memoryUsage.rss();
    await expect(collect(pipe)).rejects.toThrow(`${pipe}: line 2 is longer than 64 MiB`);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 ** 2);
    await once(writer, 'close');
  }, 20_000);

  it('returns every record with the position of its line', async () => {
    const text = all.map(line).join('');
    const reading = readRecording(fileOf(text));
    let index = 0;
    for await (const { record, offset } of reading) {
      expect(record).toEqual(all[index]);
      expect(text.slice(offset, offset + JSON.stringify(record).length)).toBe(JSON.stringify(record));
      index += 1;
    }
    expect(index).toBe(all.length);
    expect(reading.counts).toEqual({ lines: all.length, damaged: 0, unknown: 0 });
  });

  it('counts and skips damaged, truncated and newer lines', async () => {
    const [first, ...rest] = all;
    const path = fileOf(
      `${line(first)}garbage\n${line({ type: 'weather' })}${rest.map(line).join('')}{"type":"samp`,
    );
    expect(await collect(path)).toEqual(all);
    const counts = await scanRecording(path, () => {});
    expect(counts).toEqual({
      lines: all.length + 3,
      damaged: 2,
      firstDamage: { line: 2, fault: 'not valid JSON' },
      unknown: 1,
    });
  });

  it('stops at the start of what has no end and no record', async () => {
    await expect(collect('/dev/zero')).rejects.toThrow(
      '/dev/zero: not a cmemstat recording (no start record)',
    );
    await expect(collect('/proc/self/mem')).rejects.toThrow(InputError);
  });

  it('reads a last line without a newline if it is complete', async () => {
    expect(await collect(fileOf(all.map(line).join('').trimEnd()))).toEqual(all);
  });

  it('rejects a file without a start line, a directory, and a missing file', async () => {
    for (const text of ['', 'one\ntwo\n', 'x\n'.repeat(1000)]) {
      const path = fileOf(text);
      await expect(collect(path)).rejects.toThrow(`${path}: not a cmemstat recording (no start record)`);
    }
    await expect(collect(folder)).rejects.toThrow(`${folder}: is a directory`);
    await expect(collect(join(folder, 'none'))).rejects.toThrow(/none: no such file or directory/);
    await expect(collect(join(folder, 'none'))).rejects.toThrow(InputError);
  });

  it.each([
    ['missing', { version: undefined }, 'start: version is missing: '],
    ['a string', { version: '2' }, 'start: version: expected a number'],
  ])('reports a start record whose version is %s', async (_, change, fault) => {
    const path = fileOf(line({ ...cgroup2.start, ...change } as never) + all.slice(1).map(line).join(''));
    await expect(collect(path)).rejects.toThrow(`${path}: not a cmemstat recording (${fault}`);
  });

  it('rejects other files early', async () => {
    // The end of the file would be a recording.
    const path = fileOf('no\n'.repeat(200) + all.map(line).join(''));
    await expect(collect(path)).rejects.toThrow(/not a cmemstat recording/);
  });

  it('rejects a recording of a newer version', async () => {
    const path = fileOf(line({ ...cgroup2.start, version: 3, cmemstat: '3.0.0' }));
    await expect(collect(path)).rejects.toThrow(
      `${path}: written by a newer cmemstat (3.0.0, format version 3); this one reads up to version 2`,
    );
  });
});

describe('readRecording that follows', () => {
  it('waits for the rest of a line and of the recording, and ends with the summary', async () => {
    const text = all.map(line).join('');
    const half = Math.floor(text.length / 2);
    const path = fileOf(text.slice(0, half));
    const records: RecordLine[] = [];
    let appended = false;
    const onCaughtUp = () => {
      if (!appended) appendFileSync(path, text.slice(half));
      appended = true;
    };
    for await (const { record } of readRecording(path, { follow: true, onCaughtUp })) records.push(record);
    expect(records).toEqual(all);
  });

  it('starts over when the file was truncated', async () => {
    const path = fileOf(line(cgroup2.start) + line(cgroup2.records[0]));
    const types: string[] = [];
    let round = 0;
    const onCaughtUp = () => {
      round += 1;
      if (round === 1) truncateSync(path);
      else if (round === 2) appendFileSync(path, line(cgroup2.start) + line(cgroup2.summary));
    };
    for await (const { record } of readRecording(path, { follow: true, onCaughtUp })) types.push(record.type);
    expect(types).toEqual(['start', 'sample', 'start', 'summary']);
  });

  it('stops on request', async () => {
    const path = fileOf(line(cgroup2.start));
    const abort = new AbortController();
    const seen: string[] = [];
    await scanRecording(path, ({ type }) => seen.push(type), {
      follow: true,
      signal: abort.signal,
      onCaughtUp: () => abort.abort(),
    });
    expect(seen).toEqual(['start']);
  });
});

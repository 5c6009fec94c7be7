/** Exports read by the tools that they are for: promtool, the client library of Prometheus, InfluxDB. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { RecordLine } from '#src/model/recording.ts';
import { isCi } from '../../ci.ts';
import { EXAMPLE, recordsOfRuns } from '../../unit/export/example-recording.ts';
import { BINARY, needsProgram, scratch, start, testWith } from '../harness.ts';

const RECORDING = join(scratch, 'example.jsonl');
writeFileSync(RECORDING, EXAMPLE.map((record) => JSON.stringify(record)).join('\n'));

async function exportTo(
  ...args: string[]
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return start(process.execPath, [BINARY, 'export', ...args]).ended;
}

async function exported(format: string): Promise<string> {
  const { status, stdout, stderr } = await exportTo(RECORDING, '--format', format);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

const samples = [...recordsOfRuns(EXAMPLE)].flatMap(({ record, run }) =>
  record.type === 'sample' ? [{ sample: record, run }] : [],
);

testWith(
  [needsProgram('promtool')],
  'promtool imports OpenMetrics, and finds no fault in the names',
  async () => {
    const text = await exported('openmetrics');
    const file = join(scratch, 'openmetrics.txt');
    writeFileSync(file, text);
    const blocks = join(scratch, 'blocks');
    const imported = await start('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, blocks])
      .ended;
    expect(imported.stderr).toBe('');
    expect(imported.status).toBe(0);
    // Two runs with a sum of their points: none was refused.
    const counts = imported.stdout
      .split('\n')
      .slice(1)
      .map((line) => Number(line.split(/\s{2,}/)[4] ?? 0));
    const points = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(points);
    // The check reads the earlier format, which has no times below a millisecond and one point a series.
    const last = new Map<string, string>();
    for (const line of text.split('\n')) {
      const counter = /^# (TYPE|HELP) (\S+) (counter|.*)$/.exec(line);
      if (line.startsWith('# UNIT') || line === '# EOF' || line === '') continue;
      if (counter !== null) {
        const [, word, name = '', rest = ''] = counter;
        const isInfo = rest === 'info' || name === 'cmemstat_run';
        const end = isInfo ? '_info' : text.includes(`# TYPE ${name} counter`) ? '_total' : '';
        last.set(`${word} ${name}`, `# ${word} ${name}${end} ${rest === 'info' ? 'gauge' : rest}`);
      } else last.set(line.replace(/\} .*/, '}'), line.replace(/ \S+$/, ''));
    }
    const checked = await start('sh', [
      '-c',
      'promtool check metrics < "$1"',
      'sh',
      await written('classic.txt', [...last.values()]),
    ]).ended;
    expect(checked).toMatchObject({ status: 0, stdout: '', stderr: '' });
  },
);

async function written(name: string, lines: readonly string[]): Promise<string> {
  const file = join(scratch, name);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** Prints what the reference parser of OpenMetrics reads, which rejects what the specification forbids. */
const PARSER = `
import json, sys
from prometheus_client.openmetrics.parser import text_fd_to_metric_families
from prometheus_client.samples import Timestamp
# Version 0.16 compares the nanoseconds of different seconds.
Timestamp.__gt__ = lambda a, b: (a.sec, a.nsec) > (b.sec, b.nsec)
for family in text_fd_to_metric_families(sys.stdin):
    for s in family.samples:
        print(json.dumps([s.name, s.labels, s.value if s.value < 1e300 else None, s.timestamp.sec * 1000000 + s.timestamp.nsec // 1000]))
`;

/** The interpreter of Debian, which finds Debian's packages. */
const PYTHON = '/usr/bin/python3';

const needsParser = {
  what: 'the package python3-prometheus-client',
  has: existsSync('/usr/lib/python3/dist-packages/prometheus_client'),
  expected: isCi(),
};

testWith(
  [needsParser],
  'the reference parser of OpenMetrics reads the figures of the recording',
  async () => {
    const file = await written('reference.txt', [(await exported('openmetrics')).trimEnd()]);
    const parsed = await start('sh', ['-c', '"$1" -c "$2" < "$3"', 'sh', PYTHON, PARSER, file]).ended;
    expect(parsed.stderr).toBe('');
    const points = parsed.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as [string, Record<string, string>, number | null, number]);
    const find = (name: string, labels: Record<string, string>) =>
      points
        .filter(
          ([each, found]) =>
            each === name && Object.entries(labels).every(([key, value]) => found[key] === value),
        )
        .map(([, , value, micros]) => [micros, value]);
    for (const { start: first } of [...new Set(samples.map(({ run }) => run))]) {
      const of = samples.filter(({ run }) => run.start === first);
      const expected = (figure: (sample: (typeof of)[0]['sample']) => number | undefined) =>
        of.flatMap(({ sample, run }) => {
          const value = figure(sample);
          return value === undefined ? [] : [[run.startMicros + Math.round(sample.elapsedMs * 1000), value]];
        });
      const run = first.time;
      expect(find('cmemstat_memory_bytes', { run, kind: 'anon' })).toEqual(
        expected(({ stat }) => stat?.anon),
      );
      expect(find('cmemstat_memory_bytes', { run, kind: 'current' })).toEqual(
        expected(({ current }) => current),
      );
      expect(find('cmemstat_memory_stat_total', { run, event: 'pgfault' })).toEqual(
        expected(({ stat }) => stat?.pgfault),
      );
      expect(find('cmemstat_memory_stall_seconds_total', { run, kind: 'some' })).toEqual(
        expected(({ pressure }) => pressure?.some && pressure.some.total / 1e6),
      );
      expect(find('cmemstat_bpf_bytes', { run, scope: 'charged', objects: 'maps' })).toEqual(
        expected(({ bpf }) => bpf?.charged?.maps.bytes),
      );
    }
    const names = points.flatMap(([name, labels]) =>
      name === 'cmemstat_bpf_map_bytes' ? [labels.name] : [],
    );
    expect(names).toContain('a,b "c" \\');
  },
);

testWith([needsProgram('influxd')], 'InfluxDB stores the figures of the recording', async () => {
  const port = await freePort();
  const folder = join(scratch, 'influx');
  mkdirSync(folder);
  const config = await written('influx.conf', [
    'reporting-disabled = true',
    `bind-address = "127.0.0.1:${await freePort()}"`,
    `[meta]\ndir = "${folder}/meta"`,
    `[data]\ndir = "${folder}/data"\nwal-dir = "${folder}/wal"`,
    `[http]\nbind-address = "127.0.0.1:${port}"\nlog-enabled = false`,
    '[monitor]\nstore-enabled = false',
  ]);
  const server = start('influxd', ['-config', config]);
  try {
    const address = `http://127.0.0.1:${port}`;
    for (let tries = 0; ; tries += 1) {
      const isUp = await fetch(`${address}/ping`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isUp) break;
      if (tries === 200) throw new Error('influxd does not answer');
      await sleep(50);
    }
    const query = async (text: string) => {
      const url = `${address}/query?db=runs&q=${encodeURIComponent(text)}`;
      return (await (await fetch(url, { method: 'POST' })).json()) as {
        results: { series?: { columns: string[]; values: (string | number | null)[][] }[] }[];
      };
    };
    await query('CREATE DATABASE runs');
    const response = await fetch(`${address}/write?db=runs`, {
      method: 'POST',
      body: await exported('influx'),
    });
    expect([response.status, await response.text()]).toEqual([204, '']);
    const read = async (text: string) => (await query(text)).results[0]?.series?.[0]?.values;
    const sorted = samples.toSorted((a, b) => a.run.startMicros - b.run.startMicros);
    expect(
      await read(
        'SELECT run, anon_bytes, stall_some_seconds_total, bpf_charged_maps_bytes FROM cmemstat_sample',
      ),
    ).toEqual(
      sorted.map(({ sample: { elapsedMs, stat, pressure, bpf }, run }) => {
        const micros = run.startMicros + Math.round(elapsedMs * 1000);
        const time = `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1)}${String(micros % 1000).padStart(3, '0')}`;
        return [
          expect.stringContaining(time.replace(/\.?0+$/, '')),
          run.start.time,
          stat?.anon ?? null,
          pressure?.some === undefined ? null : pressure.some.total / 1e6,
          bpf?.charged?.maps.bytes ?? null,
        ];
      }),
    );
    const names = (await read('SHOW TAG VALUES FROM cmemstat_bpf_map WITH KEY = "name"'))?.map(
      ([, name]) => name,
    );
    // A backslash at the end of a tag cannot be written.
    expect(names).toContain('a,b "c" \\x5c');
    expect(names).toHaveLength(7);
  } finally {
    server.child.kill('SIGKILL');
    await server.ended;
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

testWith([], 'files are replaced as a whole, and outputs that fail leave them as they were', async () => {
  const file = join(scratch, 'out.csv');
  writeFileSync(file, 'before');
  const damaged = join(scratch, 'late.jsonl');
  const late: RecordLine = { ...(EXAMPLE[1] as RecordLine), elapsedMs: 2 ** 52 } as RecordLine;
  writeFileSync(damaged, [EXAMPLE[0], late].map((record) => JSON.stringify(record)).join('\n'));
  const failed = await exportTo(damaged, '--format', 'csv', '-o', file);
  expect(failed.status).toBe(125);
  expect(failed.stderr).toContain('a time is beyond the year 2200');
  expect(readFileSync(file, 'utf8')).toBe('before');
  expect(await exportTo(RECORDING, '--format', 'csv', '-o', file)).toMatchObject({
    status: 0,
    stdout: '',
    stderr: '',
  });
  expect(readFileSync(file, 'utf8')).toBe(await exported('csv'));
  expect(readdirSync(scratch).filter((name) => name.startsWith('.cmemstat'))).toEqual([]);
  const own = await exportTo(RECORDING, '--format', 'csv', '-o', RECORDING);
  expect(own).toMatchObject({ status: 125, stderr: expect.stringContaining('is one of the recordings') });
  const full = await exportTo(RECORDING, '--format', 'influx', '-o', '/dev/full');
  expect(full).toMatchObject({ status: 125, stderr: expect.stringContaining('no space left on the device') });
});

testWith([], 'one signal ends the wait for the other end of a named pipe', async () => {
  const pipe = join(scratch, 'never-opened');
  spawnSync('mkfifo', [pipe]);
  const file = join(scratch, 'kept.csv');
  writeFileSync(file, 'before');
  for (const [args, signal] of [
    [[RECORDING, '--format', 'csv', '--output', pipe], 'SIGTERM'],
    [[RECORDING, '--format', 'perfetto', '--output', pipe], 'SIGHUP'],
    [[pipe, '--format', 'openmetrics', '--output', file], 'SIGINT'],
  ] as const) {
    const run = start(BINARY, ['export', ...args]);
    await sleep(1000);
    run.child.kill(signal);
    await run.ended;
    expect(run.child.signalCode).toBe(signal);
  }
  expect(readFileSync(file, 'utf8')).toBe('before');
});

testWith([], 'pipes work on both sides, and damaged and empty recordings are reported as such', async () => {
  const shell = (script: string) =>
    start('sh', ['-c', script, 'sh', process.execPath, BINARY, RECORDING]).ended;
  const csv = await exported('csv');
  expect((await shell('"$1" "$2" export - --format csv < "$3"')).stdout).toBe(csv);
  expect((await shell('cat "$3" | "$1" "$2" export - --format csv')).stdout).toBe(csv);
  const head = await shell('"$1" "$2" export "$3" --format openmetrics 2>&1 | head -n 1');
  expect(head).toMatchObject({ status: 0, stdout: '# TYPE cmemstat_run info\n' });
  const broken = join(scratch, 'broken.jsonl');
  writeFileSync(broken, `${JSON.stringify(EXAMPLE[0])}\n{"type":"sample"`);
  const { status, stdout, stderr } = await exportTo(broken, '--format', 'csv');
  expect([status, stdout]).toEqual([0, 'run,time,elapsed_seconds,reason,bpf_attribution\n']);
  expect(stderr).toContain('1 damaged line left out; the first is line 2: not valid JSON');
  expect(stderr).toContain('the recording contains no samples');
  const empty = join(scratch, 'empty.jsonl');
  writeFileSync(empty, '');
  expect(await exportTo(empty, '--format', 'influx')).toMatchObject({ status: 125, stdout: '' });
});

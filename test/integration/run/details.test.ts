/** Maps and processes in the lines of a run: they agree with the totals and with the kernel. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, onTestFinished } from 'vitest';
import type { ProcessRow } from '#src/model/recorded-processes.ts';
import type { LiveMap, RecordLine } from '#src/model/recording.ts';
import { applyMaps, applyProcesses } from '#src/model/row-changes.ts';
import { readRecording as readBack } from '#src/recording/read-recording.ts';
import { required } from '../../required.ts';
import {
  agent,
  BINARY,
  host,
  needs,
  needsProgram,
  record,
  SLOWNESS,
  scratch,
  start,
  testWith,
  testWithoutKernel,
} from '../harness.ts';

const SCHEMA = join(import.meta.dirname, '../../../schema/recording.schema.json');
const OFTEN = ['--interval', '100ms', '--bpf-interval', '100ms', '--process-interval', '100ms'];

/** Long enough for several readings of each process: on a slow machine they are 5 s apart. */
const LONG_SECONDS = SLOWNESS > 1 ? 12 : 1;

function processesAfter(lines: readonly RecordLine[]): Map<number, ProcessRow> {
  const rows = new Map<number, ProcessRow>();
  for (const line of lines) if (line.type === 'processes') applyProcesses(rows, line);
  return rows;
}

function expectValid(lines: readonly RecordLine[]): void {
  const validate = new Ajv2020({ allErrors: true, strict: true }).compile(
    JSON.parse(readFileSync(SCHEMA, 'utf8')) as object,
  );
  for (const line of lines) {
    validate(line);
    expect(validate.errors ?? [], JSON.stringify(line)).toEqual([]);
  }
}

testWith(
  [needs.cgroup, needs.root, needs.attribution],
  'the maps add up to the charged and uncharged totals of every reading',
  async () => {
    const { lines } = await record(...OFTEN, '--', ...agent(2 * SLOWNESS));
    expectValid(lines);
    const maps = new Map<number, LiveMap>();
    const names = new Set<string>();
    let compared = 0;
    for (const [index, line] of lines.entries()) {
      if (line.type !== 'sample' || line.bpf?.charged === undefined) continue;
      const next = lines[index + 1];
      if (next?.type === 'maps') {
        expect(next.elapsedMs).toBe(line.elapsedMs);
        applyMaps(maps, next);
      }
      const ours = [...maps.values()].filter(({ elsewhere }) => elsewhere === undefined);
      const bytes = ours.reduce((sum, map) => sum + map.bytes, 0);
      const { charged, uncharged } = line.bpf;
      expect([ours.length, bytes]).toEqual([
        charged.maps.count,
        charged.maps.bytes + (uncharged?.maps.bytes ?? 0),
      ]);
      for (const { name } of ours) names.add(name);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(5);
    expect([...names].sort()).toEqual(['counters', 'events', 'flows', 'never_used']);
    const listed = lines.flatMap((line) => (line.type === 'maps' ? line.maps : []));
    // The agent creates its maps first, and the program that uses this one later.
    const flows = listed.find(({ name, programs }) => name === 'flows' && (programs?.length ?? 0) > 0);
    expect(flows).toMatchObject({ type: 'hash', key_size: 4, value_size: 64, max_entries: 100_000 });
    expect(flows?.programs?.map(({ name }) => name)).toEqual(['agent_filter']);
    expect(flows?.holders?.some(({ comm }) => comm !== '')).toBe(true);
    // What does not change is recorded once: each record of the unused map differs from the one before.
    const unused = listed.filter(({ name }) => name === 'never_used').map((map) => JSON.stringify(map));
    expect(unused.length).toBeGreaterThan(0);
    for (const [at, map] of unused.entries()) expect(map).not.toBe(unused[at - 1]);
  },
);

testWith(
  [needsProgram('ps')],
  'lists the processes that ps lists, with parents, threads and descriptors',
  async () => {
    const script = 'sleep 300 & (sleep 300; true) & wait';
    const run = start(process.execPath, [BINARY, '--json', ...OFTEN, '--', 'sh', '-c', script]);
    onTestFinished(() => void run.child.kill());
    const soFar = () => {
      const whole = run.soFar();
      return whole
        .slice(0, whole.lastIndexOf('\n'))
        .split('\n')
        .map((line) => JSON.parse(line) as RecordLine);
    };
    await run.until(/"type":"processes"/);
    const recorded = () => [...processesAfter(soFar()).values()].sort((a, b) => a.pid - b.pid);
    // Reads of PSS are limited in time: on a slow or busy machine a process waits up to half a minute.
    const wanted = SLOWNESS > 1 ? 1 : 4;
    await expect
      .poll(() => recorded().filter(({ pss }) => pss !== undefined).length, { timeout: 150_000 })
      .toBeGreaterThanOrEqual(wanted);
    const rows = recorded();
    expect(rows).toHaveLength(4);
    const counted = () => soFar().findLast((line) => line.type === 'sample')?.processes;
    await expect.poll(counted, { timeout: 20_000 * SLOWNESS }).toBe(4);
    const pids = rows.map(({ pid }) => pid);
    for (const { pid, ppid, comm, threads, fds, rss, pss } of rows) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const value = (key: string) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(status)?.[1];
      expect({ comm, ppid: String(ppid), threads: String(threads) }).toEqual({
        comm: value('Name'),
        ppid: value('PPid'),
        threads: value('Threads'),
      });
      // Before Linux 6.2 descriptors are counted when PSS is read: in turn.
      if (fds !== undefined || SLOWNESS === 1) expect(fds).toBe(readdirSync(`/proc/${pid}/fd`).length);
      expect(rss).toBeGreaterThan(100_000);
      expect(pss ?? 1).toBeGreaterThan(0);
    }
    const listed = spawnSync('ps', ['-o', 'pid=', '-p', pids.join(',')], { encoding: 'utf8' });
    expect(listed.stdout.trim().split(/\s+/).map(Number).sort()).toEqual([...pids].sort());
    for (const pid of pids.filter((pid) => rows.some((row) => row.pid === pid && row.comm === 'sleep'))) {
      process.kill(pid, 'SIGKILL');
    }
    const { stdout } = await run.ended;
    expectValid(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as RecordLine),
    );
  },
  200_000,
);

testWithoutKernel(
  [],
  'reports started programs as exec events, in the recording and not in the table',
  async () => {
    const output = join(scratch, 'exec.jsonl');
    const script = 'sleep 600 & read line; kill $!; exec sleep 600';
    const running = start(process.execPath, [BINARY, '--output', output, ...OFTEN, '--', 'sh', '-c', script]);
    // On a busy machine processes are read less often.
    const countExecs = () =>
      existsSync(output) ? readFileSync(output, 'utf8').split('"exec"').length - 1 : 0;
    await expect.poll(countExecs, { timeout: 30_000 }).toBe(1);
    running.child.stdin?.write('\n');
    await expect.poll(countExecs, { timeout: 30_000 }).toBe(2);
    running.child.kill('SIGTERM');
    const { stderr } = await running.ended;
    const lines: RecordLine[] = [];
    for await (const { record: line } of readBack(output)) lines.push(line);
    const events = lines.filter((line) => line.type === 'event' && line.event === 'exec');
    expect(events.at(-1)).toMatchObject({ count: 2, noticed: 'tick' });
    expect(events.map((event) => (event.type === 'event' ? event.message : ''))).toEqual(['sleep', 'sleep']);
    expect(stderr).not.toMatch(/ exec: /);
  },
);

testWith([needs.cgroup, needs.root], 'a process of a nested cgroup is reported with its cgroup', async () => {
  const find =
    host.mode === 'cgroup2'
      ? 'leaf=/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup)'
      : 'leaf=$(sed -n "s/.* \\([^ ]*\\) [^-]* - cgroup .*\\bmemory\\b.*/\\1/p" /proc/self/mountinfo | head -1)$(sed -n "s/^[0-9]*:[^:]*\\bmemory\\b[^:]*://p" /proc/self/cgroup)';
  const script = `${find}; mkdir -p "$leaf/inner/most" && sh -c 'echo $$ > "$0/inner/most/cgroup.procs"; exec sleep ${LONG_SECONDS}' "$leaf"`;
  const { lines } = await record(...OFTEN, '--', 'sh', '-c', script);
  const listed = lines.flatMap((line) => (line.type === 'processes' ? line.processes : []));
  expect(listed.find(({ comm }) => comm === 'sleep')?.cgroup).toBe('inner/most');
  expect(required(listed.find(({ comm }) => comm === 'sh')).cgroup).toBeUndefined();
});

testWithoutKernel([], '--process-interval 0 records no processes', async () => {
  const { lines, start: first } = await record('--process-interval', '0', '--', 'sleep', '0.3');
  expect(first.processIntervalMs).toBeUndefined();
  expect(lines.some(({ type }) => type === 'processes')).toBe(false);
});

/** Runs whose memory is charged to another cgroup. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { required } from '../../required.ts';
import { gate } from '../gate/gated.ts';
import {
  BINARY,
  host,
  MIB,
  needs,
  needsProgram,
  readRecording,
  record,
  SLOWNESS,
  scratch,
  start,
  testWith,
  testWithoutKernel,
} from '../harness.ts';
import { removeWhenEmpty } from '../memory-cgroup.ts';

const other = join(host.top ?? '', `cmemstat-test-elsewhere-${process.pid}`);
const name = `/cmemstat-test-elsewhere-${process.pid}`;
const hasCgroup = host.top !== undefined && process.getuid?.() === 0;
beforeAll(() => hasCgroup && mkdirSync(other));
afterAll(() => (hasCgroup ? removeWhenEmpty(other) : undefined));

const leave = `echo 0 > ${other}/cgroup.procs`;
const seconds = SLOWNESS;

testWith(
  [needs.cgroup, needs.root],
  'a budget on a target that moves itself to another cgroup is not measured',
  async () => {
    const { outcome, verdict } = await gate('--budget', 'anon<=50MiB', '--', 'sh', '-c', `${leave}; sleep 1`);
    expect(outcome.status).toBe(5);
    const [budget] = verdict.budgets;
    expect(budget?.status).toBe('not-measured');
    expect(budget?.reason).toMatch(
      new RegExp(
        `^process \\d+ \\(\\w+\\) has been in cgroup ${name} since .*: its memory there is not measured$`,
      ),
    );
    // The summary begins with it.
    expect(outcome.stderr.split('\n').find((line) => line.startsWith('  '))).toContain('  WARNING: process ');
  },
);

testWith(
  [needs.cgroup, needs.root],
  'descendants are detected too, also if their parent exited before they moved',
  async () => {
    const orphan = `sh -c '(sleep 0.2; ${leave}; sleep ${seconds + 1}) &'`;
    const script = `(${leave}; sleep ${seconds}) & ${orphan}; sleep ${seconds}`;
    const { events, summary } = await record('--', 'sh', '-c', script);
    const noticed = events.filter(({ event }) => event === 'elsewhere');
    expect(noticed.length).toBeGreaterThanOrEqual(2);
    for (const { cgroup } of noticed) expect(cgroup).toBe(name);
    expect(summary.elsewhere?.count).toBeGreaterThanOrEqual(2);
    expect(summary.exit.status).toBe(0);
  },
);

testWith(
  [needs.cgroup, needs.root],
  'a leaf that is removed during a run yields no figures, and no budget passes',
  async () => {
    const fifo = join(scratch, 'ready');
    const script = `${leave}; rmdir "$(cat ${fifo})"; sleep ${2 * seconds}`;
    const shell = start('mkfifo', [fifo]);
    await shell.ended;
    const running = start(process.execPath, [
      ...[BINARY, '--json', '--interval', '100ms'],
      ...['--', 'sh', '-c', script],
    ]);
    await running.until(/"type":"start"/);
    const first = JSON.parse(running.soFar().split('\n')[0] ?? '') as { leaf: string };
    writeFileSync(fifo, `${first.leaf}\n`);
    const lines = (await running.ended).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const removed = lines.find(({ event }) => event === 'cgroup_removed');
    expect(removed?.message).toContain('the cgroup of the run was removed');
    const later = lines.filter(({ type, elapsedMs }) => type === 'sample' && elapsedMs > removed.elapsedMs);
    expect(later).toEqual([]);
    const summary = lines.at(-1);
    expect(summary.cgroupRemovedMs).toBe(removed.elapsedMs);
    expect(required(summary.peak?.source)).not.toBe('sampled');
  },
);

const nested = [process.execPath, BINARY, '-q'];
const hold = [process.execPath, '-e', `Buffer.alloc(40 << 20, 1); setTimeout(() => {}, ${1500 * seconds})`];

testWith(
  [needs.cgroup, needs.root],
  'a cmemstat that a run starts measures the same memory in a cgroup below',
  async () => {
    const inner = join(scratch, 'inner.jsonl');
    const words = [...nested, '--output', inner, '--', ...hold];
    for (const command of [words, ['sh', '-c', '"$@"; true', 'sh', ...words]]) {
      const { start: outer, summary } = await record('--', ...command);
      expect(summary).not.toHaveProperty('elsewhere');
      expect(summary.maxima?.anon).toBeGreaterThan(40 * MIB);
      const { start: first, summary: measured } = readRecording(
        { status: 0, signal: null, stdout: '', stderr: '' },
        readFileSync(inner, 'utf8'),
      );
      expect(first.leaf?.startsWith(`${outer.leaf}/cmemstat-`)).toBe(true);
      expect(measured.maxima?.anon).toBeGreaterThan(40 * MIB);
      expect(existsSync(outer.leaf ?? '')).toBe(false);
    }
  },
);

testWith([needs.cgroup, needs.root], 'a cmemstat that puts its cgroup elsewhere is named', async () => {
  const { outcome, events } = await record('--', ...nested, '--cgroup-parent', other, '--', ...hold);
  const [noticed] = events.filter(({ event }) => event === 'elsewhere');
  expect(noticed?.cgroup).toContain(`${name}/cmemstat-`);
  expect(noticed?.hint).toMatch(/^another cmemstat measures it there/);
  expect(outcome.status).toBe(0);
});

testWithoutKernel([needs.cgroup], 'docker is recognized by its name, also below a shell', async () => {
  const docker = join(scratch, 'docker');
  writeFileSync(docker, '#!/bin/sh\nsleep 0.5\n', { mode: 0o755 });
  for (const command of [
    [docker, 'run', 'alpine'],
    ['sh', '-c', `${docker} exec web hog; true`],
  ]) {
    const { outcome, verdict } = await gate('--budget', 'anon<=50MiB', '--', ...command);
    expect(outcome.status).toBe(5);
    expect(verdict.budgets[0]?.reason).toMatch(/^docker \(process \d+\) has another process run the command/);
    expect(verdict.budgets[0]?.hint).toContain('docker run --privileged');
  }
  expect((await gate('--budget', 'anon<=50MiB', '--', docker, 'ps')).verdict.status).toBe('passed');
});

testWithoutKernel(
  [needs.cgroup, needs.root, needsProgram('sudo')],
  'a command that sudo runs as another user is measured',
  async () => {
    const { outcome, verdict } = await gate(
      '--budget',
      'anon<=20MiB',
      '--',
      'sudo',
      '-n',
      '-u',
      'nobody',
      ...hold,
    );
    expect([outcome.status, verdict.budgets[0]?.status]).toEqual([3, 'failed']);
    expect(outcome.stderr).not.toContain('WARNING');
  },
);

/** podman with an image of BusyBox alone, and with its files in memory. */
const PODMAN = `
mount -t tmpfs none /var/cache
mkdir -p $1/root/bin && cp "$(command -v busybox)" $1/root/bin/ && ln -s busybox $1/root/bin/sh && tar -C $1/root -cf $1/image.tar .
pod="podman --root $1/images --runroot $1/run --tmpdir $1/tmp --cgroup-manager cgroupfs --storage-driver vfs --events-backend none"
$pod import $1/image.tar localhost/busybox:latest >/dev/null
shift
node=$1 cmemstat=$2; shift 2
"$node" "$cmemstat" -q --budget 'anon<=100MiB' -- $pod run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "$@" \\
  localhost/busybox:latest /bin/sh -c 'x=$(/bin/busybox head -c 30000000 /dev/zero | /bin/busybox tr "\\0" x); /bin/busybox sleep 3'
`;

testWith(
  [needs.cgroup2, needs.root, needsProgram('podman'), needsProgram('unshare')],
  'a container of podman is elsewhere, unless it stays in the cgroup of the run',
  async () => {
    const run = (...options: string[]) => {
      const words = [mkdtempSync(join(scratch, 'podman-')), process.execPath, BINARY, ...options];
      return start('unshare', ['-m', 'bash', '-c', PODMAN, 'bash', ...words], { input: '' }).ended;
    };
    const away = await run();
    expect(away.stderr).toMatch(/WARNING: podman \(process \d+\) has another process run the command/);
    expect(away.stderr).toMatch(/podman run --cgroups=disabled IMAGE COMMAND/);
    expect(away.stderr).toMatch(/in other cgroups|has been in cgroup \S*libpod/);
    expect(away.status).toBe(5);
    const inside = await run('--cgroups=disabled');
    expect(inside.stderr).not.toContain('WARNING');
    expect(inside.status).toBe(0);
    // The variable of the shell alone takes 28.6 MiB.
    expect(Number(/anon<=100MiB: ([\d.]+) MiB/.exec(inside.stderr)?.[1])).toBeGreaterThan(30);
  },
  120_000,
);

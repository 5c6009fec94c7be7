/**
 * Placement on a host with systemd: as root by the system manager, as an ordinary user by the user manager.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { StartRecord } from '#src/model/recording.ts';
import { required } from '../../required.ts';
import {
  BINARY,
  cmemstat,
  type Need,
  needs,
  record,
  SLOWNESS,
  scratch,
  start,
  testWith,
} from '../harness.ts';

const guest = process.env.CMEMSTAT_VM_GUEST ?? '';
const needsSystemd: Need = {
  what: 'a host that systemd runs',
  has: existsSync('/run/systemd/system'),
  expected: guest.startsWith('systemd'),
};
const needsUser: Need = {
  what: 'an ordinary user',
  has: process.getuid?.() !== 0,
  expected: guest === 'systemd-user',
};
const needsRoot: Need = { ...needs.root, expected: guest === 'systemd' };
const scopes = () =>
  spawnSync(
    'systemctl',
    [...(process.getuid?.() === 0 ? [] : ['--user']), 'list-units', '--no-legend', 'cmemstat-*.scope'],
    { encoding: 'utf8' },
  ).stdout;

testWith([needsSystemd], 'the leaf is a transient scope with the figures of the target', async () => {
  const {
    start: first,
    samples,
    outcome,
    summary,
  } = await record(
    '-v',
    '--interval',
    '100ms',
    '--',
    'sh',
    '-c',
    `cat /proc/self/cgroup; dd if=/dev/zero bs=20M count=1 2>/dev/null | sleep ${SLOWNESS}`,
  );
  expect(first.placement.kind).toBe('systemd');
  expect(first.mode).toBe('cgroup2');
  expect(first.leaf).toMatch(/\/cmemstat-\d+-\d+\.scope\/cmemstat-\d+-\d+$/);
  expect(outcome.stderr).toMatch(/^0::.*cmemstat-\d+-\d+\.scope\/cmemstat-\d+-\d+$/m);
  expect(outcome.stderr).toContain('placement systemd: used: transient scope');
  expect(Math.max(...samples.map((sample) => sample.stat?.anon ?? 0))).toBeGreaterThan(20 * 1024 * 1024);
  expect(summary.exit.status).toBe(0);
  expect(existsSync(required(first.leaf))).toBe(false);
});

testWith([needsSystemd], 'each of several runs has its own scope', async () => {
  const file = join(scratch, 'run.jsonl');
  const { status, stderr } = await cmemstat('-q', '--runs', '3', '--output', file, '--', 'sleep', '0.3');
  expect(status, stderr).toBe(0);
  const placements = [1, 2, 3].map((run) => {
    const [first = ''] = readFileSync(file.replace('.jsonl', `.${run}.jsonl`), 'utf8').split('\n');
    return (JSON.parse(first) as StartRecord).placement;
  });
  expect(placements.map(({ kind }) => kind)).toEqual(['systemd', 'systemd', 'systemd']);
  expect(new Set(placements.map(({ reason }) => reason)).size).toBe(3);
});

testWith([needsSystemd], 'the scope is removed after the run', async () => {
  await cmemstat('-q', '--', 'true');
  const deadline = Date.now() + 20_000;
  while (scopes() !== '' && Date.now() < deadline) await new Promise((settle) => setTimeout(settle, 200));
  expect(scopes()).toBe('');
});

testWith([needsSystemd, needsRoot], 'as root neither a user bus nor a session is needed', async () => {
  const env = { XDG_RUNTIME_DIR: '/nowhere', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' };
  const outcome = await start(process.execPath, [BINARY, '-q', '-v', '--', 'true'], { input: '', env }).ended;
  expect(outcome.stderr).toContain('of the systemd system manager');
});

testWith(
  [needsSystemd, needsUser],
  'an ordinary user gets a scope of the user manager, with effective limits',
  async () => {
    const { start: first, summary } = await record(
      '--memory-max',
      '40M',
      '--swap-max',
      '0',
      '--',
      'dd',
      'if=/dev/zero',
      'of=/dev/null',
      'bs=128M',
      'count=1',
    );
    expect(first.placement.reason).toContain('of the systemd user manager');
    expect(first.leaf).toContain(`/user@${process.getuid?.()}.service/`);
    expect(summary.exit).toMatchObject({ signal: 'SIGKILL', oomKilled: true });
  },
);

testWith(
  [needsSystemd, needsUser],
  'in a delegated scope the leaf can be placed beside cmemstat',
  async () => {
    const run = [
      '--user',
      '--scope',
      '--quiet',
      '-p',
      'Delegate=yes',
      '--',
      process.execPath,
      BINARY,
      '-q',
      '-v',
      '--placement',
      'own',
      '--',
      'true',
    ];
    const outcome = await start('systemd-run', run, { input: '' }).ended;
    expect(outcome.status, outcome.stderr).toBe(0);
    expect(outcome.stderr).toContain('placement own: used');
  },
);

testWith(
  [needsSystemd, needsUser],
  'without a user bus the reason is reported, and the process tree is summed',
  async () => {
    const env = { XDG_RUNTIME_DIR: '/nowhere', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' };
    const outcome = await start(process.execPath, [BINARY, '-q', '-v', '--', 'true'], { input: '', env })
      .ended;
    expect(outcome.stderr).toContain(
      'placement systemd: rejected: the systemd user manager could not start a scope',
    );
  },
);

testWith([needsSystemd], 'doctor reports a place by systemd', async () => {
  const outcome = await cmemstat('doctor');
  expect(outcome.status).toBe(0);
  expect(outcome.stdout).toMatch(/placement +ok +systemd: transient scope/);
});

testWith([needsSystemd, needsRoot], 'a service with MemoryMax= limits the run that it starts', async () => {
  const service = start('systemd-run', [
    ...['--wait', '--pipe', '--quiet', '--collect', '-p', 'MemoryMax=160M', '-p', 'MemorySwapMax=0'],
    ...[process.execPath, BINARY, '--json', '--no-tui', '--'],
    ...['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=300M', 'count=1'],
  ]);
  const { status, stdout } = await service.ended;
  expect(status).not.toBe(0);
  const first = JSON.parse(stdout.split('\n')[0] ?? '') as StartRecord;
  expect(first.placement.kind).toBe('own');
  expect(first.placement.reason).toContain('memory.max 160 MiB of ');
});

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
  readRecording,
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

/** The command in the hint of a message, with this cmemstat, and a recording on its standard output. */
const hintIn = (text: string): string =>
  required(/\(hint: (.*)\)$/m.exec(text)?.[1])
    .replaceAll(/\bcmemstat (?=-)/g, `${process.execPath} ${BINARY} --json `)
    .replaceAll('COMMAND', 'true');

const shell = (script: string) => start('sh', ['-c', script], { input: '' }).ended;

testWith(
  [needsSystemd, needsUser],
  'the hints of places that an ordinary user cannot use lead to a cgroup',
  async () => {
    for (const place of ['top', 'own']) {
      const refused = await cmemstat('-q', '--placement', place, '--', 'true');
      expect(refused.status, refused.stderr).toBe(125);
      const [withManager = '', asRoot = ''] = hintIn(refused.stderr).split(', or ');
      expect(withManager).toMatch(/^systemd-run --user/);
      expect(asRoot).toMatch(/^(sudo|su -c) /);
      const followed = await shell(withManager);
      expect(readRecording(followed).start.mode, `${withManager}: ${followed.stderr}`).toBe('cgroup2');
    }
  },
);

testWith(
  [needsSystemd, needsUser],
  'a scope that is shared with another process has a hint that leads to one that is not',
  async () => {
    const shared = `systemd-run --user --scope --quiet -p Delegate=yes sh -c 'sleep 60 & "$@"; kill $!' sh`;
    const refused = await shell(`${shared} ${process.execPath} ${BINARY} -q --placement own -- true`);
    const hint = hintIn(refused.stderr);
    expect(hint).toMatch(/^systemd-run --user/);
    const followed = await shell(`${shared} ${hint}`);
    expect(readRecording(followed).start.mode, `${hint}: ${followed.stderr}`).toBe('cgroup2');
  },
);

testWith([needsSystemd, needsUser], 'without a bus to the user manager the hint starts one', async () => {
  await shell('systemctl --user stop dbus.socket dbus.service; rm -f $XDG_RUNTIME_DIR/bus');
  const refused = await cmemstat('-q', '--require', 'cgroup', '--placement', 'systemd', '--', 'true');
  expect(refused.status, refused.stderr).toBe(125);
  const hint = hintIn(refused.stderr);
  expect(hint).toMatch(/^as root: apt-get install dbus-user-session, then: systemctl --user /);
  // The package is installed in the guest.
  await shell(hint.replace(/^as root: .*, then: /, ''));
  expect((await record('--', 'true')).start.placement.kind).toBe('systemd');
});

const USER = { name: 'tester', uid: 1000 };
const needsGuest: Need = {
  what: 'a virtual machine whose users can be changed',
  has: guest === 'systemd',
  expected: guest === 'systemd',
};
const asUser = `setpriv --reuid=${USER.uid} --regid=${USER.uid} --init-groups env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS`;

testWith(
  [needsSystemd, needsGuest],
  'an ordinary user without a user manager gets one by the hint, or is measured by root',
  async () => {
    const measure = (...args: string[]) => shell(`${asUser} ${process.execPath} ${BINARY} ${args.join(' ')}`);
    await shell(`loginctl disable-linger ${USER.name}; systemctl stop user@${USER.uid}.service`);
    const refused = await measure('-q', '--placement', 'systemd', '--', 'true');
    expect(refused.status, refused.stderr).toBe(125);
    const hint = hintIn(refused.stderr);
    expect(hint).toBe(`as root: loginctl enable-linger ${USER.name}`);

    const atTop = await measure('-q', '--placement', 'top', '--', 'true');
    const asRoot = required(hintIn(atTop.stderr).split(', or ')[1]);
    const byRoot = await shell(asRoot);
    expect(readRecording(byRoot).start.mode, `${asRoot}: ${byRoot.stderr}`).toBe('cgroup2');

    expect((await shell(hint.replace('as root: ', ''))).status).toBe(0);
    let followed = await measure('--json', '--', 'true');
    const deadline = Date.now() + 60_000;
    // The manager starts in the background.
    while (Date.now() < deadline && readRecording(followed).start.placement.kind !== 'systemd') {
      await new Promise((settle) => setTimeout(settle, 1000));
      followed = await measure('--json', '--', 'true');
    }
    expect(readRecording(followed).start.placement.kind, followed.stderr).toBe('systemd');
  },
);

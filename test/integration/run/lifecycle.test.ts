/** How a run ends, and that it leaves nothing behind. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { required } from '../../required.ts';
import {
  BINARY,
  builtTarget,
  cmemstat,
  host,
  isGuest,
  leavesOnHost,
  needs,
  processesWith,
  readPartial,
  readRecording,
  record,
  SLOWNESS,
  scratch,
  start,
  testWith,
  testWithoutKernel,
} from '../harness.ts';
import { until } from '../terminal.ts';

testWithoutKernel([], "the exit status is the target's own", async () => {
  for (const status of [0, 1, 3, 125, 126, 127, 255]) {
    expect((await cmemstat('-q', '--', 'sh', '-c', `exit ${status}`)).status).toBe(status);
  }
});

testWith([], 'a target ended by a signal exits with 128 + n', async () => {
  const killed = await record('--', 'sh', '-c', 'kill -KILL $$');
  expect(killed.outcome.status).toBe(137);
  expect(killed.summary.exit).toMatchObject({ status: 137, signal: 'SIGKILL' });
  if (host.mode !== 'process-tree') expect(killed.summary.exit.oomKilled).toBe(false);
  expect((await cmemstat('-q', '--', 'sh', '-c', 'kill -TERM $$')).status).toBe(143);
});

testWithoutKernel(
  [],
  'an unknown command exits with 127, a non-executable one with 126, with a one-line error',
  async () => {
    const absent = await cmemstat('--', 'no-such-command-here');
    expect(absent.status).toBe(127);
    expect(absent.stderr).toBe('cmemstat: no-such-command-here: command not found\n');
    const refused = await cmemstat('--', '/etc/passwd');
    expect(refused.status).toBe(126);
    expect(refused.stderr).toMatch(/^cmemstat: .*\/etc\/passwd is not executable.*\n$/);
  },
);

testWith([needs.cgroup], 'an OOM kill of the target is distinguished from any other SIGKILL', async () => {
  const args = ['--memory-max', '32M', ...(host.mode === 'cgroup2' ? ['--swap-max', '0'] : [])];
  const { outcome, summary, events } = await record(
    ...args,
    '--',
    'dd',
    'if=/dev/zero',
    'of=/dev/null',
    'bs=128M',
    'count=1',
  );
  expect(outcome.status).toBe(137);
  expect(summary.exit).toMatchObject({ signal: 'SIGKILL', oomKilled: true });
  expect(events.find(({ event }) => event === 'oom_kill')).toMatchObject({ count: 1, increase: 1 });
  if (summary.peak?.source !== 'sampled') expect(summary.peak?.bytes).toBeGreaterThan(31 * 1024 * 1024);
});

testWith(
  [needs.cgroup, needs.root],
  'an OOM kill of a child is reported at once and not as one of the target',
  async () => {
    const args = ['--memory-max', '32M', ...(host.mode === 'cgroup2' ? ['--swap-max', '0'] : [])];
    const script = `sleep ${SLOWNESS}; dd if=/dev/zero of=/dev/null bs=128M count=1; sleep ${2 * SLOWNESS}; exit 0`;
    const { outcome, summary, events } = await record('--interval', '60s', ...args, '--', 'sh', '-c', script);
    expect(outcome.status).toBe(0);
    expect(summary.exit.oomKilled).toBe(false);
    const kill = events.find(({ event }) => event === 'oom_kill');
    expect(kill).toMatchObject({ count: 1, noticed: host.mode === 'cgroup2' ? 'inotify' : 'eventfd' });
    // No tick happened in between: the kernel's notification woke us.
    expect(kill?.elapsedMs).toBeLessThan(summary.durationMs - 1000 * SLOWNESS);
  },
);

testWith(
  [needs.cgroup, needs.root],
  'a fork bomb under --pids-max is contained, ended and removed',
  async () => {
    const { summary } = await record(
      '--pids-max',
      '40',
      '--',
      'bash',
      '-c',
      ':(){ :|:& };: 2>/dev/null; sleep 1; exit 7',
    );
    expect(summary.exit.code === 7 || summary.exit.code === 254).toBe(true);
    expect(summary.processes?.max).toBeLessThanOrEqual(40);
    expect(processesWith(':|:&')).toEqual([]);
    expect(existsSync(required(summary.leaf))).toBe(false);
  },
  120_000,
);

const FREEZER = '/sys/fs/cgroup/freezer';

testWith(
  [needs.cgroup1, { what: 'the freezer of cgroup v1', has: existsSync(FREEZER), expected: false }],
  'a frozen process is not said to be killed',
  async () => {
    const freezer = mkdtempSync(join(FREEZER, 'cmemstat-test-'));
    try {
      const { summary } = await record(
        '--',
        'sh',
        '-c',
        `sleep 4244 >/dev/null 2>&1 & until grep -q sleep /proc/$!/comm; do :; done; echo $! > ${freezer}/cgroup.procs; echo FROZEN > ${freezer}/freezer.state`,
      );
      expect(summary.outlived).toEqual([{ pid: expect.any(Number), comm: 'sleep', stuck: true }]);
      expect(summary.warnings).toContainEqual(
        expect.stringMatching(
          /^1 process that outlived the target could not be killed: \d+ \(sleep\): frozen in \S+ \(hint: echo THAWED > \S+\/freezer\.state\)$/,
        ),
      );
    } finally {
      writeFileSync(join(freezer, 'freezer.state'), 'THAWED');
      await until('the thawed process to end', () => {
        return readFileSync(join(freezer, 'cgroup.procs'), 'utf8') === '' ? true : undefined;
      });
      rmdirSync(freezer);
    }
    // The next run removes what could not be removed.
    await cmemstat('-q', '--', 'true');
    expect(existsSync(required((await record('--', 'true')).summary.leaf))).toBe(false);
  },
  60_000,
);

/** A run of `sleep` that writes its pid to standard error once it is running. */
function startSleeping(...args: string[]) {
  const words = [
    '--json',
    '--kill-after',
    '1s',
    ...args,
    '--',
    'sh',
    '-c',
    'trap "" TERM; echo "pid $$" >&2; exec sleep 4245 >/dev/null 2>&1',
  ];
  return start(process.execPath, [BINARY, ...words]);
}

testWith(
  [needs.cgroup1, { what: 'the freezer of cgroup v1', has: existsSync(FREEZER), expected: false }],
  'a frozen target is abandoned after a second signal, with the command that thaws it',
  async () => {
    const freezer = mkdtempSync(join(FREEZER, 'cmemstat-test-'));
    const run = startSleeping();
    let leaf = '';
    try {
      await run.until(/^pid \d+$/m);
      await run.until(/"reason":"tick"/);
      const { start: first } = readPartial(run.soFar());
      leaf = required(first.leaf);
      writeFileSync(join(freezer, 'cgroup.procs'), String(first.pid));
      writeFileSync(join(freezer, 'freezer.state'), 'FROZEN');
      run.child.kill('SIGTERM');
      // Killed after 1 s; from a second after that on, the next signal counts at once.
      await wait(2500);
      run.child.kill('SIGTERM');
      const outcome = await run.ended;
      expect(outcome.status).toBe(125);
      expect(outcome.stderr).toContain(
        `the target could not be killed: ${first.pid} (sleep): frozen in ${freezer} (hint: echo THAWED > ${freezer}/freezer.state)`,
      );
      expect(outcome.stderr).toContain(`the cgroup ${leaf} stays, with process ${first.pid};`);
      const { summary } = readRecording(outcome);
      expect(summary.exit).toMatchObject({ status: 125, killedByCmemstat: true });
      expect(summary.outlived).toEqual([{ pid: first.pid, comm: 'sleep', stuck: true }]);
    } finally {
      run.child.kill('SIGKILL');
      writeFileSync(join(freezer, 'freezer.state'), 'THAWED');
      await until('the thawed process to end', () => {
        return readFileSync(join(freezer, 'cgroup.procs'), 'utf8') === '' ? true : undefined;
      });
      rmdirSync(freezer);
    }
    await cmemstat('-q', '--', 'true');
    expect(existsSync(leaf)).toBe(false);
  },
  60_000,
);

testWith(
  [needs.cgroup2],
  'a target that others have frozen is killed after a signal',
  async () => {
    const run = startSleeping();
    await run.until(/^pid \d+$/m);
    await run.until(/"reason":"tick"/);
    const leaf = required(readPartial(run.soFar()).start.leaf);
    writeFileSync(join(leaf, 'cgroup.freeze'), '1');
    run.child.kill('SIGTERM');
    expect((await run.ended).status).toBe(137);
    expect(existsSync(leaf)).toBe(false);
  },
  60_000,
);

testWith(
  [needs.cgroup2, needs.root],
  'a signal ends the start of a target in a frozen cgroup',
  async () => {
    const top = required(host.top);
    writeFileSync(join(top, 'cgroup.subtree_control'), '+memory');
    const parent = mkdtempSync(join(top, 'cmemstat-test-'));
    try {
      writeFileSync(join(parent, 'cgroup.freeze'), '1');
      const run = startSleeping('--cgroup-parent', parent);
      await until('the leaf', () => readdirSync(parent).find((name) => name.startsWith('cmemstat-')));
      await wait(500 * SLOWNESS);
      run.child.kill('SIGTERM');
      const outcome = await run.ended;
      expect(outcome.stderr).toContain('ended by SIGTERM while the target was being started');
      expect(outcome.status).toBe(143);
      expect(readdirSync(parent).filter((name) => name.startsWith('cmemstat-'))).toEqual([]);
    } finally {
      writeFileSync(join(parent, 'cgroup.freeze'), '0');
      rmdirSync(parent);
    }
  },
  60_000,
);

testWith(
  [needs.cgroup],
  'a daemonised child is ended and named; --wait all measures it to its end',
  async () => {
    const ended = await record('--', 'sh', '-c', 'setsid sleep 4242 >/dev/null 2>&1 & sleep 0.3; exit 0');
    expect(ended.summary.outlived).toEqual([{ pid: expect.any(Number), comm: 'sleep' }]);
    expect(ended.outcome.stderr).toMatch(/1 process outlived the target.*sleep/);
    expect(processesWith('4242')).toEqual([]);
    const waited = await record(
      '--wait',
      'all',
      '--',
      'sh',
      '-c',
      `setsid sleep ${SLOWNESS} >/dev/null 2>&1 & exit 5`,
    );
    expect(waited.outcome.status).toBe(5);
    expect(waited.summary.outlived).toEqual([]);
    expect(waited.summary.durationMs).toBeGreaterThanOrEqual(900 * SLOWNESS);
  },
);

testWithoutKernel([], 'signals are forwarded to the target, whose handler decides', async () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    const script = `trap 'echo got; exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
    const run = start(process.execPath, [BINARY, '-q', '--', 'sh', '-c', script]);
    await run.until(/ready/);
    run.child.kill(signal);
    const outcome = await run.ended;
    expect(outcome.stdout).toBe('ready\ngot\n');
    expect(outcome.status).toBe(9);
  }
});

testWith([needs.cgroup], 'the second SIGINT kills the whole leaf, and so does --kill-after', async () => {
  const stubborn = `trap 'echo caught' INT; trap '' TERM; echo ready; sleep 4343 & while :; do wait; done`;
  const twice = start(process.execPath, [BINARY, '--json', '--', 'sh', '-c', stubborn]);
  // The start record contains the command: only a separate line is the target's.
  await twice.until(/^ready$/m);
  twice.child.kill('SIGINT');
  await twice.until(/^caught$/m);
  twice.child.kill('SIGINT');
  const { outcome, summary } = readRecording(await twice.ended);
  expect(outcome.status).toBe(137);
  expect(summary.exit).toMatchObject({ signal: 'SIGKILL', killedByCmemstat: true, oomKilled: false });
  const late = start(process.execPath, [BINARY, '-q', '--kill-after', '300ms', '--', 'sh', '-c', stubborn]);
  await late.until(/ready/);
  late.child.kill('SIGTERM');
  expect((await late.ended).status).toBe(137);
  expect(processesWith('4343')).toEqual([]);
});

testWith([needs.cgroup], 'an error outside of the command ends the run in good order', async () => {
  const system = "Object.assign(new Error('EIO'), { code: 'EIO', errno: -5, syscall: 'read', path: '/x' })";
  for (const [thrown, message] of [
    [system, /^cmemstat: read \/x: input\/output error\n$/m],
    ["new Error('unexpected')", /^cmemstat: internal error: Error: unexpected\n {4}at /m],
  ] as const) {
    const preload = join(scratch, 'throws.cjs');
    writeFileSync(preload, `process.on('SIGUSR2', () => Promise.reject(${thrown}));`);
    const run = start(process.execPath, ['--require', preload, BINARY, '--json', '--', 'sleep', '4545']);
    await run.until(/"type":"sample"/);
    const { leaf } = JSON.parse(run.soFar().split('\n')[0] ?? '') as { leaf: string };
    run.child.kill('SIGUSR2');
    const { status, stderr } = await run.ended;
    expect([status, stderr]).toEqual([125, expect.stringMatching(message)]);
    expect(processesWith('4545')).toEqual([]);
    await cmemstat('-q', '--', 'true');
    expect(existsSync(leaf)).toBe(false);
  }
});

testWith([needs.cgroup], 'the next run removes the leaf of a killed cmemstat', async () => {
  const run = start(process.execPath, [BINARY, '--json', '--', 'sleep', '4444']);
  await run.until(/"type":"sample"/);
  const leaf = (JSON.parse(run.soFar().split('\n')[0] ?? '') as { leaf: string }).leaf;
  run.child.kill('SIGKILL');
  await run.exited;
  expect(existsSync(leaf)).toBe(true);
  // It still contains a process: it must not be removed yet.
  await cmemstat('-q', '--', 'true');
  expect(existsSync(leaf)).toBe(true);
  for (const pid of processesWith('4444')) process.kill(pid, 'SIGKILL');
  const procs = join(leaf, 'cgroup.procs');
  await expect
    .poll(() => (existsSync(procs) ? readFileSync(procs, 'utf8') : ''), { timeout: 10_000 * SLOWNESS })
    .toBe('');
  const next = await cmemstat('-q', '-v', '--', 'true');
  // systemd removes the scope of the dead run itself; elsewhere the next run does.
  if (!existsSync('/run/systemd/system')) {
    expect(next.stderr).toContain(`removed a stale cgroup: ${leaf}`);
  }
  expect(existsSync(leaf)).toBe(false);
});

testWith(
  [needs.cgroup],
  'many launches leave no leaf, no file descriptor and no zombie',
  async () => {
    const before = leavesOnHost();
    // One that leaves something behind shows in a few; hundreds show what is rare.
    const launches = isGuest ? 20 : 500;
    const file = await builtTarget('many-launches');
    const outcome = await start(process.execPath, [file, String(launches)], { input: '' }).ended;
    expect(outcome.status).toBe(0);
    const report = JSON.parse(outcome.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    expect(report).toMatchObject({ launches, failures: 0, zombies: 0 });
    expect(report.fdsAfter).toBe(report.fdsBefore);
    expect(leavesOnHost()).toEqual(before);
  },
  120_000,
);

testWith([], 'a failed reading does not affect the target: a removed leaf is not an error', async () => {
  const { outcome, summary } = await record('--interval', '1ms', '--', 'sh', '-c', 'exit 0');
  expect(outcome.status).toBe(0);
  expect(summary.warnings).toEqual([]);
});

testWith(
  [needs.cgroup, needs.root],
  '500 MiB of another process are not counted: only the leaf is measured',
  async () => {
    const { summary } = await record('--', 'true');
    expect(summary.peak?.bytes).toBeLessThan(20 * 1024 * 1024);
    expect(readFileSync('/proc/self/cgroup', 'utf8')).not.toMatch(/cmemstat-\d/);
  },
);

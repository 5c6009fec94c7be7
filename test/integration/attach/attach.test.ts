/** Commands for what already runs: cgroups that are named as runtimes name them, with real processes. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import {
  BINARY,
  cmemstat,
  host,
  MIB,
  needs,
  type Running,
  readRecording,
  scratch,
  start,
  testWith,
  testWithoutKernel,
} from '../harness.ts';
import { makeMemoryCgroup, removeWhenEmpty } from '../memory-cgroup.ts';
import { HOLD_20_MIB, killStarted, mountPoint, startIn } from './cgroup-programs.ts';

const supported = needs.root.has && needs.cgroup.has;

const top = `cmemstat-test-attach-${process.pid}`;
const id = randomBytes(32).toString('hex');
const uid = '0d2ffb0a-2d1b-4f4a-9d6a-3a2f6c0b8e11';
const paths = {
  docker: `/${top}/system.slice/docker-${id}.scope`,
  pod: `/${top}/kubepods/burstable/pod${uid}/${randomBytes(32).toString('hex')}`,
};

let container: Running | undefined;

beforeAll(async () => {
  if (!supported) return;
  container = await startIn(paths.docker, HOLD_20_MIB);
  await startIn(paths.pod, HOLD_20_MIB);
}, 120_000);

afterAll(async () => {
  if (!supported) return;
  await killStarted();
  await removeWhenEmpty(join(mountPoint, top));
});

describe('a target', () => {
  testWith([needs.root, needs.cgroup], 'is found by what runs in it', async () => {
    const pod = paths.pod.slice(0, paths.pod.lastIndexOf('/'));
    const targets = [
      [paths.docker, paths.docker],
      [`container:${id.slice(0, 16)}`, paths.docker],
      [id.slice(0, 16), paths.docker],
      [String(container?.child.pid), paths.docker],
      [`pod:${uid}`, pod],
      [`unit:docker-${id}.scope`, paths.docker],
    ] as const;
    for (const [target, path] of targets) {
      const outcome = await cmemstat('explain', '--json', '--sample', '1000', target);
      expect(outcome.stderr).toBe('');
      expect([target, (JSON.parse(outcome.stdout) as { cgroup: string }).cgroup]).toEqual([target, path]);
    }
  });

  testWith([needs.root, needs.cgroup], 'that does not exist is refused with what was looked at', async () => {
    const outcome = await cmemstat('explain', 'container:no-such-container');
    expect(outcome.status).toBe(125);
    expect(outcome.stderr).toContain('explain container:no-such-container: no container has this name');
    expect(outcome.stderr).toMatch(/looked at:\n {2}\/sys\/fs\/cgroup.*: \d+ cgroups/);
  });
});

describe('cmemstat attach', () => {
  testWith([needs.root, needs.cgroup], 'measures what runs, and says what was charged before', async () => {
    const outcome = await cmemstat('attach', '--json', '--timeout', '2s', `container:${id}`);
    const { start: first, samples, summary } = readRecording(outcome);
    expect(outcome.status).toBe(0);
    expect(first.attached).toMatchObject({
      target: `container:${id}`,
      cgroup: paths.docker,
      owner: { kind: 'container', runtime: 'docker', name: id, id },
    });
    expect(first.pid).toBeUndefined();
    expect(first.attached?.chargedBytes).toBeGreaterThan(20 * MIB);
    expect(samples.length).toBeGreaterThan(2);
    for (const sample of samples) expect(sample.stat?.anon).toBeGreaterThan(20 * MIB);
    expect(summary.exit).toEqual({ status: 0, endedBy: 'timeout' });
    expect(summary.attached).toEqual(first.attached);
    expect(summary.processes?.max).toBe(1);
    expect(existsSync(join(mountPoint, paths.docker))).toBe(true);
    expect(container?.child.exitCode).toBeNull();
  });

  testWith(
    [needs.root, needs.cgroup],
    'has the containers of a pod, and one process if it is named',
    async () => {
      const pod = await cmemstat('attach', '--json', '--timeout', '1s', `pod:${uid}`);
      const { samples, summary } = readRecording(pod);
      const cgroup = paths.pod.slice(paths.pod.lastIndexOf('/') + 1);
      expect(samples[0]?.containers).toMatchObject([{ cgroup, current: expect.any(Number) }]);
      expect(samples.at(-1)?.containers?.[0]?.anon).toBeGreaterThan(20 * MIB);
      expect(summary.containers).toMatchObject([{ cgroup, lastBytes: expect.any(Number) }]);
      const refused = await cmemstat('attach', '--process', paths.docker);
      expect([refused.status, refused.stderr]).toEqual([125, expect.stringContaining('is not a process')]);
    },
  );

  testWith([needs.root, needs.cgroup], 'does not report events from before', async () => {
    const path = `/${top}/limited`;
    const limit = host.mode === 'cgroup2' ? 'memory.max' : 'memory.limit_in_bytes';
    const directory = makeMemoryCgroup(mountPoint, path);
    writeFileSync(join(directory, limit), String(64 * MIB));
    // The shell survives the kill of its child.
    const fill = `${process.execPath} -e 'Buffer.alloc(200 << 20, 1)'; echo ready; exec sleep 1000`;
    await startIn(path, ['/bin/sh', '-c', fill]);
    const outcome = await cmemstat('attach', '--json', '--timeout', '1500ms', path);
    const { events, summary } = readRecording(outcome);
    const kills = (counts: Record<string, number> | undefined) => counts?.oom_kill;
    expect(events.filter(({ event }) => event !== 'warning')).toEqual([]);
    expect(kills(summary.events) ?? kills(summary.eventsLocal)).toBe(0);
    const stat = readFileSync(
      join(directory, host.mode === 'cgroup2' ? 'memory.events' : 'memory.oom_control'),
    );
    expect(String(stat)).toMatch(/^oom_kill [1-9]/m);
  });

  testWith([needs.root, needs.cgroup], 'ends with 0 on a signal, and sends none', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const attached = start(BINARY, ['attach', '--json', paths.docker]);
      await attached.until(/"type":"sample"/);
      attached.child.kill(signal);
      const outcome = await attached.ended;
      expect(outcome.status).toBe(0);
      expect(readRecording(outcome).summary.exit).toEqual({ status: 0, endedBy: 'signal' });
    }
    expect(container?.child.exitCode).toBeNull();
    expect(container?.child.signalCode).toBeNull();
  });

  testWith(
    [needs.root, needs.cgroup],
    'ends with 0 when the cgroup is removed, and reports that',
    async () => {
      const path = `/${top}/short`;
      const short = await startIn(path, ['/bin/sh', '-c', 'echo ready; read -r _']);
      const attached = start(BINARY, ['attach', '--no-tui', path]);
      await attached.until(/current/);
      short.child.stdin?.end();
      await short.exited;
      await removeWhenEmpty(join(mountPoint, path));
      const outcome = await attached.ended;
      expect(outcome.status).toBe(0);
      expect(outcome.stderr).toContain('ended as the cgroup was removed');
    },
  );

  testWith(
    [needs.root, needs.cgroup],
    'evaluates budgets, and its recording can be evaluated again',
    async () => {
      const file = join(scratch, 'attached.jsonl');
      const budgets = ['--budget', 'anon<=1MiB', '--budget', 'anon.growth<=1GiB/min'];
      const failed = await cmemstat(
        'attach',
        '-q',
        '--timeout',
        '2s',
        '--output',
        file,
        ...budgets,
        paths.docker,
      );
      expect(failed.status).toBe(3);
      expect(failed.stderr).toContain('anon<=1MiB');
      // It held them before: it has not grown.
      expect(failed.stderr).not.toContain('0 B -> ');
      const passed = await cmemstat(
        'attach',
        '-q',
        '--timeout',
        '2s',
        '--budget',
        'anon<=1GiB',
        paths.docker,
      );
      expect([passed.status, passed.stderr]).toEqual([0, expect.stringContaining('1 of 1 budget passed')]);
      expect((await cmemstat('budget', 'check', '--budget', 'anon<=1MiB', file)).status).toBe(3);
      expect((await cmemstat('compare', file, file)).status).toBe(0);
      expect((await cmemstat('report', file)).stdout).toContain(paths.docker);
    },
  );

  testWith(
    [needs.root, needs.cgroup],
    'counts the CPU time and the peak from the attachment, where the kernel has them',
    async () => {
      const outcome = await cmemstat('attach', '--json', '--timeout', '2s', paths.docker);
      const { start: first, summary } = readRecording(outcome);
      if (host.mode === 'cgroup1') {
        expect(summary.cpuUs).toBeUndefined();
        expect(first.attached?.peakSince).toBe('creation');
        return;
      }
      // The process has started Node.js before, and is idle now.
      const used = readFileSync(join(mountPoint, paths.docker, 'cpu.stat'), 'utf8');
      const total = Number(/^usage_usec (\d+)$/m.exec(used)?.[1]);
      expect((summary.cpuUs?.user ?? total) + (summary.cpuUs?.system ?? total)).toBeLessThan(total / 2);
      expect(first.attached?.peakSince).toBe(host.isAtLeast(6, 12) ? 'attachment' : 'creation');
    },
  );

  testWith(
    [needs.root, needs.cgroup],
    'follows a restarted service into its next cgroup, in its recording too',
    async () => {
      const name = `attach-${process.pid}.service`;
      const path = `/${top}/system.slice/${name}`;
      const first = await startIn(path, ['/bin/sh', '-c', 'echo ready; read -r _']);
      const file = join(scratch, 'followed.jsonl');
      const attached = start(BINARY, [
        'attach',
        '--no-tui',
        ...['--interval', '200ms', '--output', file],
        ...['--budget', 'anon<=1GiB'],
        `unit:${name}`,
      ]);
      await attached.until(/current/);
      first.child.stdin?.end();
      await first.exited;
      await removeWhenEmpty(join(mountPoint, path));
      await attached.until(/waiting: .* was removed: waiting for the next cgroup of unit:attach-/);
      // Its memory was not there before: the counters and the peak are those of this cgroup.
      const second = await startIn(path, HOLD_20_MIB);
      await attached.until(/followed: .*[\s\S]*(\d\ds|\ds) +(2\d|3\d)\.\d MiB/);
      attached.child.kill('SIGINT');
      const outcome = await attached.ended;
      expect(outcome.stderr).toContain('followed into one other cgroup');
      expect(outcome.stderr).toContain('budgets apply to 2 cgroups');
      expect(outcome.status).toBe(0);
      second.child.kill('SIGKILL');
      await second.exited;
      await removeWhenEmpty(join(mountPoint, path));

      const {
        events,
        summary,
        start: begun,
      } = readRecording({ ...outcome, stdout: readFileSync(file, 'utf8') });
      const kinds = events
        .map(({ event }) => event)
        .filter((event) => event === 'waiting' || event === 'followed');
      expect(kinds).toEqual(['waiting', 'followed']);
      expect(summary.exit).toEqual({ status: 0, endedBy: 'signal' });
      expect(summary.restarts).toMatchObject({ count: 1 });
      const [before, after] = summary.restarts?.cgroups ?? [];
      expect(before?.peakBytes).toBeLessThan(20 * MIB);
      expect(after?.peakBytes).toBeGreaterThan(20 * MIB);
      expect(after?.attached).toMatchObject({ cgroup: path, followed: true });
      expect(begun.attached).toEqual(summary.attached);
      if (host.mode === 'cgroup2') expect(summary.cpuUs?.user).toBeGreaterThan(0);

      expect((await cmemstat('budget', 'check', '--budget', 'anon<=1MiB', file)).status).toBe(3);
      expect((await cmemstat('report', file)).stdout).toContain('budgets apply to 2 cgroups');
      expect((await cmemstat('compare', file, file)).status).toBe(0);
    },
  );

  testWithoutKernel(
    [needs.root, needs.cgroup],
    'does not follow if that is not wanted, and no process',
    async () => {
      const refused = await cmemstat('attach', '--follow', String(container?.child.pid));
      expect([refused.status, refused.stderr]).toEqual([
        125,
        expect.stringContaining('--follow: no other process'),
      ]);
      const name = `attach-once-${process.pid}.service`;
      const path = `/${top}/system.slice/${name}`;
      const short = await startIn(path, ['/bin/sh', '-c', 'echo ready; read -r _']);
      const attached = start(BINARY, ['attach', '--no-tui', '--no-follow', `unit:${name}`]);
      await attached.until(/current/);
      short.child.stdin?.end();
      await short.exited;
      await removeWhenEmpty(join(mountPoint, path));
      expect((await attached.ended).stderr).toContain('ended as the cgroup was removed');
    },
  );

  testWithoutKernel(
    [needs.root, needs.cgroup],
    'with --explain and a baseline, and says what it did not measure',
    async () => {
      const baseline = join(scratch, 'attached-baseline.json');
      const file = join(scratch, 'explained.jsonl');
      const saved = await cmemstat(
        'attach',
        '-q',
        ...['--timeout', '1s', '--explain', 'end', '--output', file, '--save-baseline', baseline],
        ...['--budget', 'anon<=1GiB', '--budget', 'anon.growth<=1GiB/min'],
        paths.docker,
      );
      // Growth needs five seconds.
      expect([saved.status, saved.stderr]).toEqual([5, expect.stringMatching(/NOT MEASURED.*anon\.growth/)]);
      const { explained } = JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '') as {
        explained?: { names: { name: string; bytes: number }[] }[];
      };
      expect(explained?.[0]?.names[0]?.bytes).toBeGreaterThan(20 * MIB);

      const compared = await cmemstat(
        'attach',
        '-q',
        ...['--timeout', '1s', '--explain', 'exceeded', '--baseline', baseline, '--max-regression', '50%'],
        ...['--budget', 'anon<=1MiB', '--report', 'text'],
        paths.docker,
      );
      expect(compared.status).toBe(3);
      expect(compared.stderr).toContain('after the attachment');
      expect(compared.stderr).not.toContain('after the launch');
      expect(compared.stderr).toMatch(/names|no regression/);
      expect((await cmemstat('compare', baseline, file)).status).toBe(0);
    },
  );
});

/** Attaching to services, sessions and slices of systemd. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { BINARY, cmemstat, readRecording, scratch, start, testWith } from '../harness.ts';
import { MANAGER, needsRootGuest, needsSystemdGuest } from '../needs-systemd.ts';

const unit = `held-${process.pid}`;

beforeAll(() => {
  if (!needsSystemdGuest.has) return;
  const properties = ['-p', 'Restart=always', '-p', 'RestartSec=100ms'];
  execFileSync('systemd-run', [...MANAGER, '--quiet', '--unit', unit, ...properties, 'sleep', '1000']);
});

afterAll(() => {
  if (needsSystemdGuest.has) execFileSync('systemctl', [...MANAGER, 'stop', unit]);
});

testWith([needsSystemdGuest], 'a service that ends is followed into the cgroup of its restart', async () => {
  const file = join(scratch, 'unit.jsonl');
  const attached = start(process.execPath, [
    ...[BINARY, 'attach', '--no-tui', '--interval', '200ms', '--output', file, `unit:${unit}`],
  ]);
  await attached.until(/current/);
  execFileSync('systemctl', [...MANAGER, 'kill', '--signal', 'KILL', unit]);
  await attached.until(/followed: /);
  await attached.until(/followed: [\s\S]*\n +\d+\S*s +\d/);
  attached.child.kill('SIGINT');
  const outcome = await attached.ended;
  expect(outcome.status, outcome.stderr).toBe(0);
  const { start: first, events, summary } = readRecording(outcome, readFileSync(file, 'utf8'));
  expect(first.attached).toMatchObject({
    target: `unit:${unit}.service`,
    owner: { kind: 'service', runtime: 'systemd', name: `${unit}.service` },
  });
  expect(events.map(({ event }) => event)).toContain('followed');
  expect(summary.restarts?.cgroups).toHaveLength(2);
  expect(summary.restarts?.cgroups[1]?.attached).toMatchObject({ followed: true });
});

testWith([needsSystemdGuest], 'units are rows of the list of all cgroups', async () => {
  const { status, stdout, stderr } = await cmemstat('top', '--json', '--filter', unit);
  expect([status, stderr]).toEqual([0, '']);
  const rows: { name: string; owner?: object }[] = JSON.parse(stdout).cgroups;
  expect(rows.map(({ name }) => name)).toContain(`${unit}.service`);
});

testWith(
  [needsSystemdGuest, needsRootGuest],
  'slices and the managers of users are found by their names',
  async () => {
    const targets = [
      ['system.slice', '/system.slice'],
      ['unit:user-1000.slice', '/user.slice/user-1000.slice'],
      ['user@1000.service', '/user.slice/user-1000.slice/user@1000.service'],
    ] as const;
    for (const [target, cgroup] of targets) {
      const { start: first, samples } = readRecording(
        await cmemstat('attach', '--json', '--timeout', '200ms', target),
      );
      expect(first.attached).toMatchObject({ cgroup });
      expect(samples.at(-1)?.stat?.anon).toBeGreaterThan(0);
    }
  },
);

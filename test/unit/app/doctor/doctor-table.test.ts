import { expect, it } from 'vitest';
import type { Diagnosis } from '#src/app/doctor/diagnosis.ts';
import { renderDiagnosis } from '#src/app/doctor/doctor-table.ts';
import { golden } from '../../../paths.ts';

const DIAGNOSIS: Diagnosis = {
  version: 1,
  cmemstat: '0.1.0',
  ready: true,
  checks: [
    { name: 'kernel', state: 'ok', found: '5.10.0-33-amd64' },
    { name: 'memory controller', state: 'ok', found: 'cgroup v2 at /sys/fs/cgroup' },
    { name: 'rights', state: 'limited', found: 'uid 1000', hint: 'sudo cmemstat --user "$USER" -- COMMAND' },
    { name: 'placement systemd', state: 'skipped', found: 'systemd is not running on this host' },
    {
      name: 'peak',
      state: 'limited',
      found: 'no memory.peak: the peak is the highest reading',
      since: '5.19',
      hint: 'use Linux 5.19 or later',
    },
    { name: 'bpf charged', state: 'missing', found: 'BPF memory is charged to no cgroup', since: '5.11' },
  ],
};

it('shows the diagnosis of a host without problems', async () => {
  await expect(`${renderDiagnosis(DIAGNOSIS).join('\n')}\n`).toMatchFileSnapshot(
    golden('doctor/doctor-ready.txt'),
  );
});

it('shows the diagnosis of a host with problems', async () => {
  const lines = renderDiagnosis({
    ...DIAGNOSIS,
    ready: false,
    checks: [
      {
        name: 'memory controller',
        state: 'missing',
        found: 'none is mounted',
        hint: 'mount -t cgroup2 none /sys/fs/cgroup',
      },
    ],
  });
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('doctor/doctor-not-ready.txt'));
});

it('aligns the columns', () => {
  const rows = renderDiagnosis(DIAGNOSIS).slice(0, -2);
  const column = 'memory controller'.length + 2 + 9;
  for (const row of rows) expect(row.slice(column - 1, column + 1)).toMatch(/^ \S$/);
});

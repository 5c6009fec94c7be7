import { describe, expect, it } from 'vitest';
import type { SummaryRecord } from '#src/model/recording.ts';
import type { AttachedSegment, AttachedTo } from '#src/model/restarts.ts';
import { describeAttachment } from '#src/output/summary-text.ts';
import { cgroup2 } from './records.ts';

const attached: AttachedTo = {
  target: 'unit:web.service',
  cgroup: '/system.slice/web.service',
  peakSince: 'creation',
  chargedBytes: 4096,
};

const segment = (fromMs: number, more: Partial<AttachedSegment> = {}): AttachedSegment => ({
  attached,
  fromMs,
  toMs: fromMs + 1000,
  ...more,
});

const lines = (more: Partial<SummaryRecord>) =>
  describeAttachment({ ...cgroup2.summary, durationMs: 9000, ...more }, attached);

describe('the summary of an attachment', () => {
  it('lists what each cgroup used that was followed into', () => {
    const used = {
      peakBytes: 2048,
      lastBytes: 1024,
      growth: { anon: 1024 },
      events: { oom_kill: 1, max: 0 },
      cpuUs: { user: 1000, system: 2000 },
    };
    const cgroups = [segment(0, used), segment(2000)];
    const text = lines({
      exit: { status: 0, endedBy: 'timeout' },
      restarts: { count: 1, waitedMs: 500, cgroups },
    });
    expect(text).toEqual([
      '  measured for 9.0s, ended by --timeout, 1 restart followed',
      '  cgroup /system.slice/web.service',
      '  4.00 KiB were charged before and are in the figures; growth and counters start at the attachment',
      '  followed into one other cgroup, 500ms without one: below, maxima and averages are over all, counters and CPU time their sum, growth that of the last',
      '    0ms to 1.0s  /system.slice/web.service: peak 2.00 KiB; last 1.00 KiB; growth anon 1.00 KiB/min; events oom_kill 1; cpu time 3ms',
      '    2.0s to 3.0s  /system.slice/web.service: not read',
    ]);
  });

  it('has a line for each container of a pod', () => {
    const containers = [
      { cgroup: 'cri-containerd-12.scope', name: 'web', peakBytes: 2048, lastBytes: 1024 },
      { cgroup: 'crio-34.scope', peakBytes: 0, lastBytes: 0 },
    ];
    expect(lines({ containers }).slice(3)).toEqual([
      '    container web (cri-containerd-12.scope): at most 2.00 KiB in samples, at last 1.00 KiB',
      '    container crio-34.scope: at most 0 B in samples, at last 0 B',
    ]);
  });

  it('says how many it does not list, and that none followed', () => {
    const many = Array.from({ length: 20 }, (_, at) => segment(at * 2000));
    const text = lines({ restarts: { count: 40, waitedMs: 0, cgroups: many } });
    expect(text[4]).toBe('    (36 more before these)');
    expect(text).toHaveLength(10);
    expect(lines({ restarts: { count: 0, waitedMs: 700, cgroups: [segment(0)] } })[3]).toBe(
      '  the cgroup was removed, and no other had its name, 700ms without one',
    );
  });
});

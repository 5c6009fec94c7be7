import { describe, expect, it } from 'vitest';
import type { SummaryRecord } from '#src/model/recording.ts';
import { describeOutlived, renderEvent, renderSummary } from '#src/output/summary-text.ts';
import { golden } from '../../paths.ts';
import { cgroup1, cgroup2, processTree } from './records.ts';

const render = (summary: SummaryRecord, plainBytes = false) =>
  renderSummary(summary, { plainBytes }).join('\n');
const changed = (summary: SummaryRecord, changes: Partial<SummaryRecord>) =>
  render({ ...summary, ...changes });

describe('renderSummary', () => {
  it.each([
    ['cgroup2', cgroup2],
    ['cgroup1', cgroup1],
    ['process-tree', processTree],
  ])('summarizes a run in mode %s', async (mode, { summary }) => {
    await expect(`${render(summary)}\n`).toMatchFileSnapshot(golden(`output/summary-${mode}.txt`));
  });

  it.each([cgroup2, cgroup1, processTree])('shows no control character of $start.mode', ({ summary }) => {
    const add = (_key: string, value: unknown) =>
      typeof value === 'string' ? `${value}\u001b[2J\u009b` : value;
    const hostile = JSON.parse(JSON.stringify(summary), add) as SummaryRecord;
    expect(renderSummary(hostile, { plainBytes: false }).join('')).not.toMatch(/\p{Cc}/u);
  });

  it.each([
    ['timeout', 'creation', 'ended by --timeout', 'since the cgroup was made'],
    ['removed', 'attachment', 'ended as the cgroup was removed', 'since the attachment'],
  ] as const)(
    'says how an attachment ended (%s), and since when peak is the maximum',
    (endedBy, peakSince, end, since) => {
      const attached = { target: 'nginx.service', cgroup: '/system.slice/nginx.service', peakSince };
      const exit = { status: 0, endedBy };
      const text = changed(cgroup2.summary, { exit, attached: { ...attached, chargedBytes: 3 << 20 } });
      expect(text).toMatch(new RegExp(`^  measured for .*, ${end}$`, 'm'));
      expect(text).toContain('  3.00 MiB were charged before and are in the figures');
      expect(text).toMatch(new RegExp(`^ +peak .*${since}$`, 'm'));
      expect(text).toContain('after the attachment:');
      expect(text).not.toContain('exit status');
      expect(changed(cgroup2.summary, { exit, attached })).not.toContain('charged before');
    },
  );

  it('shows plain numbers of bytes', async () => {
    await expect(`${render(cgroup2.summary, true)}\n`).toMatchFileSnapshot(
      golden('output/summary-bytes.txt'),
    );
  });

  it.each<[string, SummaryRecord['exit'], string]>([
    ['a status', { status: 3, code: 3 }, '  exit status 3 after 870ms'],
    ['a signal', { status: 143, signal: 'SIGTERM' }, '  ended by SIGTERM after 870ms (exit status 143)'],
    [
      'a signal that is not an OOM kill',
      { status: 137, signal: 'SIGKILL', oomKilled: false },
      '  ended by SIGKILL after 870ms (exit status 137)',
    ],
    [
      'our own kill',
      { status: 137, signal: 'SIGKILL', killedByCmemstat: true },
      '  ended by SIGKILL by cmemstat after 870ms (exit status 137)',
    ],
    [
      'the OOM killer',
      { status: 137, signal: 'SIGKILL', oomKilled: true },
      '  killed by the OOM killer after 870ms (SIGKILL, exit status 137)',
    ],
  ])('describes an end by %s', (_, exit, line) => {
    expect(changed(cgroup1.summary, { exit }).split('\n')).toContain(line);
  });

  it('lists the memory by name where it was explained', () => {
    const names = [
      {
        kind: 'process' as const,
        name: 'node server.js',
        pid: 7,
        bytes: 3_145_728,
        reclaim: 'process' as const,
      },
      { kind: 'file' as const, name: '/var/log/a\u001b.log', bytes: 1_048_576, reclaim: 'dirty' as const },
      { kind: 'file' as const, name: `/${'d'.repeat(4000)}/a.log`, bytes: 4096, reclaim: 'dirty' as const },
    ];
    const how = { method: 'pages' as const, bytes: 8_388_608, names };
    const text = changed(cgroup2.summary, {
      explained: [
        { moment: 'peak', elapsedMs: 1500, ...how },
        {
          moment: 'exceeded',
          elapsedMs: 2000,
          message: 'anon<=1MiB',
          ...how,
          method: 'counters',
          reason: 'no BTF',
        },
      ],
    });
    expect(text).toContain(
      [
        '  memory by name at a peak, 1.5s after the launch: 8.00 MiB',
        '      3.00 MiB  node server.js (7)',
        '      1.00 MiB  /var/log/a\\x1b.log',
        `      4.00 KiB  /${'d'.repeat(65)}…${'d'.repeat(127)}/a.log`,
        '  memory by name when a budget was exceeded (anon<=1MiB), 2.0s after the launch: 8.00 MiB; without a page scan: no BTF',
      ].join('\n'),
    );
  });

  it('begins with what is not measured', () => {
    const process = {
      ...{ pid: 7, comm: 'hog', cgroup: '/other', sinceMs: 120 },
      ...{ message: 'process 7 (hog) has been in cgroup /other', hint: 'start cmemstat there' },
    };
    const elsewhere = { count: 5, processes: [process, process, process, process] };
    expect(changed(cgroup1.summary, { elsewhere, cgroupRemovedMs: 300 }).split('\n').slice(2, 8)).toEqual([
      '  WARNING: the cgroup of the run was removed 300ms after the launch while the target was running: the figures end there',
      ...[1, 2, 3].map(() => '  WARNING: process 7 (hog) has been in cgroup /other'),
      '  WARNING: 2 more of its processes were in other cgroups',
      '    hint: start cmemstat there',
    ]);
  });

  it('states that BPF maps are at least as large if the kernel understates them', () => {
    const trie = {
      ...{
        id: 1,
        type: 'lpm_trie',
        name: 'routes',
        key_size: 8,
        value_size: 8,
        max_entries: 10,
        bytes: 1024,
      },
      ...{ source: 'memlock' as const, unchargedBytes: 0, atLeast: true as const },
    };
    const none = { count: 0, bytes: 0 };
    const maps = { count: 1, bytes: 1024, atLeast: true as const };
    const places = { vmalloc: 0, slab: 1024, percpu: 0, pages: 0 };
    const largest = { attribution: 'memcg' as const, charged: { maps, programs: none, places } };
    const text = changed(cgroup2.summary, { bpf: { largest, maps: [trie] } });
    expect(text).toContain('1 map at least 1.00 KiB');
    expect(text).toMatch(/1.00 KiB {2}routes {2}lpm_trie, at least$/m);
  });

  it('states why the kernel has no peak', () => {
    const peak = { bytes: 1, source: 'sampled' } as const;
    expect(changed(cgroup2.summary, { peak })).toContain(
      'sampled: this kernel has no memory.peak (since Linux 5.19)',
    );
  });

  it('has one statement about BPF memory that was only read after the exit', () => {
    const { bpf } = cgroup2.summary;
    const size = { count: 0, bytes: 0 };
    const places = { vmalloc: 0, slab: 0, percpu: 0, pages: 0 };
    const largest = { attribution: 'memcg', charged: { maps: size, programs: size, places } } as const;
    const lines = changed(cgroup2.summary, { bpf: { ...bpf, largest, runningReadings: 0 } }).split('\n');
    expect(lines.filter((line) => /bpf (after|charged|held)/.test(line))).toEqual([
      expect.stringMatching(/bpf after the target exited: .* \(the run was too short/),
    ]);
  });

  it('names the largest maps that are held but charged elsewhere', () => {
    const heldElsewhere = { count: 3, bytes: 9216, names: { small: 1024, '': 2048, large: 6144 } };
    const lines = changed(cgroup2.summary, { bpf: { ...cgroup2.summary.bpf, heldElsewhere } }).split('\n');
    const at = lines.indexOf('    held, but charged elsewhere, at most: 3 maps 9.00 KiB');
    expect(lines.slice(at + 1, at + 4).map((line) => line.trim())).toEqual([
      '6.00 KiB  large',
      '2.00 KiB  (no name)',
      '1.00 KiB  small',
    ]);
  });

  it('states that the peak lies between two samples only if it does', () => {
    const note = 'the peak fell between two samples';
    const bytes = cgroup2.summary.highest?.current ?? 0;
    const peakOf = (share: number) =>
      changed(cgroup2.summary, { peak: { bytes: bytes / share, source: 'memory.peak' } });
    expect(peakOf(0.89)).toContain(note);
    expect(peakOf(0.91)).not.toContain(note);
  });

  it('omits parts of 0, but not the total', () => {
    const text = render(cgroup2.summary);
    expect(text).toMatch(/^ +sock +0 B/m);
    expect(text).not.toContain('percpu');
  });

  it('does not call a target without samples a target without processes', () => {
    const processesOf = (max: number) => changed(cgroup1.summary, { processes: { max } });
    expect(processesOf(2)).toContain('  processes: 2 at most');
    expect(processesOf(0)).toContain('  processes: none in any sample');
  });

  it('is short if nothing was measured', () => {
    const { peak: _, highest: __, ...rest } = cgroup1.summary;
    const bare = render({ ...rest, averages: {}, sources: {}, outlived: [] });
    expect(bare).not.toContain('peak');
    expect(bare).not.toContain('averages');
    expect(bare).toContain('exit status 2');
  });
});

describe('growth', () => {
  const growthLines = (growth?: Record<string, number>) =>
    renderSummary(
      { ...cgroup2.summary, ...(growth === undefined ? {} : { growth }) },
      { plainBytes: false },
    ).filter((line) => line.includes('growth'));

  it('has a line if some is certain', () => {
    expect(growthLines({ current: 62_914_560, anon: 62_914_560, kernel: -122_880 })).toEqual([
      '  growth/min: current +60.0 MiB, anon +60.0 MiB, kernel -120 KiB',
    ]);
  });

  it('is not mentioned otherwise', () => {
    expect(growthLines()).toEqual([]);
  });
});

describe('renderEvent', () => {
  it.each([
    [{ event: 'max', count: 18, increase: 2 }, '   1.2s  max +2 (now 18)'],
    [{ event: 'warning', message: 'careful' }, '   1.2s  warning: careful'],
  ])('writes %o', (event, line) => {
    expect(renderEvent({ type: 'event', elapsedMs: 1234, ...event })).toBe(` ${line}`);
  });
});

describe('describeOutlived', () => {
  const processes = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ pid: at + 1, comm: `p${at}` }));

  it.each([
    [1, '1 process outlived the target and was killed: 1 (p0)'],
    [2, '2 processes outlived the target and were killed: 1 (p0), 2 (p1)'],
    [7, '7 processes outlived the target and were killed: 1 (p0), 2 (p1), 3 (p2), 4 (p3), 5 (p4) and 2 more'],
  ])('lists %i of them', (count, line) => {
    expect(describeOutlived(processes(count))).toBe(line);
  });

  it('leaves out those that could not be killed', () => {
    expect(describeOutlived([{ pid: 1, comm: 'a', stuck: true }])).toBeUndefined();
    expect(describeOutlived([{ pid: 1, comm: 'a', stuck: true }, ...processes(1)])).toBe(
      '1 process outlived the target and was killed: 1 (p0)',
    );
  });

  it('escapes a name', () => {
    expect(describeOutlived([{ pid: 1, comm: '\u001b[2J' }])).toContain('1 (\\x1b[2J)');
  });
});

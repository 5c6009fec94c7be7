import { describe, expect, it } from 'vitest';
import { renderBrief } from '#src/output/brief-summary.ts';
import { cgroup1, cgroup2, processTree } from './records.ts';

const READABLE = { plainBytes: false };
const WARNINGS = ['first', 'second', 'third', 'fourth'].map((word) => `the ${word} thing is not known`);

describe('renderBrief', () => {
  it.each([
    ['cgroup2', cgroup2],
    ['cgroup1', cgroup1],
    ['process-tree', processTree],
  ])('has command, status, peak and parts of a run in mode %s', (_, { summary }) => {
    const lines = renderBrief(summary, READABLE, undefined);
    expect(lines[0]).toMatch(/^cmemstat: .*(exit status \d+|by SIG.*|OOM killer) after/);
    expect(lines[1]).toMatch(/^ {2}peak \d/);
    expect(lines[2]).toMatch(/^ {2}at the highest sample, .*: (anon|rss) \d/);
    expect(lines.length).toBeLessThanOrEqual(6);
  });

  it.each([undefined, 40, 50, 80, 200])(
    'has six lines at most on %s columns, whatever there is to say',
    (width) => {
      const command = ['a-command', ...Array.from({ length: 100 }, (_, at) => `--argument=${at}`)];
      for (const count of [0, 1, 2, 3, 4]) {
        const summary = { ...cgroup2.summary, command, warnings: WARNINGS.slice(0, count) };
        const lines = renderBrief(summary, READABLE, width);
        expect(lines.length).toBeLessThanOrEqual(6);
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width ?? 400);
      }
    },
  );

  it('shows the warnings that fit, and counts the others', () => {
    const { outlived: _, ...rest } = cgroup2.summary;
    const summary = { ...rest, outlived: [], warnings: WARNINGS };
    expect(renderBrief(summary, READABLE, 80).slice(4)).toEqual([
      '  warning: the first thing is not known',
      '  3 more warnings without --quiet',
    ]);
    const two = { ...summary, warnings: WARNINGS.slice(0, 2) };
    expect(renderBrief(two, READABLE, 80).slice(4)).toEqual([
      '  warning: the first thing is not known',
      '  warning: the second thing is not known',
    ]);
  });

  it('begins with what is not measured', () => {
    const process = { pid: 7, comm: 'x', sinceMs: 5, message: 'process 7 (x) is elsewhere', hint: 'do this' };
    const elsewhere = { count: 1, processes: [process] };
    const lines = renderBrief({ ...cgroup2.summary, elsewhere, warnings: [] }, READABLE, undefined);
    expect(lines[1]).toBe('  WARNING: process 7 (x) is elsewhere');
    expect(lines.slice(4)).toContain('  hint: do this');
  });

  it('names what is charged to the cgroup, or says that it is unknown', () => {
    const size = (bytes: number) => ({ count: 2, bytes });
    const largest = { attribution: 'memcg', charged: { maps: size(1024), programs: size(2048), places: {} } };
    const withBpf = (bpf: object) =>
      renderBrief({ ...cgroup2.summary, bpf } as typeof cgroup2.summary, READABLE, undefined)[3];
    expect(withBpf({ largest, runningReadings: 3 })).toBe(
      '  bpf: 2 maps 1.00 KiB, 2 programs 2.00 KiB at most',
    );
    expect(withBpf({ largest, runningReadings: 0 })).toMatch(/after the target exited$/);
    expect(withBpf({ unavailable: 'no rights' })).toBe('  bpf: not measured: no rights');
    expect(withBpf({ reason: 'the kernel is too old' })).toBe('  bpf: unknown: the kernel is too old');
  });
});

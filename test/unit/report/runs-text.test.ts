import { describe, expect, it } from 'vitest';
import { renderRuns } from '#src/report/runs-text.ts';
import { MIB, run } from '../budget/runs.ts';

const KIB = 1024;
const cellsOf = (lines: readonly string[], name: string) =>
  lines
    .find((line) => line.trim().startsWith(`${name} `))
    ?.trim()
    .split(/ {2,}/);

describe('several runs side by side', () => {
  it('show median, spread, minimum and maximum of their metrics', () => {
    const lines = renderRuns([10, 12, 14].map((mib) => run({ anon: mib * MIB, file: 0, processes: mib })));
    expect(lines[0]).toBe('3 runs: how long they took, and the highest value of each:');
    expect(cellsOf(lines, 'anon')).toEqual(['anon', '12.0 MiB', '2.00 MiB', '10.0 MiB', '14.0 MiB']);
    expect(cellsOf(lines, 'processes')).toEqual(['processes', '12', '2', '10', '14']);
    expect(cellsOf(lines, 'file')).toBeUndefined();
  });

  it('number outliers by run, also if an earlier run lacks the metric', () => {
    const values = [undefined, 10, 10, 11, 10, 99];
    const lines = renderRuns(values.map((mib) => run(mib === undefined ? {} : { anon: mib * MIB })));
    expect(cellsOf(lines, 'anon')?.[5]).toBe('run 6: 99.0 MiB');
  });

  it('count a map that a run lacks as 0, unless maps were not measured', () => {
    const maps = { conns: 64 * KIB };
    const lines = renderRuns([run({}, { maps }), run({}, { maps: {} }), run({}), run({}, { maps })]);
    expect(cellsOf(lines, 'bpf.map:conns')?.slice(1, 5)).toEqual(['64.0 KiB', '0 B', '0 B', '64.0 KiB']);
  });

  it('show how long the runs took, and their CPU time where it is known', () => {
    const cpu = (user: number, system: number) => ({ cpuUs: { user, system } });
    const lines = renderRuns([
      run({}, { times: { durationMs: 1200, ...cpu(90_000, 10_000) } }),
      run({}, { times: { durationMs: 1400, ...cpu(150_000, 50_000) } }),
      run({}, { times: { durationMs: 1900 } }),
    ]);
    expect(cellsOf(lines, 'duration')).toEqual(['duration', '1.4s', '200ms', '1.2s', '1.9s']);
    expect(cellsOf(lines, 'cpu time')).toEqual(['cpu time', '150ms', '50ms', '100ms', '200ms']);
  });
});

import { describe, expect, it, vi } from 'vitest';
import { TableSink } from '#src/output/table.ts';
import { golden } from '../../paths.ts';
import { cgroup1, cgroup2, processTree } from './records.ts';
import { play } from './render.ts';

const READABLE = { plainBytes: false, quiet: false, noSummary: false };

describe('TableSink', () => {
  it.each([
    ['cgroup2', cgroup2],
    ['cgroup1', cgroup1],
    ['process-tree', processTree],
  ])('shows a run in mode %s', async (mode, recording) => {
    const text = await play(recording, (writer) => new TableSink(writer, READABLE));
    await expect(text).toMatchFileSnapshot(golden(`output/table-${mode}.txt`));
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('shows plain numbers of bytes', async () => {
    const text = await play(
      cgroup2,
      (writer) => new TableSink(writer, { plainBytes: true, quiet: false, noSummary: false }),
    );
    await expect(text).toMatchFileSnapshot(golden('output/table-bytes.txt'));
    expect(text).not.toMatch(/[KM]iB/);
  });

  it('shows only the summary in quiet mode', async () => {
    const loud = await play(cgroup2, (writer) => new TableSink(writer, READABLE));
    const quiet = await play(
      cgroup2,
      (writer) => new TableSink(writer, { ...READABLE, quiet: true, noSummary: false }),
    );
    expect(quiet.startsWith('cmemstat: ')).toBe(true);
    expect(loud).not.toContain(quiet);
    expect(quiet.trimEnd().split('\n').length).toBeLessThanOrEqual(6);
  });

  it.each([false, true])('shows no summary if none is wanted, with quiet: %s', async (quiet) => {
    const style = { plainBytes: false, quiet, noSummary: true };
    const text = await play(cgroup2, (writer) => new TableSink(writer, style));
    expect(text).not.toContain('cmemstat: ');
    expect(text === '').toBe(quiet);
  });

  it.each([60, 79, 80, 133])(
    'fits a terminal of %i columns, and names what it leaves out',
    async (columns) => {
      vi.stubEnv('COLUMNS', String(columns));
      const text = await play(cgroup2, (writer) => new TableSink(writer, READABLE));
      vi.unstubAllEnvs();
      expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(columns);
      const [first = ''] = text.split('\n');
      expect(first).toBe(
        columns === 60
          ? 'not shown in 60 columns: file, workingset'
          : columns === 79
            ? 'not shown in 79 columns: workingset'
            : '  uptime        anon        file      kernel     current  workingset         bpf',
      );
      expect(text).toContain('current');
    },
  );

  it('repeats the header every 20 rows', async () => {
    const rows = Array.from({ length: 41 }, (_, at) => ({
      type: 'sample' as const,
      elapsedMs: at,
      reason: 'tick' as const,
      current: at,
    }));
    const text = await play({ ...cgroup2, records: rows }, (writer) => new TableSink(writer, READABLE));
    const headers = text.split('\n').flatMap((line, index) => (/^ +uptime /.test(line) ? [index] : []));
    expect(headers).toEqual([0, 21, 42]);
  });

  it('repeats the BPF memory of the last reading', async () => {
    const text = await play(cgroup2, (writer) => new TableSink(writer, READABLE));
    const cells = text
      .split('\n')
      .filter((line) => /^ +\d+(\.\d)?m?s .*B$/.test(line) || /^ +\d+m\d\ds .*B$/.test(line));
    expect(cells.map((line) => line.trim().split(/ {2,}/).at(-1))).toEqual([
      '4.00 KiB',
      '4.00 KiB',
      '14.0 MiB',
      '14.0 MiB',
    ]);
  });
});

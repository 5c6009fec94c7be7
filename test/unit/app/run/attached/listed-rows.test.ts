import { expect, it } from 'vitest';
import { ListedRows } from '#src/app/run/attached/listed-rows.ts';
import type { RunRecord } from '#src/output/sink.ts';

const maps = (ids: number[], gone: number[] = []): RunRecord => ({
  type: 'maps',
  elapsedMs: 1,
  maps: ids.map((id) => ({ id })) as never,
  ...(gone.length === 0 ? {} : { gone }),
});
const processes = (pids: number[], gone: number[] = []): RunRecord => ({
  type: 'processes',
  elapsedMs: 1,
  processes: pids.map((pid) => ({ pid })) as never,
  ...(gone.length === 0 ? {} : { gone }),
});

it('says that all rows are gone that were listed and not gone already', () => {
  const rows = new ListedRows();
  expect(rows.goneRecords(5)).toEqual([]);
  rows.add(maps([1, 2]));
  rows.add(maps([2, 3], [1]));
  rows.add(processes([7, 8], [7]));
  rows.add({ type: 'event', elapsedMs: 2, event: 'exec' });
  const gone = rows.goneRecords(9);
  expect(gone).toEqual([
    { type: 'maps', elapsedMs: 9, maps: [], gone: [2, 3] },
    { type: 'processes', elapsedMs: 9, processes: [], gone: [7, 8] },
  ]);
  for (const record of gone) rows.add(record);
  expect(rows.goneRecords(10)).toEqual([]);
});

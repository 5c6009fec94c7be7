import { expect, it } from 'vitest';
import { GrowthTables } from '#src/budget/evaluation/top-grown.ts';
import type { ProcessesRecord } from '#src/model/recorded-processes.ts';

const record = (elapsedMs: number, rows: readonly [pid: number, rss: number][]): ProcessesRecord => ({
  type: 'processes',
  elapsedMs,
  processes: rows.map(([pid, rss]) => ({ pid, ppid: 1, comm: `p${pid}`, rss, threads: 1 })),
});

const RECORDS = [
  record(10, [[1, 500]]),
  record(10, [[2, 100]]),
  record(2010, [
    [1, 510],
    [2, 400],
    [3, 50],
  ]),
];

function grown(isAttached: boolean): (readonly [string, number, number])[] {
  const tables = new GrowthTables(isAttached);
  for (const each of RECORDS) tables.addProcesses(each);
  return tables.top().processes.map(({ name, fromBytes, toBytes }) => [name, fromBytes, toBytes]);
}

it('processes of a run have grown from nothing', () => {
  expect(grown(false)).toEqual([
    ['p1', 0, 510],
    ['p2', 0, 400],
    ['p3', 0, 50],
  ]);
});

it('processes that existed before an attachment have grown since then', () => {
  expect(grown(true)).toEqual([
    ['p2', 100, 400],
    ['p3', 0, 50],
    ['p1', 500, 510],
  ]);
});

it('a process that has not grown since an attachment is not listed', () => {
  const tables = new GrowthTables(true);
  tables.addProcesses(record(10, [[1, 500]]));
  expect(tables.top().processes).toEqual([]);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProcessesRecord, ProcessRow } from '#src/model/recorded-processes.ts';
import type { MapsRecord } from '#src/model/recording.ts';
import { applyMaps, applyProcesses, joinMaps, joinProcesses, RowChanges } from '#src/model/row-changes.ts';

interface Row {
  id: number;
  bytes: number;
  users?: { pid: number }[] | undefined;
}

const changes = () => new RowChanges<Row>(({ id }) => id);

describe('RowChanges', () => {
  it('emits all rows at first, also if there are none', () => {
    expect(changes().next([])).toEqual({ changed: [], gone: [] });
    expect(changes().next([{ id: 1, bytes: 2 }])).toEqual({ changed: [{ id: 1, bytes: 2 }], gone: [] });
  });

  it('emits nothing if nothing has changed, also in new objects and with a key that is undefined', () => {
    const rows = changes();
    rows.next([{ id: 1, bytes: 2, users: [{ pid: 3 }] }]);
    expect(rows.next([{ id: 1, bytes: 2, users: [{ pid: 3 }] }])).toBeUndefined();
    rows.next([{ id: 1, bytes: 2 }]);
    expect(rows.next([{ id: 1, bytes: 2, users: undefined }])).toBeUndefined();
  });

  it.each<[string, Row]>([
    ['a figure', { id: 1, bytes: 3, users: [{ pid: 3 }] }],
    ['a key that has gone', { id: 1, bytes: 2 }],
    ['another element', { id: 1, bytes: 2, users: [{ pid: 4 }] }],
    ['one element more', { id: 1, bytes: 2, users: [{ pid: 3 }, { pid: 4 }] }],
    ['one element less', { id: 1, bytes: 2, users: [] }],
  ])('emits a row with %s', (_, row) => {
    const rows = changes();
    rows.next([{ id: 1, bytes: 2, users: [{ pid: 3 }] }]);
    expect(rows.next([row])).toEqual({ changed: [row], gone: [] });
  });

  it('emits removed rows once', () => {
    const rows = changes();
    rows.next([
      { id: 1, bytes: 1 },
      { id: 2, bytes: 1 },
    ]);
    expect(rows.next([{ id: 2, bytes: 1 }])).toEqual({ changed: [], gone: [1] });
    expect(rows.next([{ id: 2, bytes: 1 }])).toBeUndefined();
  });
});

const processRow = (pid: number, rss: number): ProcessRow => ({ pid, ppid: 1, comm: 'a', rss, threads: 1 });

const processRecord = (rows: ProcessRow[], gone: number[]): ProcessesRecord => ({
  type: 'processes',
  elapsedMs: 1,
  processes: rows,
  ...(gone.length > 0 && { gone }),
});

/** Readings of a few processes that appear, change and disappear. */
const readings = fc.array(fc.dictionary(fc.constantFrom('2', '3', '4', '5'), fc.nat(3)), {
  minLength: 2,
  maxLength: 12,
});
const toRows = (reading: Record<string, number>) =>
  Object.entries(reading).map(([pid, rss]) => processRow(Number(pid), rss));

describe('differences', () => {
  it('reproduce the rows when applied in sequence', () => {
    fc.assert(
      fc.property(readings, (all) => {
        const rows = new RowChanges<ProcessRow>(({ pid }) => pid);
        const state = new Map<number, ProcessRow>();
        for (const reading of all) {
          const difference = rows.next(toRows(reading));
          if (difference !== undefined)
            applyProcesses(state, processRecord(difference.changed, difference.gone));
          expect([...state.values()].sort((a, b) => a.pid - b.pid)).toEqual(toRows(reading));
        }
      }),
    );
  });

  it('can be merged if they could not be written in time', () => {
    fc.assert(
      fc.property(readings, (all) => {
        const rows = new RowChanges<ProcessRow>(({ pid }) => pid);
        const records = all.flatMap((reading) => {
          const difference = rows.next(toRows(reading));
          return difference === undefined ? [] : [processRecord(difference.changed, difference.gone)];
        });
        const [first, ...rest] = records;
        const state = new Map<number, ProcessRow>();
        if (first !== undefined) applyProcesses(state, first);
        const [second, ...others] = rest;
        if (second !== undefined) applyProcesses(state, others.reduce(joinProcesses, second));
        expect([...state.values()].sort((a, b) => a.pid - b.pid)).toEqual(toRows(all.at(-1) ?? {}));
      }),
    );
  });

  it('of processes keep the last program of each', () => {
    const line = (elapsedMs: number, programs?: ProcessesRecord['programs']): ProcessesRecord => ({
      type: 'processes',
      elapsedMs,
      processes: [],
      ...(programs === undefined ? {} : { programs }),
    });
    expect(joinProcesses(line(1), line(2))).toEqual(line(2));
    expect(
      joinProcesses(line(1, [{ pid: 1, command: ['a'] }, { pid: 2 }]), line(2, [{ pid: 1, command: ['b'] }])),
    ).toEqual(line(2, [{ pid: 1, command: ['b'] }, { pid: 2 }]));
  });

  it('of maps are merged in the same way', () => {
    const map = (id: number, bytes: number): MapsRecord['maps'][number] => ({
      id,
      type: 'hash',
      name: 'm',
      key_size: 4,
      value_size: 4,
      max_entries: 1,
      map_flags: 0,
      bytes,
      source: 'formula',
      unchargedBytes: 0,
    });
    const earlier: MapsRecord = { type: 'maps', elapsedMs: 1, maps: [map(1, 5), map(2, 5)], gone: [3] };
    const later: MapsRecord = { type: 'maps', elapsedMs: 2, maps: [map(2, 6), map(3, 7)], gone: [1] };
    const joined = joinMaps(earlier, later);
    expect(joined).toEqual({ type: 'maps', elapsedMs: 2, maps: [map(2, 6), map(3, 7)], gone: [1] });
    const state = new Map([[3, map(3, 1)]]);
    applyMaps(state, joined);
    expect([...state.values()]).toEqual([map(3, 7), map(2, 6)]);
  });
});

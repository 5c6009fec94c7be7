import { parse } from 'csv-parse/sync';
import { expect, it } from 'vitest';
import { evaluateListing } from '#src/app/maps/listing.ts';
import { mapRows } from '#src/app/maps/map-rows.ts';
import { SCENE } from '../../model/listed-maps.ts';

const TIME = '2026-01-02T03:04:05.678Z';

const read = (options: Parameters<typeof evaluateListing>[1], separator: ',' | '\t' = ',') =>
  parse([...mapRows(evaluateListing(SCENE, options), { time: TIME, separator, isFirst: true })].join('\n'), {
    columns: true,
    delimiter: separator,
  }) as Record<string, string>[];

it.each([',', '\t'] as const)(
  'lists the figures of each map, and nothing for what is not known: %j',
  (separator) => {
    const rows = read({ sort: 'id' }, separator);
    expect(rows).toHaveLength(SCENE.length);
    for (const [index, map] of SCENE.entries()) {
      const row = rows.find(({ map_id }) => Number(map_id) === map.id) ?? {};
      expect(row.time, `map ${index}`).toBe(TIME);
      expect(Number(row.bytes)).toBe(map.bytes);
      expect(Number(row.uncharged_bytes)).toBe(map.unchargedBytes);
      expect(row.elements).toBe(map.elements === undefined ? '' : String(map.elements));
      expect(row.memlock_bytes).toBe(map.memlock === undefined ? '' : String(map.memlock));
      expect(row.holders).toBe(map.holders.map(({ comm, pid }) => `${comm}[${pid}]`).join(' '));
    }
  },
);

it('lists groups, and the sums of those that are not shown', () => {
  const all = read({ sort: 'bytes', groupBy: 'type' });
  const few = read({ sort: 'bytes', groupBy: 'type', top: 1 });
  expect(few.map(({ row }) => row)).toEqual(['group', 'more']);
  expect(few[0]).toEqual(all[0]);
  const sum = (rows: typeof all) => rows.reduce((bytes, row) => bytes + Number(row.bytes), 0);
  expect(sum(few)).toBe(sum(all));
});

it('has the names of the columns only once', () => {
  const listing = evaluateListing(SCENE, { sort: 'id' });
  const lines = [...mapRows(listing, { time: TIME, separator: ',', isFirst: false })];
  expect(lines).toHaveLength(SCENE.length);
  expect(lines[0]).toMatch(/^2026-/);
});

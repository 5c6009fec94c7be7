import { parse } from 'csv-parse/sync';
import { expect, it } from 'vitest';
import { metricRows, nameRows } from '#src/app/compare/comparison-rows.ts';

const read = (lines: Iterable<string>) =>
  parse([...lines].join('\n'), { columns: true }) as Record<string, string>[];

it('has a row for each metric, and nothing for what a side does not have', () => {
  const rows = read(
    metricRows(
      [
        {
          metric: 'anon',
          unit: 'bytes',
          base: 100,
          now: 90,
          difference: -10,
          percent: -10,
          p: 0.0079,
          interval: [-12, -8.5],
          noise: 1,
          verdict: 'improved',
        },
        { metric: 'bpf.map:=a,b', unit: 'bytes', now: 5, noise: 0, verdict: 'not-evaluated' },
      ],
      ',',
    ),
  );
  expect(rows[0]).toMatchObject({
    base: '100',
    difference: '-10',
    p: '0.0079',
    interval_low: '-12',
    allowed: '',
  });
  expect(rows[1]).toMatchObject({ metric: 'bpf.map:=a,b', base: '', difference: '', interval_high: '' });
});

it('has a row for each name, without formulas', () => {
  const [row] = read(
    nameRows([{ kind: 'file', name: '=1+1', base: 0, now: 5, difference: 5, baseAtMost: 3 }], ','),
  );
  expect(row).toMatchObject({
    name: "'=1+1",
    now_bytes: '5',
    base_at_most_bytes: '3',
    now_at_most_bytes: '',
  });
});

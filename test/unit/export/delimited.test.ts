/** CSV and TSV, read back with csv-parse. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { formatRow } from '#src/export/delimited-text.ts';
import { ROW_KINDS } from '#src/export/export-format.ts';
import { delimitedExporter } from '#src/export/record-rows.ts';
import { safeText } from '#src/format/safe-text.ts';
import { parseRecordLine } from '#src/recording/parse-line.ts';
import { fixture, golden } from '../../paths.ts';
import { convert, EXAMPLE, expectedFields, HOSTILE, recordsOfRuns } from './example-recording.ts';

type Row = Record<string, string>;

function read(text: Buffer, separator: ',' | '\t' = ','): Row[] {
  return parse(text, { columns: true, delimiter: separator }) as Row[];
}

const rowsOf = (kind: (typeof ROW_KINDS)[number], separator: ',' | '\t' = ',', names = true) =>
  read(convert(delimitedExporter(kind, separator), EXAMPLE, names), separator);

const RECORDED = readFileSync(fixture('recordings/v1/maps.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .flatMap((line) => {
    const parsed = parseRecordLine(line);
    return 'record' in parsed ? [parsed.record] : [];
  });

describe('rows of samples', () => {
  it.each([
    ['the example', EXAMPLE],
    ['a recording of a run', RECORDED],
  ])('have the figures of the recording, and nothing where it has none: %s', (_, records) => {
    for (const separator of [',', '\t'] as const) {
      const rows = read(convert(delimitedExporter('samples', separator), records), separator);
      const samples = [...recordsOfRuns(records)].filter(({ record }) => record.type === 'sample');
      expect(rows).toHaveLength(samples.length);
      for (const [index, { record, run }] of samples.entries()) {
        if (record.type !== 'sample') continue;
        const row = rows[index] ?? {};
        expect(row.run).toBe(run.start.time);
        expect(Number(row.elapsed_seconds)).toBe(Number(`${record.elapsedMs}e-3`));
        expect(row.time?.slice(0, -4)).toBe(
          new Date(Date.parse(run.start.time) + record.elapsedMs).toISOString().slice(0, -1),
        );
        const expected = expectedFields(record);
        for (const [field, value] of expected) {
          expect(value === 'max' ? row[field] : Number(row[field]), field).toBe(value);
        }
        for (const field of ['stall_some_seconds_total', 'bpf_charged_maps_bytes', 'reading_gap_seconds']) {
          if (field in row && !expected.has(field)) expect(row[field], field).toBe('');
        }
      }
    }
  });

  it('has no column for what the recording does not have', () => {
    const [row = {}] = rowsOf('samples');
    expect(Object.keys(row)).not.toContain('pss_bytes');
    expect(Object.keys(row).filter((name) => name === 'kernel_bytes')).toHaveLength(1);
  });
});

describe('other rows', () => {
  it('have the maps, and those that are gone', () => {
    const rows = rowsOf('maps');
    const recorded = [...recordsOfRuns(EXAMPLE)].flatMap(({ record }) =>
      record.type === 'maps' ? record.maps : [],
    );
    const there = rows.filter(({ gone }) => gone === '');
    expect(there.map(({ map_id, bytes, elements }) => [Number(map_id), Number(bytes), elements])).toEqual(
      recorded.map(({ id, bytes, elements }) => [id, bytes, elements === undefined ? '' : String(elements)]),
    );
    expect(rows.filter(({ gone }) => gone === 'true').map(({ map_id, bytes }) => [map_id, bytes])).toEqual([
      ['11', ''],
      ['11', ''],
    ]);
  });

  it('have the processes', () => {
    const [first, second, gone] = rowsOf('processes');
    expect(first).toMatchObject({
      pid: '100',
      rss_bytes: '5242880',
      pss_bytes: '',
      cpu_ratio: '',
      open_fds: '',
    });
    expect(second).toMatchObject({
      pid: '101',
      pss_bytes: '700000',
      cpu_ratio: '0.1234',
      open_fds: '9',
      user: 'root',
    });
    expect(gone).toMatchObject({ pid: '101', gone: 'true', rss_bytes: '' });
  });

  it('have the tree of memory by name, whose parents are the sums of their children', () => {
    const rows = rowsOf('explain').slice(0, 4);
    expect(rows.map(({ depth, bytes, beside }) => [depth, bytes, beside])).toEqual([
      ['0', '300', ''],
      ['1', '200', ''],
      ['1', '100', ''],
      ['0', '50', 'true'],
    ]);
    expect(rows[1]).toMatchObject({ parent_row: '1', dirty_bytes: '100', leaf: 'true' });
  });

  it.each([...ROW_KINDS])('look as in the golden file: %s', async (kind) => {
    const text = convert(delimitedExporter(kind, ','), EXAMPLE).toString();
    await expect(text).toMatchFileSnapshot(golden(`export/${kind}.csv`));
  });
});

describe('names in cells', () => {
  it.each([',', '\t'] as const)(
    'do not look like formulas, and read back as harmless text: %j',
    (separator) => {
      const names = rowsOf('maps', separator)
        .slice(0, HOSTILE.length)
        .map(({ name = '' }) => name);
      for (const [index, name] of names.entries()) {
        expect(name).not.toMatch(/^[=+\-@\t\r]/);
        const isFormula = /^[=+\-@]/.test(HOSTILE[index] ?? '');
        expect(Buffer.from(name).toString()).toBe(
          Buffer.from(safeText(`${isFormula ? "'" : ''}${HOSTILE[index]}`)).toString(),
        );
      }
    },
  );

  it('are numbers with --no-names', () => {
    for (const kind of ROW_KINDS) {
      const text = convert(delimitedExporter(kind, ','), EXAMPLE, false).toString();
      expect(text).not.toMatch(/calc|kidling|tab|proc\/x|root/);
    }
    expect(rowsOf('maps', ',', false)[0]?.name).toBe('BPF map 1');
  });

  it('keep negative numbers of our own', () => {
    expect(formatRow([-5, '-5', undefined, true], ',')).toBe("-5,'-5,,true");
  });
});

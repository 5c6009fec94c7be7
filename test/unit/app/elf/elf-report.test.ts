import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { renderElfReport } from '#src/app/elf/elf-report.ts';
import type { ElfForecast, ForecastCost, ForecastMap } from '#src/app/elf/forecast-types.ts';
import { golden } from '../../../paths.ts';

const cost = (
  possibleCpus: number,
  bytes: number,
  fullBytes = bytes,
  unchargedPercpuBytes = 0,
): ForecastCost => ({
  possibleCpus,
  bytes,
  fullBytes,
  unchargedPercpuBytes,
  exact: true,
});
const map = (part: Partial<ForecastMap> & Pick<ForecastMap, 'name' | 'type'>): ForecastMap => ({
  section: '.maps',
  key_size: 4,
  value_size: 8,
  max_entries: 1024,
  map_flags: 0,
  costs: [cost(4, 82_000), cost(128, 86_000)],
  ...part,
});
const forecast = (...maps: ForecastMap[][]): ElfForecast => ({
  complete: maps.flat().every(({ unknown }) => unknown === undefined),
  version: 1,
  cmemstat: '0.1.0',
  kernel: '6.12.1',
  possibleCpus: [4, 128],
  objects: maps.map((each, index) => ({ path: `agent${index}.bpf.o`, maps: each, totals: totals(each) })),
  totals: totals(maps.flat()),
});
const totals = (maps: ForecastMap[]) =>
  [4, 128].map((possibleCpus) => {
    const costs = maps.flatMap(({ costs: all }) => all.filter((each) => each.possibleCpus === possibleCpus));
    const sum = (of: (each: ForecastCost) => number) => costs.reduce((total, each) => total + of(each), 0);
    return {
      possibleCpus,
      bytes: sum(({ bytes }) => bytes),
      fullBytes: sum(({ fullBytes }) => fullBytes),
      unchargedPercpuBytes: sum(({ unchargedPercpuBytes }) => unchargedPercpuBytes),
    };
  });

const everything = forecast(
  [
    map({ name: 'flows', type: 'hash', set: true }),
    map({
      name: 'grows',
      type: 'hash',
      map_flags: 1,
      costs: [cost(4, 16_900, 114_000), cost(128, 20_800, 118_000)],
    }),
    map({
      name: 'counters',
      type: 'percpu_array',
      costs: [cost(4, 41_000, 41_000, 32_768), cost(128, 1_060_000, 1_060_000, 1_048_576)],
    }),
    map({
      name: 'policies',
      type: 'hash_of_maps',
      omits: 'inner maps',
      inner: map({ name: 'policies.inner', type: 'array' }),
    }),
    map({
      name: 'stacks',
      type: 'stack_trace',
      value_size: 0,
      max_entries: 0,
      costs: [],
      unknown: 'the program sets it',
    }),
  ],
  [
    map({
      name: '\u001b[31mred',
      type: '99',
      section: 'maps',
      map_flags: 0x8000_0480,
      costs: [],
      unknown: 'no formula',
    }),
  ],
);

describe('the report', () => {
  it('shows every part', async () => {
    const lines = renderElfReport(everything, { plainBytes: false });
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('elf/elf-report.txt'));
  });

  it('shows plain bytes', async () => {
    const lines = renderElfReport(everything, { plainBytes: true });
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('elf/elf-report-bytes.txt'));
  });

  it('of one map and one object omits the totals and headings', () => {
    const perf = map({ name: 'perf', type: 'perf_event_array', costs: [cost(4, 344)] });
    delete perf.max_entries;
    const { objects, totals: all, ...rest } = forecast([perf]);
    const lines = renderElfReport(
      { ...rest, possibleCpus: [4], objects, totals: all.slice(0, 1) },
      { plainBytes: false },
    );
    expect(lines).toEqual([
      'agent0.bpf.o: 1 map',
      '  name   type              key  value  entries  flags  4 CPUs',
      '  perf   perf_event_array    4      8  per CPU  -       344 B',
      '  total                                                 344 B',
      '',
      'for Linux 6.12.1',
    ]);
  });

  it('shows measured beside computed figures', async () => {
    const measured = forecast([
      map({ name: 'flows', type: 'hash', measured: { memlock: 82_000, chargedBytes: 83_456 } }),
      map({ name: 'old', type: 'hash', measured: { memlock: 82_000 } }),
      map({ name: 'odd', type: 'hash', measured: { error: 'bpf(BPF_MAP_CREATE): EINVAL' } }),
      map({ name: 'stacks', type: 'stack_trace', max_entries: 0, costs: [], unknown: 'the program sets it' }),
    ]);
    const lines = renderElfReport(measured, { plainBytes: false });
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('elf/elf-report-measured.txt'));
  });

  it('lists what the totals exclude', () => {
    const { objects, ...rest } = forecast([map({ name: 'flows', type: 'hash' })]);
    const [object] = objects;
    if (object === undefined) throw new Error('no object');
    const lines = renderElfReport(
      {
        ...rest,
        complete: false,
        objects: [{ ...object, notCounted: ["extern map 'x'"], notes: ['static'] }],
      },
      { plainBytes: true },
    );
    expect(lines.slice(3, 6)).toEqual([
      expect.stringMatching(/^ {2}total, at least +82000 +86000$/),
      "  not counted: extern map 'x'",
      '  note: static',
    ]);
  });

  it('marks inexact figures', () => {
    const guessed = map({ name: 'h', type: 'hash', costs: [{ ...cost(4, 82_000), exact: false }] });
    expect(renderElfReport(forecast([guessed]), { plainBytes: false })).toContain(
      'hashes: on some kernels up to 32 bytes less per possible CPU',
    );
  });
});

it('is valid by the schema', () => {
  const schema = readFileSync(
    new URL('../../../../schema/elf-forecast.schema.json', import.meta.url),
    'utf8',
  );
  const validate = new Ajv2020({ allErrors: true }).compile(JSON.parse(schema));
  const measured = map({ name: 'm', type: 'hash', measured: { memlock: 1, chargedBytes: 2 } });
  const refused = map({ name: 'r', type: 'hash', measured: { error: 'EINVAL' } });
  validate(
    JSON.parse(JSON.stringify(forecast([measured, refused], ...everything.objects.map(({ maps }) => maps)))),
  );
  expect(validate.errors).toBeNull();
  validate({ ...everything, totals: [{}], objects: undefined });
  expect(validate.errors).not.toBeNull();
});

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { toBpftoolMaps } from '#src/app/maps/bpftool-json.ts';
import { type MapDocumentSource, toMapDocument } from '#src/app/maps/document.ts';
import { evaluateListing, GROUP_KEYS, type ListingOptions } from '#src/app/maps/listing.ts';
import { renderMapTable, renderMapTotal } from '#src/app/maps/map-table.ts';
import { jsonLines } from '#src/format/json-lines.ts';
import type { BpfAdvice } from '#src/model/bpf-advice.ts';
import { golden } from '../../../paths.ts';
import { listedMap, SCENE } from '../../model/listed-maps.ts';

const memcg = { attribution: 'memcg', reason: undefined, hint: undefined, advice: undefined } as const;
const textOf = (source: MapDocumentSource) => [...jsonLines(toMapDocument(source, '0.1.0'))].join('\n');
const advice: BpfAdvice[] = [
  {
    kind: 'nearly-empty',
    maps: [{ id: 7, name: 'flows' }],
    savesBytes: 5_242_000,
    text: "hash 'flows' is allocated for 65536 entries and holds 17",
    options: [{ change: 'BPF_F_NO_PREALLOC', savesBytes: 5_242_000 }],
  },
  {
    kind: 'percpu-growth',
    maps: [{ id: 8, name: 'counters_of_every_policy' }],
    text: '1 percpu maps grow with the number of possible CPUs',
    projection: [{ possibleCpus: 128, bytes: 33_554_000, unchargedPercpuBytes: 33_554_000 }],
  },
];

describe('the table', () => {
  it('lists maps', async () => {
    const lines = renderMapTable(
      evaluateListing(SCENE, { sort: 'bytes', top: 5 }),
      { ...memcg, advice },
      { plainBytes: false },
    );
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('maps/maps.txt'));
  });

  it('lists groups, in plain bytes, with owners by descriptors', async () => {
    const lines = renderMapTable(
      evaluateListing(SCENE, { sort: 'bytes', groupBy: 'comm', threshold: 0.1 }),
      { attribution: 'held', reason: 'this kernel is old', hint: 'boot another', advice: [] },
      { plainBytes: true, groupedBy: 'comm' },
    );
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('maps/maps-groups.txt'));
  });

  it('fits 80 columns with owners and cgroups, and names the omitted columns', async () => {
    const lines = renderMapTable(
      evaluateListing(SCENE, { sort: 'bytes' }),
      { ...memcg, advice: [] },
      { plainBytes: false, columns: 80 },
    );
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(lines[0]).toMatch(/ held by +cgroup$/);
    expect(lines.join('\n')).toMatch(/^not shown in 80 columns: bar, share/m);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('maps/maps-80-columns.txt'));
  });

  it('is complete if the width suffices, and names no omitted columns', () => {
    const wide = renderMapTable(evaluateListing(SCENE, { sort: 'bytes' }), memcg, {
      plainBytes: false,
      columns: 200,
    });
    const unlimited = renderMapTable(evaluateListing(SCENE, { sort: 'bytes' }), memcg, { plainBytes: false });
    expect(wide).toEqual(unlimited);
    expect(unlimited.join('\n')).not.toContain('not shown');
  });

  it('says that a cgroup was removed, and who is charged since', () => {
    const cellsOf = (cgroup: string | undefined, orphaned: true | undefined) => {
      const listing = evaluateListing([listedMap({ cgroup, orphaned })], { sort: 'bytes' });
      return renderMapTable(listing, memcg, { plainBytes: false })[1]?.split('agent 4242')[1]?.trim();
    };
    expect(cellsOf('/a\u001b', true)).toBe('removed, now /a\\x1b');
    expect(cellsOf(undefined, true)).toBe('removed');
    expect(cellsOf('/a', undefined)).toBe('/a');
    expect(cellsOf(undefined, undefined)).toBe('-');
  });

  it('is complete on a terminal that is exactly as wide, and not on one that is narrower', () => {
    const listing = evaluateListing([listedMap({ cgroup: '/a' })], { sort: 'bytes' });
    const inColumns = (columns?: number) => renderMapTable(listing, memcg, { plainBytes: false, columns });
    const width = Math.max(...inColumns().map(({ length }) => length));
    expect(inColumns(width)).toEqual(inColumns());
    expect(inColumns(width - 1).join('\n')).toContain(`not shown in ${width - 1} columns: `);
  });

  it('is cut to a narrow terminal, and is one line without maps', () => {
    const lines = renderMapTable(evaluateListing(SCENE, { sort: 'bytes' }), memcg, {
      plainBytes: false,
      columns: 40,
    });
    expect(Math.max(...lines.map(({ length }) => length))).toBe(40);
    expect(renderMapTable(evaluateListing([], { sort: 'bytes' }), memcg, { plainBytes: false })).toEqual([
      '0 maps, 0 B (0 KiB)',
    ]);
  });
});

it('the total is in KiB as jq prints it, and a number alone in plain bytes', () => {
  const { totals } = evaluateListing([listedMap({ bytes: 1_936, unchargedBytes: 16 })], { sort: 'bytes' });
  expect(renderMapTotal(totals, { plainBytes: false })).toBe(
    '1 map, 1.89 KiB (1.890625 KiB), 16 B of it charged to no cgroup',
  );
  expect(renderMapTotal(totals, { plainBytes: true })).toBe('1936');
});

describe('the document for bpftool', () => {
  it('has the same keys in the same order', () => {
    const maps = toBpftoolMaps(SCENE);
    expect(maps.map(({ id }) => id)).toEqual([7, 8, 9, 10, 11, 12]);
    expect(JSON.stringify(maps[1])).toBe(
      '{"id":8,"type":"percpu_array","name":"counters_of_eve","flags":0,"bytes_key":4,"bytes_value":8,' +
        '"max_entries":1024,"bytes_memlock":525112,"frozen":0,"btf_id":31,"pinned":[],' +
        '"pids":[{"pid":4242,"comm":"agent"},{"pid":4300,"comm":"agent-child"}]}',
    );
    expect(maps[3]).toMatchObject({ bytes_memlock: 0, frozen: 1, pinned: SCENE[3]?.pinned });
    expect(JSON.stringify(maps[4])).toBe(
      '{"id":11,"type":99,"flags":-2147483648,"bytes_key":4,"bytes_value":8,"max_entries":1024,' +
        '"bytes_memlock":64,"owner_prog_type":"xdp","owner_jited":true,"frozen":0,"pinned":[]}',
    );
  });

  it('omits pins if there are none', () => {
    expect(toBpftoolMaps([listedMap()])[0]).not.toHaveProperty('pinned');
  });
});

describe('the document', () => {
  const schema = readFileSync(new URL('../../../../schema/maps.schema.json', import.meta.url), 'utf8');
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(schema));

  it.each<[string, ListingOptions]>([
    ['of maps', { sort: 'bytes' }],
    ['cut', { sort: 'bytes', top: 2, threshold: 0.05 }],
    ...GROUP_KEYS.map((groupBy): [string, ListingOptions] => [
      `of groups by ${groupBy}`,
      { sort: 'name', groupBy },
    ]),
  ])('is valid by the schema: %s', (_, options) => {
    const listing = evaluateListing(SCENE, options);
    for (const totalOnly of [false, true]) {
      const document = JSON.parse(textOf({ ...memcg, advice, listing, totalOnly }));
      validate(document);
      expect(validate.errors ?? []).toEqual([]);
      expect(document.maps !== undefined || document.groups !== undefined).toBe(!totalOnly);
    }
  });

  it('never has the identity of a charge', () => {
    const listing = evaluateListing(SCENE, { sort: 'bytes' });
    const text = textOf({ ...memcg, listing, totalOnly: false });
    expect(text).not.toMatch(/chargeIdentity|18446612684/);
    expect(text).toContain('"cgroupId":"4711"');
    expect(text).toContain('"map_extra":"0x5"');
  });
});

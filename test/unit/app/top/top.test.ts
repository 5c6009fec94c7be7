import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { chooseRows, type TopChoice } from '#src/app/top/open-top.ts';
import { toTopDocument } from '#src/app/top/top-document.ts';
import { renderTopTable, type TopTable } from '#src/app/top/top-table.ts';
import { CgroupLabels } from '#src/cgroup/resolve/cgroup-labels.ts';
import { jsonLines } from '#src/format/json-lines.ts';
import { widthOfText } from '#src/format/wrap-lines.ts';
import { HOST_FIGURES, type HostReading } from '#src/model/host/host-cgroups.ts';
import { golden } from '../../../paths.ts';
import { CONTAINERS, HOST, POOR_HOST } from '../../model/host/example-host.ts';

const labels = new CgroupLabels();
const labelOf = labels.labelOf.bind(labels);
const ALL: TopChoice = { sort: 'current', depth: undefined, top: undefined, matches: undefined };

function table(
  reading: HostReading,
  choice: Partial<TopChoice> = {},
  style: Partial<TopTable> = {},
): string[] {
  const rows = chooseRows(reading, labelOf, { ...ALL, ...choice });
  const nameOf = ({ cgroup }: (typeof rows)[number]) => labelOf(cgroup).name;
  return renderTopTable({ reading, rows, nameOf, plainBytes: false, ...style });
}

function document(reading: HostReading, choice: Partial<TopChoice> = {}): Record<string, unknown> {
  const rows = chooseRows(reading, labelOf, { ...ALL, ...choice });
  const lines = [...jsonLines(toTopDocument({ reading, rows, labelOf }, '0.1.0'))];
  return JSON.parse(lines.join('\n')) as Record<string, unknown>;
}

describe('the table of all cgroups', () => {
  it('has a row for each one and for what none is charged for', async () => {
    await expect(`${table(HOST).join('\n')}\n`).toMatchFileSnapshot(golden('top/top.txt'));
  });

  it('says what is not known, and why', async () => {
    await expect(`${table(POOR_HOST, { top: 3 }).join('\n')}\n`).toMatchFileSnapshot(
      golden('top/top-poor.txt'),
    );
  });

  it.each([40, 80, 120])('fits %i columns, and names the columns that it leaves out', (columns) => {
    const lines = table(HOST, {}, { columns });
    for (const line of lines) expect(widthOfText(line)).toBeLessThanOrEqual(columns);
    expect(lines.join('\n')).toMatch(new RegExp(`not shown in ${columns} columns: `));
    expect(lines.join('\n')).toContain('nginx.service');
  });

  it('prints sizes in bytes', () => {
    expect(table(HOST, {}, { plainBytes: true })[1]).toMatch(/^943718400 /);
  });

  it('never passes escape sequences of a name on', () => {
    expect(table(HOST).join('\n')).not.toContain('\x1b');
    expect(table(HOST).join('\n')).toContain('evil\\x1b');
  });

  it('chooses by depth, name, path and size', () => {
    const names = (choice: Partial<TopChoice>) =>
      chooseRows(HOST, labelOf, { ...ALL, ...choice }).map(({ cgroup }) => labelOf(cgroup).name);
    expect(names({ depth: 0 })).toEqual(['/']);
    expect(names({ depth: 1 })).toEqual(['/', 'kubepods', 'system.slice', 'cmemstat-77-5']);
    expect(names({ matches: (text) => text === `${'b'.repeat(12)}` }).at(-1)).toBe('b'.repeat(12));
    expect(names({ matches: (text) => text.includes(CONTAINERS[1] ?? '') })).toHaveLength(5);
    expect(names({ top: 2 })).toEqual(['/', 'kubepods']);
  });
});

describe('the document of all cgroups', () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../../../schema/top.schema.json', import.meta.url), 'utf8'),
  );
  const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(schema);

  it.each([
    ['everything', HOST, {}],
    ['a part', HOST, { top: 3 }],
    ['little', POOR_HOST, {}],
  ] as const)('matches the schema with %s', (_, reading, choice) => {
    validate(document(reading, choice));
    expect(validate.errors).toBeNull();
  });

  it('has every figure that is known, and no other', () => {
    const rows = document(POOR_HOST).cgroups as Record<string, unknown>[];
    expect(HOST_FIGURES.filter((figure) => rows[0]?.[figure] !== undefined)).toEqual([
      'current',
      'anon',
      'file',
      'kernel',
      'processes',
    ]);
    expect(document(POOR_HOST).uncharged).toBeUndefined();
    expect(document(HOST, { top: 3 }).hidden).toBe(7);
  });

  it('names the owner of a container in full', () => {
    const rows = document(HOST).cgroups as Record<string, unknown>[];
    expect(rows.find(({ name }) => name === 'a'.repeat(12))).toMatchObject({
      owner: { kind: 'container', id: 'a'.repeat(64) },
    });
  });
});

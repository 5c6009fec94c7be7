import { expect, it } from 'vitest';
import { jsonLines } from '#src/format/json-lines.ts';

const textOf = (document: Record<string, unknown>) => [...jsonLines(document)].join('\n');

it('has a line for each key and for each element of a list', () => {
  expect(textOf({ version: 1, rows: [{ id: 1, name: 'a\nb' }, { id: 2 }], total: { bytes: 3 } })).toBe(
    [
      '{',
      '  "version": 1,',
      '  "rows": [',
      '    {"id":1,"name":"a\\nb"},',
      '    {"id":2}',
      '  ],',
      '  "total": {"bytes":3}',
      '}',
    ].join('\n'),
  );
});

it.each([
  [{}, {}],
  [{ absent: undefined }, {}],
  [{ rows: [] }, { rows: [] }],
  [{ rows: new Set([1, 2]), absent: undefined }, { rows: [1, 2] }],
  [
    { absent: undefined, text: '[', last: null },
    { text: '[', last: null },
  ],
])('is valid JSON: %j', (document, expected) => {
  expect(JSON.parse(textOf(document))).toEqual(expected);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RecordLine } from '#src/model/recording.ts';
import { parseRecordLine } from '#src/recording/parse-line.ts';
import { renderFrame } from '#src/view/panels/frame.ts';
import { PANELS } from '#src/view/state/view.ts';
import { ViewBuilder } from '#src/view/state/view-builder.ts';
import { cgroup1, cgroup2, processTree } from '../output/records.ts';
import { exampleRecords, exampleView } from '../view/example-view.ts';
import { SUMMARY } from '../view/panels/scene.ts';

/** One record of every shape. */
const RECORDS: readonly RecordLine[] = [
  ...exampleRecords({ untilMs: 5000, ended: true }),
  ...exampleRecords().filter(({ type }) => type === 'event'),
  ...[cgroup2, cgroup1, processTree].flatMap(({ start, records, summary }) => [start, ...records, summary]),
  SUMMARY,
];

/** The path to one key of an object, at any depth. */
type Way = readonly (string | number)[];

function waysInto(value: unknown, before: Way = []): Way[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [...before, key],
    ...waysInto(inner, [...before, key]),
  ]);
}

/** A copy with the value at the end of a path replaced; undefined removes it. */
function withValue(record: unknown, [key = '', ...rest]: Way, value: unknown, renamed?: string): unknown {
  const copy: Record<string, unknown> | unknown[] = Array.isArray(record)
    ? [...record]
    : { ...(record as object) };
  const fields = copy as Record<string, unknown>;
  if (rest.length > 0) fields[key] = withValue(fields[key], rest, value, renamed);
  else if (renamed !== undefined) {
    fields[renamed] = fields[key];
    delete fields[key];
  } else fields[key] = value;
  return copy;
}

const WAYS = RECORDS.flatMap((record) => waysInto(record).map((way) => ({ record, way })));

/** The records before a damaged one. */
const BEFORE = new ViewBuilder();
for (const record of exampleRecords({ untilMs: 1000 })) BEFORE.apply(record);
const VIEW = exampleView({ options: { untilMs: 0 } });

const damage = fc.oneof(
  fc.record({
    value: fc.oneof(
      fc.constantFrom(
        undefined,
        null,
        '',
        'x',
        [],
        {},
        [null],
        true,
        0,
        -1,
        1e300,
        Number.POSITIVE_INFINITY,
        0.5,
      ),
      fc.jsonValue(),
    ),
  }),
  fc.record({ renamed: fc.constantFrom('other', 'Type', 'current') }),
);

test('any damaged record is skipped, or can be displayed', () => {
  let kept = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...WAYS),
      damage,
      fc.constantFrom(...PANELS),
      ({ record, way }, how, focus) => {
        const damaged = withValue(
          record,
          way,
          'value' in how ? how.value : undefined,
          'renamed' in how ? how.renamed : undefined,
        );
        // The value that 1e999 is read as.
        const text = JSON.stringify(damaged, (_, value) =>
          value === Number.POSITIVE_INFINITY ? '1e999' : value,
        );
        const parsed = parseShown(text.replaceAll('"1e999"', '1e999'));
        if (parsed === undefined) return;
        kept += 1;
        const builder = BEFORE.clone();
        builder.apply(parsed);
        for (const zoom of [true, false]) {
          const ui = { ...VIEW.ui, focus, zoom };
          const status = { ...VIEW.status, state: 'ended' as const };
          expect(
            renderFrame({ ...VIEW, ui, status, data: builder.data }, { width: 200, height: 60 }).lines,
          ).toHaveLength(60);
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(kept).toBeGreaterThan(0);
});

/** Undefined for skipped records, and for a rejected version. */
function parseShown(text: string): RecordLine | undefined {
  try {
    const parsed = parseRecordLine(text);
    return 'record' in parsed ? parsed.record : undefined;
  } catch {
    return undefined;
  }
}

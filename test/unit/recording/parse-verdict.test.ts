import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '#src/errors.ts';
import type { Verdict } from '#src/model/verdict.ts';
import { parseVerdict } from '#src/recording/parse-verdict.ts';
import { renderReport } from '#src/report/render-report.ts';
import { VERDICT_FORMATS } from '#src/report/report-formats.ts';
import { examples } from '../report/example-verdicts.ts';
import { hostileVerdict } from '../report/hostile-verdicts.ts';

const read = (verdict: unknown) => parseVerdict(JSON.stringify(verdict), 'v.json');

/** Every place in a document, its key and its parent. */
function placesIn(value: unknown): { holder: Record<string, unknown>; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}

/** A copy of an example with one value replaced; undefined removes it. */
const damaged = fc
  .record({
    name: fc.constantFrom(...Object.keys(examples)),
    place: fc.nat(),
    value: fc.constantFrom(undefined, null, 'x', 5, true, [], {}, [null], ['x'], [{}]),
  })
  .map(({ name, place, value }) => {
    const copy = structuredClone(examples[name]);
    const places = placesIn(copy);
    const { holder, key } = places[place % places.length] ?? { holder: {}, key: '' };
    holder[key] = value;
    return copy;
  });

describe('parseVerdict', () => {
  it.each(Object.entries(examples))('reads back the verdict "%s"', (_name, verdict) => {
    expect(read(verdict)).toEqual(JSON.parse(JSON.stringify(verdict)));
  });

  it('reads every verdict, with any names', () => {
    fc.assert(fc.property(hostileVerdict, (verdict) => read(verdict) !== undefined));
  });

  it.each(['budgets', 'runs', 'target', 'host', 'warnings'])('reports that %s is missing', (key) => {
    const { [key as keyof Verdict]: _gone, ...rest } = Object.values(examples)[0] ?? ({} as Verdict);
    expect(() => read(rest)).toThrow(`v.json: invalid verdict: ${key} is missing: expected `);
  });

  it('rejects whatever a report cannot be rendered from', () => {
    fc.assert(
      fc.property(damaged, (verdict) => {
        let kept: Verdict | undefined;
        try {
          kept = read(verdict);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
        if (kept !== undefined) for (const format of VERDICT_FORMATS) renderReport(format, kept);
      }),
      { numRuns: 500 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineDecoder, LineEncoder } from '#src/recording/line-differences.ts';

const roundTrip = (lines: readonly string[]) => {
  const [encoder, decoder] = [new LineEncoder(), new LineDecoder()];
  return lines.map((line) => {
    const encoded = encoder.encode(line);
    expect(encoded).not.toMatch(/\n/);
    return decoder.decode(encoded);
  });
};

describe('lines as differences', () => {
  it('restores any lines', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 60 })), (lines) => {
        expect(roundTrip(lines)).toEqual(lines);
      }),
    );
  });

  it('restores lines that look like records, with any numbers', () => {
    const number = fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: 0, max: 1e6 }).map((value) => value / 1000),
      fc.constant(Number.MAX_SAFE_INTEGER),
    );
    const map = fc.record({ id: fc.nat(3), name: fc.string(), bytes: number });
    const record = fc.oneof(
      fc.record({
        type: fc.constant('sample'),
        elapsedMs: number,
        stat: fc.record({ anon: number, file: number }),
      }),
      fc.record({
        type: fc.constant('maps'),
        elapsedMs: number,
        maps: fc.array(map, { maxLength: 4 }),
        gone: fc.array(fc.nat(9)),
      }),
      fc.record({
        type: fc.constant('processes'),
        processes: fc.array(fc.record({ pid: fc.nat(3), comm: fc.string() })),
      }),
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (records) => {
        const lines = records.map((each) => JSON.stringify(each));
        expect(roundTrip(lines)).toEqual(lines);
      }),
    );
  });

  it('encodes a sample in the numbers that differ', () => {
    const encoder = new LineEncoder();
    const sample = (elapsedMs: number, anon: number) =>
      `{"type":"sample","elapsedMs":${elapsedMs},"reason":"tick","stat":{"file":0,"anon":${anon}}}`;
    encoder.encode(sample(100.123, 4096));
    expect(encoder.encode(sample(200.12, 8192))).toBe('0:P99997,1p4096');
  });
});

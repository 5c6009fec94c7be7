import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shiftedDecimal } from '#src/export/decimal.ts';
import { ProtobufWriter } from '#src/export/protobuf-writer.ts';

it.each([
  [1_234_567, -6, '1.234567'],
  [9, -6, '0.000009'],
  [0, -6, '0'],
  [12.34, -2, '0.1234'],
  [171.605, -3, '0.171605'],
  [1e21, 0, '1000000000000000000000'],
  [1.5e-7, 0, '0.00000015'],
  [1_000_000, -6, '1'],
  [-5.5, -1, '-0.55'],
  [2 ** 53, -6, '9007199254.740992'],
])('writes %d times ten to the power of %d as %s', (value, exponent, text) => {
  expect(shiftedDecimal(value, exponent)).toBe(text);
});

it('is read as the nearest number', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, -2, -3, -6),
      (value, exponent) => {
        const text = shiftedDecimal(value, exponent);
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        const shifted = /e/.test(String(value)) ? undefined : Number(`${value}e${exponent}`);
        if (shifted !== undefined) expect(Number(text)).toBe(shifted === 0 ? Number(text) : shifted);
      },
    ),
  );
});

it('writes varints of any size, and messages longer than one byte can say', () => {
  const writer = new ProtobufWriter();
  writer
    .uint(1, 300)
    .int(2, -1)
    .message(3, (nested) => nested.string(1, 'x'.repeat(200)));
  const bytes = Buffer.from(writer.take());
  expect(bytes.subarray(0, 14).toString('hex')).toBe('08ac0210ffffffffffffffffff01');
  expect(bytes.subarray(14, 20).toString('hex')).toBe('1acb010ac801');
  expect(bytes).toHaveLength(14 + 3 + 3 + 200);
});

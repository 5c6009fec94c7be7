/** Numbers as text, exactly as they were recorded. */

/**
 * `value` times ten to the power of `exponent` as a decimal number, without a rounding error: 1234567
 * microseconds are 1.234567 seconds.
 */
export function shiftedDecimal(value: number, exponent: number): string {
  if (exponent === 0 && Number.isSafeInteger(value)) return String(value);
  return plainDecimal(String(value), value === 0 ? 0 : exponent);
}

/** Without an exponent, which not every reader knows. */
function plainDecimal(text: string, shift = 0): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const point = whole.length + Number(exponent) + shift;
  const digits = `${whole}${fraction}`;
  const before = point <= 0 ? '0' : digits.slice(0, point).padEnd(point, '0');
  const after = (point <= 0 ? `${'0'.repeat(-point)}${digits}` : digits.slice(point)).replace(/0+$/, '');
  return `${sign}${before.replace(/^0+(?=\d)/, '')}${after === '' ? '' : `.${after}`}`;
}

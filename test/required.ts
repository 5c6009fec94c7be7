/**
 * The value, without which the test fails. An expectation that something is absent, small or false holds as
 * well for `undefined?.name` and for `undefined ?? ''`.
 */
export function required<T>(value: T, what = 'what the test looks at'): NonNullable<T> {
  if (value === undefined || value === null) throw new Error(`${what} is missing`);
  return value;
}

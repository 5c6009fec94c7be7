/**
 * The value of a key that an object has itself; undefined otherwise. For keys that come from files or the
 * command line: `constructor` is not a metric.
 */
export function ownValue<T>(values: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return values !== undefined && Object.hasOwn(values, key) ? values[key] : undefined;
}

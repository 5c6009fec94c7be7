/** What kind of value is expected, as checks that are put together from smaller ones. Pure. */

/** Whether a value is of a kind. */
export type Check = (value: unknown) => boolean;

/** JSON can say 1e400, which is read as infinite: no figure is. */
export const isNumber: Check = Number.isFinite;

/** Any text. */
export const isString: Check = (value) => typeof value === 'string';

/** One of these words. */
export function oneOf(...words: string[]): Check {
  return (value) => isString(value) && words.includes(String(value));
}

/** An object with any keys, whose values are all of one kind. */
export function recordOf(check: Check): Check {
  return (value) => {
    if (!isObject(value)) return false;
    for (const key in value) if (!check(value[key])) return false;
    return true;
  };
}

/** An object with any keys, whose values are all numbers: the same as `recordOf(isNumber)`, in half the time. */
export const isCounters: Check = (value) => {
  if (!isObject(value)) return false;
  for (const key in value) if (!Number.isFinite(value[key])) return false;
  return true;
};

/** A list whose entries are all of one kind. */
export function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

/** An object that has these keys, and may have those; further ones are left alone. */
export function objectOf(needed: Record<string, Check>, possible: Record<string, Check> = {}): Check {
  const fault = faultOf(needed, possible);
  return (value) => isObject(value) && fault(value) === undefined;
}

/** Finds the first key that is missing or holds something else. */
export function faultOf(
  needed: Record<string, Check>,
  possible: Record<string, Check>,
): (fields: Record<string, unknown>) => string | undefined {
  const must = Object.entries(needed);
  const may = Object.entries(possible);
  return (fields) => {
    for (const [key, check] of must) if (!check(fields[key])) return key;
    for (const [key, check] of may) {
      const value = fields[key];
      if (value !== undefined && !check(value)) return key;
    }
    return undefined;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

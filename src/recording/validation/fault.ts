/** Schema violations that the generated validators report. */
import { nearestName } from '../../format/nearest-name.ts';
import { safeText } from '../../format/safe-text.ts';

/** A part of a document that is missing or invalid. */
export interface Fault {
  /** The path of keys from the root. */
  readonly path: readonly (string | number)[];
  /** The expected value: `a number`. */
  readonly expected: string;
  /** The keys that are allowed, if the last one of the path is not among them. */
  readonly keys?: readonly string[];
}

/** Finds the first violation in a value; undefined if it is valid. */
export type FindFault = (value: unknown) => Fault | undefined;

/** Whether a value has keys. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether a value is a number in a range. No figure is beyond 2^53, which is 8 PiB; JSON can contain 1e400,
 * which is read as infinite.
 */
export function isNumber(
  value: unknown,
  least = Number.MIN_SAFE_INTEGER,
  most = Number.MAX_SAFE_INTEGER,
): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

/** Whether a value is a whole number in a range. */
export function isInteger(value: unknown, least?: number, most?: number): boolean {
  return Number.isInteger(value) && isNumber(value, least, most);
}

/** A violation of the value itself. */
export function wrong(expected: string): Fault {
  return { path: [], expected };
}

/** A violation of a member. */
export function wrongAt(key: string | number, expected: string): Fault {
  return { path: [key], expected };
}

/** Adds the enclosing key to the path of a violation. */
export function within(key: string | number, fault: Fault): Fault {
  return { ...fault, path: [key, ...fault.path] };
}

/** Finds the first violation in a list; `most` is only given with an equal `least`. */
export function findInList(
  value: unknown,
  findInItem: FindFault,
  least = 0,
  most = Number.POSITIVE_INFINITY,
): Fault | undefined {
  if (!Array.isArray(value)) return wrong('a list');
  if (value.length < least || value.length > most)
    return wrong(`a list of ${most === least ? '' : 'at least '}${least}`);
  for (let at = 0; at < value.length; at += 1) {
    const fault = findInItem(value[at]);
    if (fault !== undefined) return within(at, fault);
  }
  return undefined;
}

/** Finds the first key that is not among those that are allowed. */
export function findUnknownKey(value: Record<string, unknown>, keys: readonly string[]): Fault | undefined {
  for (const key in value) if (!keys.includes(key)) return { path: [key], expected: 'no such key', keys };
  return undefined;
}

/**
 * Describes a violation: `bpf.maps[2].name: expected a string, found 7`, `command is missing: expected a
 * list`, or `runs.cont is not a key here; did you mean "count"?`. `document` is the validated document.
 */
export function describeFault({ path, expected, keys }: Fault, document: unknown): string {
  const place = formatPath(path);
  if (keys !== undefined) {
    const near = nearestName(shorten(String(path[path.length - 1])), keys);
    return `${place} is not a key here${near === undefined ? '' : `; did you mean "${near}"?`}`;
  }
  let found: unknown = document;
  for (const key of path) {
    found =
      typeof found === 'object' && found !== null
        ? (found as Record<string | number, unknown>)[key]
        : undefined;
  }
  return safeText(
    found === undefined
      ? `${place} is missing: expected ${expected}`
      : `${place}: expected ${expected}, found ${formatFound(found)}`,
  );
}

/** A path as messages contain it: `budgets[2].name`. */
export function formatPath(path: Fault['path']): string {
  if (path.length === 0) return 'the document';
  const keys = path.map((key, index) =>
    typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${shorten(key)}`,
  );
  return safeText(keys.join(''));
}

/** A value formatted for a message; independent of how deep it is nested. */
export function formatFound(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  // JSON has no infinity.
  return shorten(typeof value === 'number' ? String(value) : JSON.stringify(value));
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

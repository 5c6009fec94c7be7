/** Where a document is not what its schema says: what the generated validators find. */
import { safeText } from '../../format/safe-text.ts';

/** A part that is missing, or holds something else. */
export interface Fault {
  /** The keys that lead to it from the root. */
  readonly path: readonly (string | number)[];
  /** What belongs there: `a number`. */
  readonly expected: string;
}

/** Finds the first fault of a value; undefined when there is none. */
export type FindFault = (value: unknown) => Fault | undefined;

/** Whether a value has keys. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fault of the value itself. */
export function wrong(expected: string): Fault {
  return { path: [], expected };
}

/** The fault of a part. */
export function wrongAt(key: string | number, expected: string): Fault {
  return { path: [key], expected };
}

/** A fault as it looks from the object or the list around. */
export function within(key: string | number, { path, expected }: Fault): Fault {
  return { path: [key, ...path], expected };
}

/** A fault in words: `bpf.maps[2].name: expected a string, found 7`, or `command is missing: expected a list`. `document` is what was searched. */
export function describeFault(fault: Fault, document: unknown): string {
  let found: unknown = document;
  for (const key of fault.path) {
    found =
      typeof found === 'object' && found !== null
        ? (found as Record<string | number, unknown>)[key]
        : undefined;
  }
  const path = fault.path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`))
    .join('');
  const place = path === '' ? 'the document' : path;
  return safeText(
    found === undefined
      ? `${place} is missing: expected ${fault.expected}`
      : `${place}: expected ${fault.expected}, found ${shortly(found)}`,
  );
}

/** A value as it is shown in a message; how deep it is nested must not matter. */
function shortly(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  // JSON itself has no infinity.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

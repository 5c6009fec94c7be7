/** Schema violations that the generated validators report. */
import { safeText } from '../../format/safe-text.ts';

/** A part of a document that is missing or invalid. */
export interface Fault {
  /** The path of keys from the root. */
  readonly path: readonly (string | number)[];
  /** The expected value: `a number`. */
  readonly expected: string;
}

/** Finds the first violation in a value; undefined if it is valid. */
export type FindFault = (value: unknown) => Fault | undefined;

/** Whether a value has keys. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
export function within(key: string | number, { path, expected }: Fault): Fault {
  return { path: [key, ...path], expected };
}

/**
 * Describes a violation: `bpf.maps[2].name: expected a string, found 7`, or `command is missing: expected a
 * list`. `document` is the validated document.
 */
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
      : `${place}: expected ${fault.expected}, found ${formatFound(found)}`,
  );
}

/** A value formatted for a message; independent of how deep it is nested. */
function formatFound(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  // JSON has no infinity.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

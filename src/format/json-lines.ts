/** JSON with a line for each element of a list: indenting thousands takes longer than reading them. */
import { safeJson } from './safe-text.ts';

/**
 * The lines of an object: each key has one, and so has each element of a list, which is computed when its
 * turn comes. Keys without a value are omitted.
 */
export function* jsonLines(document: Readonly<Record<string, unknown>>): Generator<string> {
  const entries = Object.entries(document).filter(([, value]) => value !== undefined);
  yield '{';
  for (const [index, [key, value]] of entries.entries()) {
    const start = `  ${safeJson(key)}: `;
    const end = index < entries.length - 1 ? ',' : '';
    if (isIterable(value)) yield* listLines(start, value, end);
    else yield start + safeJson(value) + end;
  }
  yield '}';
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function* listLines(start: string, list: Iterable<unknown>, end: string): Generator<string> {
  yield `${start}[`;
  let line: string | undefined;
  for (const element of list) {
    if (line !== undefined) yield `${line},`;
    line = `    ${safeJson(element)}`;
  }
  if (line !== undefined) yield line;
  yield `  ]${end}`;
}

/** Shell glob patterns. */

/** Names that match a glob. */
export interface NamePattern {
  test(name: string): boolean;
}

/** A character, a set of characters, null for `?`, and undefined for `*`. */
type Part = string | RegExp | null | undefined;

/**
 * Compiles a glob that must match the whole name: `*` is anything, `?` one character, `[a-c]` and `[!a-c]` a
 * set. Matching takes time in proportion to the product of both lengths, whatever they contain.
 * @throws SyntaxError for a reversed range: check with `findBadSet` first.
 */
export function compileGlob(glob: string): NamePattern {
  const parts = partsOf(glob).map(({ text }): Part => {
    if (text === '*') return undefined;
    if (text === '?') return null;
    return text.length === 1 ? text : new RegExp(patternOfSet(text), 's');
  });
  return { test: (name) => matches(parts, name) };
}

function matches(parts: readonly Part[], name: string): boolean {
  let part = 0;
  let at = 0;
  // After the last `*`: a later place for what follows it is tried, never another one for what precedes it.
  let retry: { part: number; at: number } | undefined;
  while (at < name.length) {
    const fits = parts[part];
    if (part < parts.length && fits === undefined) {
      part += 1;
      retry = { part, at };
    } else if (part < parts.length && fitsPart(fits, name[at] ?? '')) {
      part += 1;
      at += 1;
    } else if (retry !== undefined) {
      retry.at += 1;
      ({ part, at } = retry);
    } else return false;
  }
  return parts.slice(part).every((fits) => fits === undefined);
}

function fitsPart(part: Part, character: string): boolean {
  if (part === null || part === undefined) return true;
  return typeof part === 'string' ? part === character : part.test(character);
}

/** The first set of a glob with a reversed range (`[z-a]`); undefined if all sets are valid. */
export function findBadSet(glob: string): { from: number; text: string } | undefined {
  return partsOf(glob).find(({ text }) => text.length > 1 && !isSet(text));
}

/** Whether a glob may match more than one name. */
export function hasWildcards(glob: string): boolean {
  return partsOf(glob).some(({ text }) => text.length > 1 || text === '*' || text === '?');
}

/** Single characters, and sets including their brackets. */
function partsOf(glob: string): { from: number; text: string }[] {
  const parts: { from: number; text: string }[] = [];
  const lastEnd = glob.lastIndexOf(']');
  for (let from = 0; from < glob.length; ) {
    const end = glob[from] === '[' && from + 2 <= lastEnd ? glob.indexOf(']', from + 2) : -1;
    const text = glob.slice(from, end > 0 ? end + 1 : from + 1);
    parts.push({ from, text });
    from += text.length;
  }
  return parts;
}

function patternOfSet(text: string): string {
  const set = text.slice(1, -1).replace(/[\\\]^[]/g, '\\$&');
  return set.startsWith('!') ? `[^${set.slice(1)}]` : `[${set}]`;
}

function isSet(text: string): boolean {
  try {
    new RegExp(patternOfSet(text));
    return true;
  } catch {
    return false;
  }
}

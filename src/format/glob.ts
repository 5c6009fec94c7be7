/** Shell glob patterns. */

/**
 * Compiles a glob to an expression that must match the whole string: `*` is anything, `?` one character,
 * `[a-c]` and `[!a-c]` a set.
 * @throws SyntaxError for a reversed range: check with `findBadSet` first.
 */
export function globToRegExp(glob: string): RegExp {
  const pattern = partsOf(glob).map(({ text }) => {
    if (text === '*') return '.*';
    if (text === '?') return '.';
    return text.length > 1 ? patternOfSet(text) : text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  });
  return new RegExp(`^${pattern.join('')}$`, 's');
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
  for (let from = 0; from < glob.length; ) {
    const end = glob[from] === '[' ? glob.indexOf(']', from + 2) : -1;
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

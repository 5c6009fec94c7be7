/** Finds the line of a value in JSON text. */

/** Keys and indexes from the root. */
export type Path = readonly (string | number)[];

/** All JSON tokens, without whitespace. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g;

interface Level {
  isObject: boolean;
  key: string | number;
}

/**
 * The 1-based line of a key, or of an array element, in valid JSON text; if the last key is missing, of the
 * closest enclosing value. Undefined for the root.
 */
export function lineOfPath(text: string, path: Path): number | undefined {
  let bestDepth = 0;
  let bestAt: number | undefined;
  for (const { at, keys } of places(text, path.length)) {
    const depth = keys.length;
    // For duplicate keys JSON.parse uses the last one, and so does this.
    const fits = depth >= bestDepth && keys.every((key, index) => key === path[index]);
    if (!fits) continue;
    bestDepth = depth;
    bestAt = at;
  }
  return bestAt === undefined ? undefined : text.slice(0, bestAt).split('\n').length;
}

/** All keys and elements down to a depth, each with its path. A document may be nested very deeply. */
function* places(text: string, depth: number): Generator<{ at: number; keys: (string | number)[] }> {
  const levels: Level[] = [];
  let expectsKey = false;
  for (const { 0: token, index: at } of text.matchAll(TOKENS)) {
    const level = levels[levels.length - 1];
    if (token === '}' || token === ']') levels.pop();
    else if (token === ',') {
      if (typeof level?.key === 'number') level.key += 1;
      expectsKey = level?.isObject === true;
      continue;
    } else if (token === ':') continue;
    else if (expectsKey && level !== undefined) {
      level.key = JSON.parse(token) as string;
      if (levels.length <= depth) yield { at, keys: levels.map(({ key }) => key) };
    } else {
      if (level?.isObject === false && levels.length <= depth)
        yield { at, keys: levels.map(({ key }) => key) };
      if (token === '{' || token === '[')
        levels.push({ isObject: token === '{', key: token === '{' ? '' : 0 });
    }
    expectsKey = token === '{';
  }
}

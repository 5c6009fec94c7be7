/** On which line of a JSON text something stands. */

/** Keys and indices from the root down. */
export type Path = readonly (string | number)[];

/** Everything that a JSON text is made of, blanks apart. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g;

interface Level {
  isObject: boolean;
  key: string | number;
}

/**
 * The 1-based line of a key, or of an array's element, in a text that JSON.parse takes; of the nearest that
 * is there when the last key is missing. Undefined for the root.
 */
export function lineOfPath(text: string, path: Path): number | undefined {
  let bestDepth = 0;
  let bestAt: number | undefined;
  for (const { at, keys } of places(text)) {
    const depth = keys.length;
    // Of equal keys JSON.parse takes the last: so do we.
    const fits =
      depth <= path.length && depth >= bestDepth && keys.every((key, index) => key === path[index]);
    if (!fits) continue;
    bestDepth = depth;
    bestAt = at;
  }
  return bestAt === undefined ? undefined : text.slice(0, bestAt).split('\n').length;
}

/** Every key and every element with the keys that lead to it. */
function* places(text: string): Generator<{ at: number; keys: (string | number)[] }> {
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
      yield { at, keys: levels.map(({ key }) => key) };
    } else {
      if (level?.isObject === false) yield { at, keys: levels.map(({ key }) => key) };
      if (token === '{' || token === '[')
        levels.push({ isObject: token === '{', key: token === '{' ? '' : 0 });
    }
    expectsKey = token === '{';
  }
}

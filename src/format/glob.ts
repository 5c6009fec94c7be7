/** Patterns as a shell takes them. Pure. */

/** A glob as an expression that must match all of a text: `*` is anything, `?` one character, `[a-c]` and `[!a-c]` a set. */
export function globToRegExp(glob: string): RegExp {
  let pattern = '';
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at] ?? '';
    const end = character === '[' ? glob.indexOf(']', at + 2) : -1;
    if (character === '*') pattern += '.*';
    else if (character === '?') pattern += '.';
    else if (end > 0) {
      const set = glob.slice(at + 1, end).replace(/[\\\]^[]/g, '\\$&');
      pattern += set.startsWith('!') ? `[^${set.slice(1)}]` : `[${set}]`;
      at = end;
    } else pattern += character.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  }
  return new RegExp(`^${pattern}$`, 's');
}

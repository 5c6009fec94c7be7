/** Breaks lines for a terminal: it would break them in the middle of words. */

/** Two columns wide. Source: UAX #11, the main blocks. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** How much deeper the continuation of a line is indented than its start. Unit: columns. */
const HANGING_INDENT = 2;

/** Narrower terminals are not worth an indentation. Unit: columns. */
const MIN_WIDTH = 20;

/**
 * Breaks every line that is wider than `width` columns, between words if possible; what follows is indented. Without a
 * width, and below 20 columns, the lines are left as they are.
 */
export function wrapLines(lines: readonly string[], width: number | undefined): string[] {
  if (width === undefined || width < MIN_WIDTH) return [...lines];
  return lines.flatMap((line) => (columnsOf(line) <= width ? [line] : wrap(line, width)));
}

/** The start of a line, with dots, if it is wider than `width` columns. */
export function cutLine(line: string, width: number | undefined): string {
  if (width === undefined || columnsOf(line) <= width) return line;
  return `${split(line, Math.max(0, width - 3))[0]}...`;
}

function wrap(line: string, width: number): string[] {
  const start = line.length - line.trimStart().length;
  const indent = ' '.repeat(Math.min(start + HANGING_INDENT, width / 2));
  const lines: string[] = [];
  let rest = line;
  while (columnsOf(rest) > width) {
    const [fitting] = split(rest, width);
    // A space after the last word that fits counts too.
    let end = rest.slice(0, fitting.length + 1).lastIndexOf(' ');
    if (isBeforeUnit(rest, end)) end = rest.lastIndexOf(' ', end - 1);
    if (rest.slice(0, Math.max(0, end)).trim() === '') end = fitting.length;
    lines.push(rest.slice(0, end).trimEnd());
    rest = indent + rest.slice(end).trimStart();
  }
  return rest.trim() === '' ? lines : [...lines, rest];
}

/** Whether a space is within a quantity, such as `1.50 MiB` or `5 %`. */
function isBeforeUnit(text: string, space: number): boolean {
  return /\d$/.test(text.slice(0, Math.max(0, space))) && /^ (?:[KMGTP]i)?B\b|^ %/.test(text.slice(space));
}

/** The characters that fit into `width` columns, and the others. */
function split(text: string, width: number): [fitting: string, rest: string] {
  let columns = 0;
  let end = 0;
  for (const character of text) {
    columns += widthOf(character);
    if (columns > width) break;
    end += character.length;
  }
  return [text.slice(0, end), text.slice(end)];
}

function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

function widthOf(character: string): number {
  if (character <= '\u007f') return 1;
  return WIDE.test(character) ? 2 : /\p{Mn}/u.test(character) ? 0 : 1;
}

/**
 * Breaks lines for a terminal: it would break them in the middle of words.
 *
 * Widths are those of single characters, which are too large for emoji of several. The view measures clusters
 * (src/view/text/cells.ts) with an Intl.Segmenter, which takes 14 ms to create: longer than all of our
 * modules take to load. Here a line that is some columns too short does no harm.
 */

import { safeText, withoutCommand } from './safe-text.ts';

/** Two columns wide. Source: UAX #11, the main blocks; emoji that are drawn as such. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;

/** Takes no column: marks on the character before, joiners, directions of writing. */
const ZERO = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** How much deeper the continuation of a line is indented than its start. Unit: columns. */
const HANGING_INDENT = 2;

/** Narrower terminals are not worth an indentation. Unit: columns. */
const MIN_WIDTH = 20;

/**
 * Breaks every line that is wider than `width` columns, between words; what follows is indented. A word that
 * is wider, such as the path of a file, is left whole: the terminal breaks it, and it can still be copied.
 * Without a width, and below 20 columns, the lines are left as they are.
 */
export function wrapLines(lines: readonly string[], width: number | undefined): string[] {
  if (width === undefined || width < MIN_WIDTH) return [...lines];
  return lines.flatMap((line) => (fitting(line, width) === line ? [line] : wrap(line, width)));
}

/** Lines of text as they are printed: {@link wrapLines}, without anything that the reader interprets. */
export function printableLines(lines: readonly string[], width: number | undefined): string[] {
  return wrapLines(lines.map(safeText), width).map(withoutCommand);
}

/** The start of a line, with dots, if it is wider than `width` columns. */
export function cutLine(line: string, width: number | undefined): string {
  if (width === undefined || fitting(line, width) === line) return line;
  return `${fitting(line, Math.max(0, width - 3))}...`;
}

/**
 * A name without its middle, if it is wider than `width` columns: the end of a path says most.
 * @param start the part of the width for the start of the name.
 * @param mark one character in place of what is left out.
 */
export function cutMiddle(name: string, width: number, start = 1 / 3, mark = '…'): string {
  if (fitting(name, width) === name) return name;
  const head = fitting(name, Math.floor(Math.max(0, width - 1) * start));
  let left = Math.max(0, width - 1) - widthOfText(head);
  let tail = '';
  for (const character of [...name].reverse()) {
    left -= widthOf(character);
    if (left < 0) break;
    tail = character + tail;
  }
  return `${head}${mark}${tail}`;
}

/** Number of columns of a text. */
export function widthOfText(text: string): number {
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

function wrap(line: string, width: number): string[] {
  const start = line.length - line.trimStart().length;
  const indent = ' '.repeat(Math.min(start + HANGING_INDENT, width / 2));
  const lines: string[] = [];
  let rest = line;
  for (;;) {
    const end = endOfLine(rest, width);
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
    if (rest === '') return lines;
    rest = indent + rest;
  }
}

/** Where to break a text: at its last space that fits, or behind its first word. */
function endOfLine(text: string, width: number): number {
  const fits = fitting(text, width).length;
  if (fits === text.length) return fits;
  const firstWord = text.search(/\S/);
  // A space behind the last word that fits counts too.
  let end = text.lastIndexOf(' ', fits);
  while (isBeforeUnit(text, end)) end = text.lastIndexOf(' ', end - 1);
  if (end > firstWord) return end;
  end = text.indexOf(' ', Math.max(0, firstWord));
  while (isBeforeUnit(text, end)) end = text.indexOf(' ', end + 1);
  return end === -1 ? text.length : end;
}

/** Whether a space is within a quantity, such as `1.50 MiB` or `5 %`. */
function isBeforeUnit(text: string, space: number): boolean {
  return (
    /\d$/.test(text.slice(Math.max(0, space - 1), Math.max(0, space))) &&
    /^ (?:(?:[KMGTP]i)?B\b|%)/.test(text.slice(space, space + 5))
  );
}

/** The start of a text that fits into `width` columns. */
function fitting(text: string, width: number): string {
  let columns = 0;
  let end = 0;
  for (const character of text) {
    columns += widthOf(character);
    if (columns > width) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function widthOf(character: string): number {
  if (character <= '\u007f') return 1;
  return ZERO.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

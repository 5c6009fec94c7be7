/** Text width in columns: wide characters and emoji take two, combining marks none. */
import stringWidth from 'string-width';
import type { Line, Role, Span, TextStyle } from './line.ts';

// Characters of one column and one code unit, including box drawing, blocks and braille: charts consist of
// them, and looking up each width takes fifty times as long.
const NARROW = /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc\u2800-\u28ff]*$/;

const graphemes = new Intl.Segmenter();

/** Number of columns of a text on a terminal. */
export function widthOf(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text);
}

/** The start of the text that fits into `width` columns; one less if a wide character does not fit. */
export function clip(text: string, width: number): string {
  if (width <= 0) return '';
  if (NARROW.test(text)) return text.slice(0, width);
  let taken = '';
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) {
    columns += widthOf(segment);
    if (columns > width) break;
    taken += segment;
  }
  return taken;
}

/** The text in exactly `width` columns: truncated with an ellipsis, or padded with spaces. */
export function fitText(text: string, width: number, unicode: boolean): string {
  if (width <= 0) return '';
  const columns = widthOf(text);
  if (columns <= width) return text + ' '.repeat(width - columns);
  const cut = clip(text, width - 1) + (unicode ? '…' : '~');
  return cut + ' '.repeat(width - widthOf(cut));
}

/** The text at the right end of `width` columns; truncated like `fitText`. */
export function fitRight(text: string, width: number, unicode: boolean): string {
  const columns = widthOf(text);
  return columns > width ? fitText(text, width, unicode) : ' '.repeat(width - columns) + text;
}

/** Spans in exactly `width` columns: truncated, or padded with spaces of the style `fill`. */
export function fitLine(spans: Line, width: number, fill?: Role | TextStyle): Line {
  const line: Span[] = [];
  let left = width;
  for (const span of spans) {
    if (left <= 0) break;
    const text = clip(span.text, left);
    if (text !== '') line.push(text === span.text ? span : { ...span, text });
    left -= widthOf(text);
    if (text !== span.text) break;
  }
  if (left > 0)
    line.push(fill === undefined ? { text: ' '.repeat(left) } : { text: ' '.repeat(left), style: fill });
  return line;
}

/** Number of columns of a line. */
export function widthOfLine(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** The plain text of a line. */
export function textOf(line: Line): string {
  return line.map(({ text }) => text).join('');
}

/** The columns from `from` up to `to` of a line; half of a wide character becomes a space. */
export function sliceLine(line: Line, from: number, to: number): Line {
  const cut: Span[] = [];
  let column = 0;
  for (const span of line) {
    const start = column;
    column += widthOf(span.text);
    if (column <= from || start >= to) continue;
    const before = Math.max(0, from - start);
    const wanted = Math.min(column, to) - Math.max(start, from);
    cut.push({ ...span, text: columnsOf(span.text, before, wanted) });
  }
  return cut;
}

function columnsOf(text: string, from: number, count: number): string {
  if (NARROW.test(text)) return text.slice(from, from + count);
  const head = clip(text, from);
  const lost = widthOf(head) < from ? 1 : 0;
  // A wide character across the left edge is dropped, and a space replaces its right half.
  const rest = lost === 1 ? text.slice(clip(text, from + 1).length) : text.slice(head.length);
  const taken = ' '.repeat(lost) + clip(rest, count - lost);
  return taken + ' '.repeat(count - widthOf(taken));
}

/** Replaces the columns of a line that start at `left` with `patch`. */
export function overlay(line: Line, left: number, patch: Line, width: number): Line {
  return [...sliceLine(line, 0, left), ...patch, ...sliceLine(line, left + width, Number.POSITIVE_INFINITY)];
}

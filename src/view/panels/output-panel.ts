/** The output of the target, at its end unless scrolled back. */

import type { View } from '../state/view.ts';
import { clip, fitLine, widthOf, widthOfLine } from '../text/cells.ts';
import type { Line, Size, Span } from '../text/line.ts';
import { toAscii } from '../text/shown-text.ts';
import { fillUp, renderAbsent } from './pieces.ts';

/** Continuation lines are indented by the width of the stream mark. */
const CONTINUED = '  ';

/** The last lines: truncated if too long, or wrapped in a zoomed panel. */
export function renderOutput(view: View, size: Size): Line[] {
  const { lines, dropped } = view.output;
  if (lines.length === 0) {
    const hasEnded = view.data.summary !== undefined;
    return renderAbsent(view, 'output', hasEnded ? 'No output.' : 'No output yet.', size);
  }
  const { outputBottom } = view.ui;
  const last = lines.length - 1;
  // Dropped lines cannot be shown.
  const below = outputBottom === undefined ? 0 : last - Math.max(0, Math.min(last, outputBottom - dropped));
  const hasNote = below > 0 && size.height >= 3;
  const rows = size.height - (hasNote ? 1 : 0);
  const draw = view.ui.zoom
    ? (line: Line) => wrapLine(line, size.width, view.unicode)
    : (line: Line) => [cutLine(line, size.width, view.unicode)];
  const page = takePage(lines, lines.length - below, rows, dropped, draw, size.width);
  const shown = fillUp(page.rows, { ...size, height: rows });
  if (!hasNote) return shown;
  const note =
    page.below > 0
      ? `${page.below} lines below, End follows the output`
      : 'the last line, End follows the output';
  return [...shown, fitLine([{ text: `  ${view.unicode ? '↓' : 'v'} ${note}`, style: 'dim' }], size.width)];
}

/**
 * The rows that end with the line before `end`; at the start of the output, later rows fill the panel. The
 * first row shows the number of dropped lines.
 */
function takePage(
  lines: readonly Line[],
  end: number,
  count: number,
  dropped: number,
  draw: (line: Line) => Line[],
  width: number,
): { rows: Line[]; below: number } {
  const top: Line[] =
    dropped === 0
      ? []
      : [fitLine([{ text: `  (${dropped} earlier lines were discarded)`, style: 'dim' }], width)];
  let rows: Line[] = [];
  let from = end;
  while (from > 0 && rows.length < count) {
    from -= 1;
    rows = [...draw(lines[from] ?? []), ...rows];
  }
  if (rows.length >= count) return { rows: rows.slice(-count), below: lines.length - end };
  rows = [...top, ...rows];
  let to = end;
  while (to < lines.length && rows.length < count) {
    rows.push(...draw(lines[to] ?? []));
    to += 1;
  }
  // With nothing below, show the end instead of the note at the top.
  return { rows: to === lines.length ? rows.slice(-count) : rows.slice(0, count), below: lines.length - to };
}

function plain(line: Line, unicode: boolean): Line {
  return unicode ? line : line.map((span) => ({ ...span, text: toAscii(span.text) }));
}

/** A truncated line ends with a mark. */
function cutLine(line: Line, width: number, unicode: boolean): Line {
  const shown = plain(line, unicode);
  if (widthOfLine(shown) <= width) return fitLine(shown, width);
  return [...fitLine(shown, Math.max(0, width - 1)), { text: unicode ? '…' : '~', style: 'dim' }];
}

/** A line wrapped to as many rows as needed. */
function wrapLine(line: Line, width: number, unicode: boolean): Line[] {
  if (width <= CONTINUED.length + 1) return [cutLine(line, width, unicode)];
  const rows: Line[] = [];
  let row: Span[] = [];
  let left = width;
  for (const span of plain(line, unicode)) {
    let rest = span.text;
    while (rest !== '') {
      const piece = clip(rest, left);
      // A cluster of characters that is wider than the panel ends its span: it would never fit.
      if (piece === '' && left === width - CONTINUED.length) break;
      if (piece !== '') row.push({ ...span, text: piece });
      rest = rest.slice(piece.length);
      left -= widthOf(piece);
      if (rest === '') break;
      rows.push(fitLine(row, width));
      row = [{ text: CONTINUED }];
      left = width - CONTINUED.length;
    }
  }
  return [...rows, fitLine(row, width)];
}

/** Common parts of several panels. */

import type { PanelId, View } from '../state/view.ts';
import { fitLine } from '../text/cells.ts';
import type { Line, Role, Size, Span } from '../text/line.ts';
import { shownText, wrapText } from '../text/shown-text.ts';

/** Exactly the lines of a panel: truncated, or padded with empty lines. */
export function fillUp(lines: readonly Line[], { width, height }: Size): Line[] {
  const shown = lines.slice(0, Math.max(0, height));
  while (shown.length < height) shown.push(fitLine([], width));
  return shown;
}

/**
 * Wraps a text to as many lines as needed, with a hanging indent.
 */
export function renderWrapped(lead: Span, text: Span, width: number): Line[] {
  const indent = lead.text.length;
  return wrapText(text.text, Math.max(1, width - indent)).map((part, at) =>
    fitLine([at === 0 ? lead : { text: ' '.repeat(indent) }, { ...text, text: part }], width),
  );
}

/** An empty panel: the reason with a hint, or what is pending. */
export function renderAbsent(view: View, panel: PanelId, otherwise: string, size: Size): Line[] {
  const text = shownText(view.status.absent[panel] ?? otherwise, view.unicode);
  return fillUp(renderWrapped({ text: '  ' }, { text, style: 'dim' }, size.width), size);
}

/** Maximum scroll position of a page of `lines` lines. */
export function lastScroll(lines: number, height: number): number {
  return lines <= height || height < 3 ? 0 : lines - (height - 1);
}

/** The lines of a page from `scroll` on, limited to its end, with marks for hidden lines above and below. */
export function renderScrolled(lines: readonly Line[], scroll: number, size: Size, unicode: boolean): Line[] {
  const last = lastScroll(lines.length, size.height);
  if (last === 0) return fillUp(lines, size);
  const rows = size.height - 1;
  const from = Math.max(0, Math.min(last, scroll));
  const below = lines.length - from - rows;
  const [up, down] = unicode ? ['↑', '↓'] : ['^', 'v'];
  const marks = [
    ...(from > 0 ? [`${up} ${from} above`] : []),
    ...(below > 0 ? [`${down} ${below} below`] : []),
  ];
  return [
    ...lines.slice(from, from + rows),
    fitLine([{ text: `  ${marks.join('  ')}`, style: 'dim' satisfies Role }], size.width),
  ];
}

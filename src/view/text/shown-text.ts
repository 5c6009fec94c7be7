/** Prepares text for panels: sanitised, ASCII if the terminal requires it, wrapped to lines. */
import { safeText } from '../../format/safe-text.ts';
import { clip, widthOf } from './cells.ts';

const graphemes = new Intl.Segmenter();

/**
 * Sanitises untrusted text; without Unicode, non-ASCII characters become question marks of the same width.
 */
export function shownText(text: string, unicode: boolean): string {
  const harmless = safeText(text);
  return unicode ? harmless : toAscii(harmless);
}

/** Replaces non-ASCII characters by question marks, one per column. */
export function toAscii(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return Array.from(graphemes.segment(text), ({ segment }) =>
    /^[\x20-\x7e]*$/.test(segment) ? segment : '?'.repeat(widthOf(segment)),
  ).join('');
}

/** The end of a text that fits into `width` columns: in a prompt the end must be visible. */
export function endOfText(text: string, width: number): string {
  let shown = text;
  while (shown !== '' && widthOf(shown) > width) shown = [...shown].slice(1).join('');
  return shown;
}

/** Text in lines of at most `width` columns, broken at spaces where possible; at least one line. */
export function wrapText(text: string, width: number): string[] {
  if (width <= 0) return [''];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (widthOf(line) > width) {
      const piece = clip(line, width);
      // A character wider than the line would otherwise cause an endless loop.
      if (piece === '') return [...lines, ''];
      lines.push(piece);
      line = line.slice(piece.length);
    }
  }
  return [...lines, line];
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A share from 0 to 1 as a bar of exactly `width` columns, with the rest drawn as a track. */
export function gauge(share: number, width: number, unicode: boolean): string {
  if (width <= 0) return '';
  const part = Math.max(0, Math.min(1, share));
  if (!unicode) {
    const full = part > 0 ? Math.max(1, Math.round(part * width)) : 0;
    return '#'.repeat(full) + '.'.repeat(width - full);
  }
  // A value above 0 is always visible.
  const eighths = part > 0 ? Math.max(1, Math.round(part * width * 8)) : 0;
  const bar = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
  return bar + '·'.repeat(width - bar.length);
}

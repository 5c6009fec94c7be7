/** Lays out fields in one line: less important ones are left out if there is no space. */
import { clip, fitLine, fitText, widthOf, widthOfLine } from './cells.ts';
import type { Line, Role, Span } from './line.ts';

/** One field of a line. */
export interface Field {
  spans: Line;
  /** Fields that do not fit are left out by rank, highest first. */
  rank: number;
  /** Set if the last span may be truncated: from which end, and its minimum width. */
  cut?: { at: 'end' | 'start'; least: number };
}

const GAP = 2;

/** A field of one figure with its name. */
export function labelled(rank: number, name: string, value: string, role: Role = 'plain'): Field {
  return {
    rank,
    spans: [
      { text: `${name} `, style: 'dim' },
      { text: value, style: role },
    ],
  };
}

/** Draws as many fields as fit, in the given order, in exactly `width` columns. */
export function packFields(fields: readonly Field[], width: number, unicode: boolean): Line {
  let left = width - 1;
  const chosen = new Set<Field>();
  for (const field of fields.toSorted((a, b) => a.rank - b.rank)) {
    const needed = leastWidth(field) + (chosen.size > 0 ? GAP : 0);
    // The first field is truncated instead of left out.
    if (needed > left && chosen.size > 0) break;
    chosen.add(field);
    left -= needed;
  }
  const spans: Span[] = [{ text: ' ' }];
  for (const field of fields) {
    if (!chosen.has(field)) continue;
    if (spans.length > 1) spans.push({ text: ' '.repeat(GAP) });
    const more = Math.max(0, Math.min(left, widthOfLine(field.spans) - leastWidth(field)));
    left -= more;
    spans.push(...shorten(field, leastWidth(field) + more, unicode));
  }
  return fitLine(spans, width);
}

function leastWidth({ spans, cut }: Field): number {
  const whole = widthOfLine(spans);
  if (cut === undefined) return whole;
  const last = widthOf(spans.at(-1)?.text ?? '');
  return whole - last + Math.min(last, cut.least);
}

function shorten({ spans, cut }: Field, width: number, unicode: boolean): Line {
  const last = spans.at(-1);
  if (cut === undefined || last === undefined) return spans;
  const before = spans.slice(0, -1);
  const room = width - widthOfLine(before);
  const text = cut.at === 'end' ? fitText(last.text, room, unicode) : fitEnd(last.text, room, unicode);
  return [...before, { ...last, text }];
}

/** The end of a text in exactly `width` columns. */
function fitEnd(text: string, width: number, unicode: boolean): string {
  const columns = widthOf(text);
  if (columns <= width) return fitText(text, width, unicode);
  if (width <= 0) return '';
  const head = clip(text, columns - width + 1);
  // A truncated wide character is dropped completely.
  let tail = text.slice(head.length);
  while (widthOf(tail) > width - 1) tail = tail.slice(clip(tail, 2).length || 1);
  return fitText(`${unicode ? '…' : '~'}${tail}`, width, unicode);
}

/** Stacked bars: each part is identified by its letter and its fill as well as by its colour. */
import { fitLine, widthOf } from '../text/cells.ts';
import type { Line, Role, Span } from '../text/line.ts';

/** One part of a bar. */
export interface BarPart {
  letter: string;
  name: string;
  role: Role;
  /** Parts that are not above 0 are not drawn. Unit: bytes. */
  bytes: number;
}

/**
 * Alternating fill characters, so that neighbours differ without colours; ASCII parts consist of their
 * letters.
 */
const FILLINGS = ['█', '▒', '▓', '░'];

/** Draws parts side by side in exactly `width` columns, in proportion to their share of the sum. */
export function stackedBar(parts: readonly BarPart[], width: number, unicode: boolean): Line {
  const shown = parts.filter(({ bytes }) => bytes > 0);
  const lengths = shareColumns(
    shown.map(({ bytes }) => bytes),
    width,
  );
  const spans: Span[] = [];
  for (const [index, part] of shown.entries()) {
    const filling = unicode ? (FILLINGS[index % FILLINGS.length] ?? '█') : part.letter;
    spans.push(...segment(part, lengths[index] ?? 0, filling));
  }
  return fitLine(spans, width);
}

function segment({ name, letter, role }: BarPart, length: number, filling: string): Span[] {
  if (length <= 0) return [];
  const whole = ` ${name} `;
  const label = widthOf(whole) + 2 <= length ? whole : letter;
  const before = label === letter ? 0 : Math.min(3, length - widthOf(label) - 1);
  const after = length - before - widthOf(label);
  return [
    ...(before > 0 ? [{ text: filling.repeat(before), style: role }] : []),
    { text: label, style: role },
    ...(after > 0 ? [{ text: filling.repeat(after), style: role }] : []),
  ];
}

/** Distributes whole columns by share using the largest remainder method. */
function shareColumns(amounts: readonly number[], width: number): number[] {
  const total = amounts.reduce((sum, amount) => sum + amount, 0);
  if (total <= 0) return amounts.map(() => 0);
  const exact = amounts.map((amount) => (amount / total) * width);
  const columns = exact.map(Math.floor);
  const byRest = exact.map((_, at) => at).sort((a, b) => rest(exact, b) - rest(exact, a));
  let left = width - columns.reduce((sum, count) => sum + count, 0);
  for (const at of byRest) {
    if (left <= 0) break;
    columns[at] = (columns[at] ?? 0) + 1;
    left -= 1;
  }
  return columns;
}

function rest(exact: readonly number[], at: number): number {
  const value = exact[at] ?? 0;
  return value - Math.floor(value);
}

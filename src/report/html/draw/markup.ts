/** Markup of a page: all text from outside passes `escapeText`. */
import { safeText } from '../../../format/safe-text.ts';

/**
 * Text for HTML and SVG, within elements and quoted attributes. Control characters and marks of direction are
 * made visible, lone surrogates replaced.
 */
export function escapeText(text: string): string {
  return safeText(text)
    .replace(/[\p{Cs}\p{Noncharacter_Code_Point}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Names are cut after this many characters: a page must not grow with them. */
const MAX_NAME = 200;

/** A name from outside, cut. */
export function escapeName(name: string): string {
  return escapeText(name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME)}...`);
}

/** A column of a table. */
export interface Column {
  heading: string;
  isNumber?: boolean;
}

/** A cell: markup, made with the functions above. */
export type Cell = string;

/** A table; rows are cells of markup. The first column names the row. */
export function tableMarkup(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string {
  const heads = columns.map(
    ({ heading, isNumber }) =>
      `<th scope="col"${isNumber === true ? ' class="n"' : ''}>${escapeText(heading)}</th>`,
  );
  const body = rows.map((cells) => {
    const shown = cells.map((cell, index) => {
      const tag = index === 0 ? 'th' : 'td';
      return `<${tag}${index === 0 ? ' scope="row"' : ''}${columns[index]?.isNumber === true ? ' class="n"' : ''}>${cell}</${tag}>`;
    });
    return `<tr>${shown.join('')}</tr>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="Table: ${escapeText(caption)}"><table><caption>${escapeText(caption)}</caption><thead><tr>${heads.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`;
}

/** A share with one decimal place. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return '-';
  const percent = share * 100;
  return percent > 0 && percent < 0.1 ? '< 0.1 %' : `${percent.toFixed(1)} %`;
}

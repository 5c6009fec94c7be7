/** Markdown elements (code spans, tables, collapsible sections) that untrusted text cannot break out of. */
import { escapeMarkup, oneLine } from './outside-text.ts';

/**
 * Formats untrusted text as a code span, in which GitHub and GitLab do not interpret markup, links, mentions
 * or references. `text` is one line.
 */
export function codeSpan(text: string): string {
  const line = oneLine(text);
  if (line.trim() === '') return '(none)';
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^[` ]|[` ]$/.test(line) ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/**
 * The same in a table cell, where a bar ends the cell even within code. `\|` is a literal bar there; after a
 * backslash that would be ambiguous.
 */
export function codeCell(text: string): string {
  return codeSpan(oneLine(text).replaceAll('\\|', '\\\\x7c')).replaceAll('|', '\\|');
}

/** Untrusted text within HTML tags. */
export function codeHtml(text: string): string {
  return `<code>${escapeMarkup(oneLine(text))}</code>`;
}

/** Escapes `<` and `|` in our own text. */
export function plainCell(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('|', '&#124;');
}

/** A table column: heading and alignment. */
export interface TableColumn {
  heading: string;
  align: 'left' | 'right';
}

/** Formats a table as lines, followed by an empty line; nothing without rows. Cells must be escaped. */
export function table(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(columns.map(({ heading }) => heading)),
    row(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map(row),
    '',
  ];
}

/** A collapsible section; `summary` is HTML. */
export function collapsible(summary: string, lines: readonly string[], isOpen = false): string[] {
  const body = lines.at(-1) === '' ? lines : [...lines, ''];
  return [`<details${isOpen ? ' open' : ''}><summary>${summary}</summary>`, '', ...body, '</details>', ''];
}

/** Text in Markdown: code spans, tables and collapsible parts that nothing from outside can break out of. */
import { oneLine } from './outside-text.ts';

/**
 * Text from outside as a code span: neither markup, nor links, mentions or references are looked for there,
 * by GitHub or GitLab. `text` is one line.
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
 * The same in a cell of a table, where a bar ends the cell even in code. `\|` is a bar there; after a
 * backslash that would be read in two ways.
 */
export function codeCell(text: string): string {
  return codeSpan(oneLine(text).replaceAll('\\|', '\\\\x7c')).replaceAll('|', '\\|');
}

/** Text from outside inside of HTML tags. */
export function codeHtml(text: string): string {
  const escaped = oneLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
  return `<code>${escaped}</code>`;
}

/** Our own words where `<` and `|` could be taken for markup. */
export function plainCell(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('|', '&#124;');
}

/** One column of a table: its heading, and on which side its cells stand. */
export interface TableColumn {
  heading: string;
  align: 'left' | 'right';
}

/** A table as lines, with an empty line after it; nothing for no rows. Cells are escaped already. */
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

/** A part that is folded away; `summary` is HTML. */
export function collapsible(summary: string, lines: readonly string[], isOpen = false): string[] {
  const body = lines.at(-1) === '' ? lines : [...lines, ''];
  return [`<details${isOpen ? ' open' : ''}><summary>${summary}</summary>`, '', ...body, '</details>', ''];
}

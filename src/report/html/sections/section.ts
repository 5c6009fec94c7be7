import { escapeText } from '../draw/markup.ts';

/** A section of the page with its heading; empty if it has no content. */
export function section(id: string, heading: string, content: string): string {
  if (content === '') return '';
  return `<section id="${id}" aria-labelledby="${id}-heading"><h2 id="${id}-heading">${escapeText(heading)}</h2>\n${content}\n</section>\n`;
}

/** A row of a table of facts; none if its value is not known. */
export function fact(name: string, value: string | undefined): [name: string, value: string][] {
  return value === undefined ? [] : [[name, value]];
}

/** Content that opens on request. */
export function details(summary: string, content: string): string {
  return `<details><summary>${escapeText(summary)}</summary>${content}</details>`;
}

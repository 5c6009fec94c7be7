/** The columns of the summary as text. */

/** Formats a size in the selected style. */
export type FormatSize = (bytes: number) => string;

const LABEL_WIDTH = 18;
export const SIZE_WIDTH = 14;

/** A row with a label, its size and a note. */
export function renderRow(label: string, value: string, note = ''): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${value.padStart(SIZE_WIDTH)}${note === '' ? '' : `  ${note}`}`;
}

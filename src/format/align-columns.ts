/** Alignment of a cell in its column. */
export type Align = 'left' | 'right';

/**
 * Formats rows of cells as lines: each column is as wide as its widest cell, with two spaces between columns
 * and no trailing spaces.
 */
export function alignColumns(rows: readonly (readonly string[])[], align: readonly Align[]): string[] {
  const widths = align.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    align
      .map((side, column) => {
        const [cell, width] = [row[column] ?? '', widths[column] ?? 0];
        return side === 'left' ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

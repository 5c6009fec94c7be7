/** On which side of its column a cell stands. */
export type Align = 'left' | 'right';

/**
 * Rows of cells as lines: each column as wide as its widest cell, two blanks between columns, none at the
 * end.
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

/** Computes the output that updates a terminal from one frame to another. */
import type { Capabilities } from './terminal-capabilities.ts';

/**
 * Only changed rows, each of which is erased first: nothing remains if the terminal renders a character
 * narrower than expected. Rows that are not in `after` are empty. All rows if `before` is undefined. Empty if
 * nothing changed.
 */
export function diffFrames(
  before: readonly string[] | undefined,
  after: readonly string[],
  capabilities: Pick<Capabilities, 'clear' | 'eraseLine' | 'toRow' | 'beginFrame' | 'endFrame'>,
): string {
  let changes = before === undefined ? capabilities.clear : '';
  const rows = Math.max(before?.length ?? 0, after.length);
  for (let row = 0; row < rows; row += 1) {
    const text = after[row] ?? '';
    if (text === (before?.[row] ?? '')) continue;
    const erase = before === undefined ? '' : capabilities.eraseLine;
    changes += capabilities.toRow(row) + erase + text;
  }
  return changes === '' ? '' : capabilities.beginFrame + changes + capabilities.endFrame;
}

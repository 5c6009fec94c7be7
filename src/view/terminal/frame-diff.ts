/** What has to be written so that a terminal shows a frame after another one. */
import type { Capabilities } from './terminal-capabilities.ts';

/**
 * The changed rows alone, each erased first: where the terminal takes a character for narrower than we do,
 * nothing is left over. Rows that are not in `after` are empty. All rows when `before` is undefined. Empty
 * when nothing has changed.
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

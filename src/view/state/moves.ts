/** Moving through lists and texts. */
import { selectableIds } from './lists.ts';
import type { PanelId, UiState, View } from './view.ts';

/** How many rows a page is. */
const PAGE = 10;

/** The keys that move: by how many rows down; the ends are infinitely far. */
export const MOVES: Readonly<Record<string, number>> = {
  up: -1,
  down: 1,
  pageup: -PAGE,
  pagedown: PAGE,
  home: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
};

/**
 * Moves the selection or the text of a panel; panels that draw less than they were scrolled by stop at their
 * end.
 */
export function moveBy(view: View, ui: UiState, panel: PanelId, rows: number): UiState {
  switch (panel) {
    case 'maps':
    case 'processes': {
      const ids = selectableIds({ ...view, ui }, panel);
      const at = Math.max(0, ids.indexOf(ui[panel].selected ?? Number.NaN));
      const to = Math.max(0, Math.min(ids.length - 1, at + rows));
      return { ...ui, [panel]: { ...ui[panel], selected: ids[to] } };
    }
    case 'output':
      return { ...ui, outputBottom: scrollOutput(view, ui, rows) };
    case 'pressure':
      return {
        ...ui,
        pressureScroll: within(ui.pressureScroll + rows, Math.max(0, view.data.events.length - 1)),
      };
    case 'breakdown':
      return { ...ui, breakdownScroll: within(ui.breakdownScroll + rows, view.data.tracks.size) };
    case 'timeline':
      return ui;
  }
}

/** The line at the bottom after a move; at the last one the end is followed again. */
function scrollOutput({ output: { lines, dropped } }: View, ui: UiState, rows: number): number | undefined {
  const last = dropped + lines.length - 1;
  const to = Math.max(dropped, Math.max(dropped, ui.outputBottom ?? last) + rows);
  return to >= last ? undefined : to;
}

/** The value, or the end of 0 to `most` that is nearer to it. */
export function within(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}

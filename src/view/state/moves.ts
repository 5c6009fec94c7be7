/** Scrolling in lists and texts. */
import { selectableIds } from './lists.ts';
import type { PanelId, UiState, View } from './view.ts';

/** Number of rows per page. */
const PAGE = 10;

/** The scroll keys with their number of rows; the ends are infinitely far. */
export const MOVES: Readonly<Record<string, number>> = {
  up: -1,
  down: 1,
  pageup: -PAGE,
  pagedown: PAGE,
  home: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
};

/**
 * Moves the selection or the text of a panel; the scroll position is limited to the end when drawing.
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

/** The bottom line after scrolling; at the last line the view follows the output again. */
function scrollOutput({ output: { lines, dropped } }: View, ui: UiState, rows: number): number | undefined {
  const last = dropped + lines.length - 1;
  const to = Math.max(dropped, Math.max(dropped, ui.outputBottom ?? last) + rows);
  return to >= last ? undefined : to;
}

/** The value, limited to the range from 0 to `most`. */
export function within(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}

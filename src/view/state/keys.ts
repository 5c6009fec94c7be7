/**
 * Handles keys: maps a state and a key to the new state and an effect outside the view.
 */
import { nextChoice, nextUnits } from './choices.ts';
import { emptyPanels, mainList } from './content.ts';
import { pressInDialog } from './dialog-keys.ts';
import type { Effect, Pressed } from './effect.ts';
import { isTable, selectableIds } from './lists.ts';
import { openExplanation } from './memory-rows.ts';
import { MOVES, moveBy } from './moves.ts';
import {
  type ListId,
  MAP_SORTS,
  PANELS,
  type PanelId,
  PROCESS_SORTS,
  type TableId,
  type UiState,
  type View,
} from './view.ts';

/** The time windows of the timeline, in order. Unit: milliseconds. */
const WINDOWS_MS: readonly (number | undefined)[] = [undefined, 60_000, 300_000, 900_000, 3_600_000];

/** Step size of `[` and `]` in a replay. Unit: milliseconds. */
const SKIP_MS = 10_000;

/** Handles a key. Unknown keys have no effect. */
export function press(view: View, key: string): Pressed {
  const ui: UiState = { ...view.ui, message: undefined };
  if (key === 'C-c') return interrupt(view, ui);
  if (key === 'C-z') return { ui, effect: { kind: 'suspend' } };
  if (key === 'C-l') return { ui, effect: { kind: 'redraw' } };
  if (ui.dialog !== undefined) return pressInDialog(view, ui, ui.dialog, key);
  if (view.status.replay !== undefined) {
    const effect = replayEffect(ui, key);
    if (effect === 'goto') return { ui: { ...ui, dialog: { kind: 'goto', text: '' } } };
    if (effect !== undefined) return { ui, effect };
  }
  return pressInView(view, ui, key);
}

function interrupt(view: View, ui: UiState): Pressed {
  if (view.status.replay !== undefined) return close(ui);
  if (view.status.state === 'ended')
    return { ui: { ...ui, message: 'the target has ended: press q to quit' } };
  return { ui, effect: { kind: 'interrupt' } };
}

function close(ui: UiState): Pressed {
  return { ui, effect: { kind: 'close' } };
}

function pressInView(view: View, ui: UiState, key: string): Pressed {
  switch (key) {
    case '?':
    case 'f1':
      return { ui: { ...ui, dialog: { kind: 'help', scroll: 0 } } };
    case 'q':
      return isLive(view) ? { ui: { ...ui, dialog: { kind: 'quit' } } } : close(ui);
    case 'tab':
      return { ui: focusNext(view, ui, 1) };
    case 'S-tab':
      return { ui: focusNext(view, ui, -1) };
    case 'z':
      return { ui: { ...ui, zoom: !ui.zoom } };
    case 'p':
      return { ui: { ...ui, paused: !ui.paused } };
    case 't':
      return { ui: { ...ui, windowMs: nextChoice(WINDOWS_MS, ui.windowMs) } };
    case 'u':
      return { ui: { ...ui, units: nextUnits(ui.units) } };
    case 'r':
      return { ui: { ...ui, relative: nextRelative(view, ui) } };
    case 'e':
      return openExplanation(view, ui);
    case 'w':
      return { ui, effect: { kind: 'snapshot' } };
    case '+':
    case '=':
      return { ui, effect: { kind: 'interval', step: 1 } };
    case '-':
      return { ui, effect: { kind: 'interval', step: -1 } };
    case 'escape':
      return { ui: clearFilter(view, ui) ?? { ...ui, zoom: false } };
    default:
      if (/^[1-6]$/.test(key)) return { ui: focusOn(ui, PANELS[Number(key) - 1] ?? ui.focus) };
      return pressInPanel(view, ui, key);
  }
}

/** The state without the filter of the list that keys apply to; undefined if there is none. */
function clearFilter(view: View, ui: UiState): UiState | undefined {
  const list = listFor(view);
  if (list === undefined || ui[list].filter === '') return undefined;
  return { ...ui, [list]: { ...ui[list], filter: '', top: 0 } };
}

function isLive(view: View): boolean {
  const { state } = view.status;
  return state === 'running' || state === 'stopped' || state === 'waiting';
}

/** Gives a panel the focus. */
export function focusOn(ui: UiState, focus: PanelId): UiState {
  return { ...ui, focus, list: isList(focus) ? focus : ui.list };
}

function isList(panel: PanelId): panel is ListId {
  return panel !== 'breakdown' && panel !== 'timeline';
}

/** Focuses the next panel that is not empty. */
function focusNext(view: View, ui: UiState, step: 1 | -1): UiState {
  const empty = emptyPanels(view);
  const shown = PANELS.filter((panel) => !empty.has(panel));
  const at = shown.indexOf(ui.focus) + step + shown.length;
  return focusOn(ui, shown[at % shown.length] ?? ui.focus);
}

/** Cycles relative mode: off, from the start, from the last pause if any. */
function nextRelative(view: View, ui: UiState): UiState['relative'] {
  if (ui.relative === undefined) return 'start';
  return ui.relative === 'start' && view.wasPaused ? 'pause' : undefined;
}

function pressInPanel(view: View, ui: UiState, key: string): Pressed {
  const move = MOVES[key];
  if (move !== undefined) return { ui: moveBy(view, ui, ui.focus, move) };
  const list = listFor(view);
  if (list === undefined) return { ui: LIST_KEYS.has(key) ? { ...ui, message: CHOOSE_LIST } : ui };
  const selected = selectedId(view, list);
  switch (key) {
    case 's':
      return { ui: sortNext(ui, list) };
    case 'S':
      return { ui: { ...ui, [list]: { ...ui[list], reverse: !ui[list].reverse } } };
    case '/': {
      const { filter } = ui[list];
      return { ui: { ...ui, dialog: { kind: 'filter', list, text: filter, before: filter } } };
    }
    case 'T':
      return { ui: { ...ui, processes: { ...ui.processes, tree: !ui.processes.tree } } };
    case 'enter':
      if (ui.focus !== list || selected === undefined) return { ui };
      return {
        ui: { ...ui, dialog: { kind: list === 'maps' ? 'map' : 'process', id: selected, scroll: 0 } },
      };
    case 'k':
      return view.status.replay === undefined ? openSignalMenu(view, ui, list, selected) : { ui };
    default:
      return { ui };
  }
}

/** Keys for the lists of maps and processes. */
const LIST_KEYS: ReadonlySet<string> = new Set(['s', 'S', '/', 'k', 'T']);

const CHOOSE_LIST = 'select a list first: 3 or 4';

/**
 * The list that a key applies to: the focused one, or the last focused one if the focus is on figures.
 */
function listFor(view: View): TableId | undefined {
  const { focus } = view.ui;
  const chosen = isList(focus) ? focus : mainList(view);
  return isTable(chosen) ? chosen : undefined;
}

function openSignalMenu(view: View, ui: UiState, list: PanelId, selected: number | undefined): Pressed {
  if (list !== 'processes') return { ui: { ...ui, message: 'select a process first: 4' } };
  if (selected === undefined) return { ui };
  if (!isLive(view)) return { ui: { ...ui, message: 'the target has ended: there is no process to signal' } };
  return { ui: { ...ui, dialog: { kind: 'signal', pid: selected, choice: 0 } } };
}

function sortNext(ui: UiState, list: TableId): UiState {
  if (list === 'maps') return { ...ui, maps: { ...ui.maps, sort: nextChoice(MAP_SORTS, ui.maps.sort) } };
  return { ...ui, processes: { ...ui.processes, sort: nextChoice(PROCESS_SORTS, ui.processes.sort) } };
}

function selectedId(view: View, list: TableId): number | undefined {
  const ids = selectableIds(view, list);
  const { selected } = view.ui[list];
  return selected !== undefined && ids.includes(selected) ? selected : ids[0];
}

function replayEffect(ui: UiState, key: string): Effect | 'goto' | undefined {
  switch (key) {
    case 'space':
      return { kind: 'play' };
    case '>':
    case '<':
      return { kind: 'speed', factor: key === '>' ? 2 : 0.5 };
    case 'right':
    case '.':
      return { kind: 'step', samples: 1 };
    case 'left':
    case ',':
      return { kind: 'step', samples: -1 };
    case ']':
    case '[':
      return { kind: 'skip', ms: key === ']' ? SKIP_MS : -SKIP_MS };
    case 'P':
      return { kind: 'peak' };
    case 'n':
    case 'N':
      return { kind: 'event', direction: key === 'n' ? 1 : -1 };
    case 'g':
      return 'goto';
    case 'home':
    case 'end':
      if (ui.focus !== 'timeline') return undefined;
      return { kind: 'edge', to: key === 'home' ? 'start' : 'end' };
    default:
      return undefined;
  }
}

/** What keys do: the state before, a key, the state after, and what has to happen outside of the view. Pure. */

import { selectableIds } from './lists.ts';
import { SIGNAL_CHOICES } from './panels/dialogs.ts';
import {
  type Dialog,
  type ListId,
  MAP_SORTS,
  PANELS,
  type PanelId,
  PROCESS_SORTS,
  type UiState,
  type View,
} from './view.ts';

/** What a key wants from those who have opened the view. */
export type Effect =
  /** Ctrl-C: SIGINT to the target. */
  | { kind: 'interrupt' }
  | { kind: 'signal'; pid: number; signal: string }
  /** End the target, then the view. */
  | { kind: 'stop' }
  /** Close the view, go on measuring. */
  | { kind: 'leave' }
  /** Close the view: the target has ended. */
  | { kind: 'close' }
  | { kind: 'suspend' }
  | { kind: 'redraw' }
  | { kind: 'interval'; step: 1 | -1 }
  | { kind: 'snapshot' }
  | { kind: 'play' }
  | { kind: 'speed'; factor: number }
  | { kind: 'step'; samples: number }
  | { kind: 'skip'; ms: number }
  | { kind: 'goto'; text: string }
  | { kind: 'peak' }
  | { kind: 'edge'; to: 'start' | 'end' }
  | { kind: 'event'; direction: 1 | -1 };

/** The state after a key, and what it wants. */
export interface Pressed {
  ui: UiState;
  effect?: Effect;
}

/** The windows of the timeline, in turn. Unit: milliseconds. */
const WINDOWS_MS: readonly (number | undefined)[] = [undefined, 60_000, 300_000, 900_000, 3_600_000];

const UNITS = ['readable', 'KiB', 'bytes'] as const;

/** How many rows a page is. */
const PAGE = 10;

/** How far `[` and `]` go in a replay. Unit: milliseconds. */
const SKIP_MS = 10_000;

/** Carries a key out. Unknown keys change nothing. */
export function press(view: View, key: string): Pressed {
  const ui: UiState = { ...view.ui, message: undefined };
  if (key === 'C-c')
    return view.status.replay === undefined ? { ui, effect: { kind: 'interrupt' } } : close(ui);
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
      return { ui: focusNext(ui, 1) };
    case 'S-tab':
      return { ui: focusNext(ui, -1) };
    case 'z':
      return { ui: { ...ui, zoom: !ui.zoom } };
    case 'p':
      return { ui: { ...ui, paused: !ui.paused } };
    case 't':
      return { ui: { ...ui, windowMs: following(WINDOWS_MS, ui.windowMs) } };
    case 'u':
      return { ui: { ...ui, units: following(UNITS, ui.units) } };
    case 'r':
      return { ui: { ...ui, relative: nextRelative(view, ui) } };
    case 'w':
      return { ui, effect: { kind: 'snapshot' } };
    case '+':
    case '=':
      return { ui, effect: { kind: 'interval', step: 1 } };
    case '-':
      return { ui, effect: { kind: 'interval', step: -1 } };
    case 'escape':
      return { ui: { ...ui, zoom: false } };
    default:
      if (/^[1-6]$/.test(key)) return { ui: focusOn(ui, PANELS[Number(key) - 1] ?? ui.focus) };
      return pressInPanel(view, ui, key);
  }
}

function isLive(view: View): boolean {
  return view.status.state === 'running' || view.status.state === 'stopped';
}

/** Gives a panel the focus. */
export function focusOn(ui: UiState, focus: PanelId): UiState {
  return { ...ui, focus, list: isList(focus) ? focus : ui.list };
}

function isList(panel: PanelId): panel is ListId {
  return panel !== 'breakdown' && panel !== 'timeline';
}

function focusNext(ui: UiState, step: 1 | -1): UiState {
  const at = PANELS.indexOf(ui.focus) + step + PANELS.length;
  return focusOn(ui, PANELS[at % PANELS.length] ?? ui.focus);
}

function following<T>(choices: readonly T[], now: T): T {
  return choices[(choices.indexOf(now) + 1) % choices.length] ?? (choices[0] as T);
}

/** Off, from the start, from the last pause if there was one. */
function nextRelative(view: View, ui: UiState): UiState['relative'] {
  if (ui.relative === undefined) return 'start';
  return ui.relative === 'start' && view.wasPaused ? 'pause' : undefined;
}

function pressInPanel(view: View, ui: UiState, key: string): Pressed {
  const move = MOVES[key];
  if (move !== undefined) return { ui: moveBy(view, ui, ui.focus, move) };
  const { focus } = ui;
  if (focus !== 'maps' && focus !== 'processes') return { ui };
  const selected = selectedId(view, focus);
  switch (key) {
    case 's':
      return { ui: sortNext(ui, focus) };
    case 'S':
      return { ui: { ...ui, [focus]: { ...ui[focus], reverse: !ui[focus].reverse } } };
    case '/': {
      const { filter } = ui[focus];
      return { ui: { ...ui, dialog: { kind: 'filter', list: focus, text: filter, before: filter } } };
    }
    case 'T':
      return { ui: { ...ui, processes: { ...ui.processes, tree: !ui.processes.tree } } };
    case 'enter':
      if (focus !== 'maps' || selected === undefined) return { ui };
      return { ui: { ...ui, dialog: { kind: 'map', id: selected, scroll: 0 } } };
    case 'k':
      return openSignalMenu(view, ui, focus, selected);
    default:
      return { ui };
  }
}

function openSignalMenu(view: View, ui: UiState, focus: PanelId, selected: number | undefined): Pressed {
  if (focus !== 'processes' || selected === undefined) return { ui };
  if (!isLive(view)) return { ui: { ...ui, message: 'The target has ended: there is nothing to signal.' } };
  return { ui: { ...ui, dialog: { kind: 'signal', pid: selected, choice: 0 } } };
}

function sortNext(ui: UiState, list: 'maps' | 'processes'): UiState {
  if (list === 'maps') return { ...ui, maps: { ...ui.maps, sort: following(MAP_SORTS, ui.maps.sort) } };
  return { ...ui, processes: { ...ui.processes, sort: following(PROCESS_SORTS, ui.processes.sort) } };
}

/** Rows down; the ends are infinitely far. */
const MOVES: Readonly<Record<string, number>> = {
  up: -1,
  down: 1,
  pageup: -PAGE,
  pagedown: PAGE,
  home: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
};

/** Moves the selection or the text of a panel; panels that draw less than they were scrolled by stop at their end. */
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
      // Scrolled back from the end: up is more.
      return { ...ui, outputScroll: within(ui.outputScroll - rows, view.output.lines.length) };
    case 'pressure':
      return { ...ui, pressureScroll: within(ui.pressureScroll + rows, view.data.events.length) };
    case 'breakdown':
      return { ...ui, breakdownScroll: within(ui.breakdownScroll + rows, view.data.tracks.size) };
    case 'timeline':
      return ui;
  }
}

function within(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}

function selectedId(view: View, list: 'maps' | 'processes'): number | undefined {
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

function pressInDialog(view: View, ui: UiState, dialog: Dialog, key: string): Pressed {
  const closed: UiState = { ...ui, dialog: undefined };
  switch (dialog.kind) {
    case 'help':
    case 'map': {
      const move = MOVES[key];
      if (move === undefined) return { ui: DISMISSING.has(key) ? closed : ui };
      return { ui: { ...ui, dialog: { ...dialog, scroll: within(dialog.scroll + move, 500) } } };
    }
    case 'quit':
      if (key === 's') return { ui: closed, effect: { kind: 'stop' } };
      if (key === 'l') return { ui: closed, effect: { kind: 'leave' } };
      return { ui: closed };
    case 'signal':
      return pressInSignalMenu(ui, closed, dialog, key);
    case 'goto':
    case 'filter':
      return pressInPrompt(view, ui, dialog, key);
  }
}

const DISMISSING: ReadonlySet<string> = new Set(['escape', 'q', '?', 'enter', 'f1']);

function pressInSignalMenu(
  ui: UiState,
  closed: UiState,
  dialog: Dialog & { kind: 'signal' },
  key: string,
): Pressed {
  const move = MOVES[key];
  if (move !== undefined) {
    const choice = within(dialog.choice + move, SIGNAL_CHOICES.length - 1);
    return { ui: { ...ui, dialog: { ...dialog, choice } } };
  }
  const signal = SIGNAL_CHOICES[dialog.choice];
  if (key === 'enter' && signal !== undefined)
    return { ui: closed, effect: { kind: 'signal', pid: dialog.pid, signal } };
  return { ui: key === 'escape' || key === 'q' ? closed : ui };
}

function pressInPrompt(
  view: View,
  ui: UiState,
  dialog: Dialog & { kind: 'goto' | 'filter' },
  key: string,
): Pressed {
  if (key === 'escape') {
    const closed = { ...ui, dialog: undefined };
    return { ui: dialog.kind === 'filter' ? withFilter(closed, dialog.list, dialog.before) : closed };
  }
  if (key === 'enter') {
    const closed = { ...ui, dialog: undefined };
    return dialog.kind === 'goto'
      ? { ui: closed, effect: { kind: 'goto', text: dialog.text } }
      : { ui: closed };
  }
  const text = edit(dialog.text, key);
  if (text === undefined) return { ui: moveUnderPrompt(view, ui, dialog, key) };
  const typed = { ...ui, dialog: { ...dialog, text } };
  return { ui: dialog.kind === 'filter' ? withFilter(typed, dialog.list, text) : typed };
}

/** The list goes on to be moved while its filter is typed. */
function moveUnderPrompt(view: View, ui: UiState, dialog: Dialog, key: string): UiState {
  const move = MOVES[key];
  return dialog.kind === 'filter' && move !== undefined ? moveBy(view, ui, dialog.list, move) : ui;
}

function withFilter(ui: UiState, list: 'maps' | 'processes', filter: string): UiState {
  return { ...ui, [list]: { ...ui[list], filter, selected: undefined } };
}

/** A prompt takes so many characters. */
const PROMPT_MAX = 100;

/** The text after a key; undefined for a key that types nothing. */
function edit(text: string, key: string): string | undefined {
  if (key === 'backspace') return [...text].slice(0, -1).join('');
  if (key === 'C-u') return '';
  const typed = key === 'space' ? ' ' : key;
  return [...typed].length === 1 && text.length < PROMPT_MAX ? text + typed : undefined;
}

/** Handles keys in dialogs and prompts. */

import type { Pressed } from './effect.ts';
import { pressInExplanation } from './memory-rows.ts';
import { MOVES, moveBy, within } from './moves.ts';
import type { Dialog, Page, TableId, UiState, View } from './view.ts';

/** The signals of the menu, most common first. */
export const SIGNAL_CHOICES: readonly string[] = [
  'SIGTERM',
  'SIGINT',
  'SIGKILL',
  'SIGSTOP',
  'SIGCONT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
];

/** Handles a key in the open dialog or prompt. */
export function pressInDialog(view: View, ui: UiState, dialog: Dialog, key: string): Pressed {
  const closed: UiState = { ...ui, dialog: undefined };
  switch (dialog.kind) {
    case 'help':
    case 'map':
    case 'process': {
      const move = MOVES[key];
      if (move === undefined) return { ui: DISMISSING.has(key) ? closed : ui };
      return { ui: scrollPage(ui, dialog, move) };
    }
    case 'explain':
      return pressInExplanation(view, ui, dialog, key);
    case 'quit':
      // The process has exited while the dialog was open.
      if (view.status.state === 'ended')
        return LEAVING.has(key) ? { ui: closed, effect: { kind: 'close' } } : { ui: closed };
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

/** More lines than any page has. */
const MAX_PAGE_LINES = 5000;

/** Scrolls a page down by `rows` rows. */
export function scrollPage(ui: UiState, page: Page, rows: number): UiState {
  return { ...ui, dialog: { ...page, scroll: within(page.scroll + rows, MAX_PAGE_LINES) } };
}

const LEAVING: ReadonlySet<string> = new Set(['q', 's', 'l', 'enter']);

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

/** The list can still be scrolled while its filter is typed. */
function moveUnderPrompt(view: View, ui: UiState, dialog: Dialog, key: string): UiState {
  const move = MOVES[key];
  return dialog.kind === 'filter' && move !== undefined ? moveBy(view, ui, dialog.list, move) : ui;
}

function withFilter(ui: UiState, list: TableId, filter: string): UiState {
  return { ...ui, [list]: { ...ui[list], filter, selected: undefined, top: 0 } };
}

/** The maximum length of the text of a prompt. */
const MAX_PROMPT_LENGTH = 100;

/** The text after a key; undefined if the key does not type text. */
function edit(text: string, key: string): string | undefined {
  if (key === 'backspace') return [...text].slice(0, -1).join('');
  if (key === 'C-u') return '';
  const typed = key === 'space' ? ' ' : key;
  return [...typed].length === 1 && text.length < MAX_PROMPT_LENGTH ? text + typed : undefined;
}

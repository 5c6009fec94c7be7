/** Boxes with a question: leave, send a signal, filter, go to a time. */

import { SIGNAL_CHOICES } from '../state/dialog-keys.ts';
import type { Dialog, View } from '../state/view.ts';
import { fitLine, fitText, widthOf, widthOfLine } from '../text/cells.ts';
import type { Line, Role, Size, Span } from '../text/line.ts';
import { endOfText, shownText } from '../text/shown-text.ts';

const SIGNAL_TEXTS: Readonly<Record<string, string>> = {
  SIGTERM: 'terminate',
  SIGINT: 'interrupt, like Ctrl-C',
  SIGKILL: 'kill',
  SIGSTOP: 'hold',
  SIGCONT: 'continue',
  SIGHUP: 'hang up; many daemons reload their settings',
  SIGQUIT: 'quit with a core dump; runtimes may dump their state',
  SIGUSR1: 'user-defined',
  SIGUSR2: 'user-defined',
};

/** The width of the text that is typed into a prompt. */
const PROMPT = 40;

/** A box no larger than the screen, its lines equally wide; undefined for dialogs that take a whole panel. */
export function renderDialog(view: View, size: Size): { lines: Line[] } | undefined {
  const { dialog } = view.ui;
  switch (dialog?.kind) {
    case 'quit':
      return drawBox(quitTitle(view), quitLines(view), view.unicode, size);
    case 'signal':
      return drawBox(...signalBox(view, dialog, size), view.unicode, size);
    case 'filter':
      return drawBox(`Filter ${dialog.list}`, filterLines(view, dialog.text), view.unicode, size);
    case 'goto':
      return drawBox('Go to a time', gotoLines(view, dialog.text), view.unicode, size);
    default:
      return undefined;
  }
}

function keyLine(key: string, text: string): Line {
  return [
    { text: key.padEnd(5), style: 'key' },
    { text, style: 'plain' },
  ];
}

/** The target may end while the question is open. */
function quitTitle({ data: { start }, status: { state } }: View): string {
  if (start?.attached !== undefined)
    return state === 'ended' ? 'The measurement has ended' : 'Still measuring';
  if (state === 'ended') return 'The target has ended';
  return state === 'waiting'
    ? 'The target has ended, but not all of its processes'
    : 'The target is still running';
}

function quitLines({ data: { start }, status: { recording, state }, unicode }: View): Line[] {
  if (state === 'ended') return [keyLine('q', 'quit'), keyLine('Esc', 'cancel')];
  const isWaiting = state === 'waiting';
  const goesOn =
    recording === undefined
      ? `the summary is printed at ${isWaiting ? 'the' : 'its'} end`
      : `recording continues in ${shownText(recording, unicode)}`;
  if (start?.attached !== undefined) {
    return [
      keyLine('s', 'end the measurement and quit; nothing is sent to the processes'),
      keyLine('l', `close the view and continue; ${goesOn}`),
      keyLine('Esc', 'cancel'),
    ];
  }
  const pid = start?.pid === undefined ? '' : ` (pid ${start.pid})`;
  return [
    keyLine('s', isWaiting ? 'terminate the remaining processes and quit' : `terminate it${pid} and quit`),
    keyLine('l', `quit and leave ${isWaiting ? 'them' : 'it'} running; ${goesOn}`),
    keyLine('Esc', 'cancel'),
  ];
}

function signalBox(view: View, dialog: Dialog & { kind: 'signal' }, size: Size): [string, Line[]] {
  const { unicode } = view;
  const comm = view.data.processes.get(dialog.pid)?.row.comm;
  const name = comm === undefined ? '' : ` (${fitName(shownText(comm, unicode), unicode)})`;
  // The chosen one stays in sight on low screens.
  const rows = Math.max(1, Math.min(SIGNAL_CHOICES.length, size.height - 4));
  const from = Math.max(0, Math.min(SIGNAL_CHOICES.length - rows, dialog.choice - rows + 1));
  const choices = SIGNAL_CHOICES.slice(from, from + rows).map((signal, at): Line => {
    const isChosen = from + at === dialog.choice;
    const style: Role = isChosen ? 'selected' : 'plain';
    const mark = isChosen ? (unicode ? '▶ ' : '> ') : '  ';
    return [
      { text: `${mark}${signal.padEnd(9)}`, style },
      { text: SIGNAL_TEXTS[signal] ?? '', style: isChosen ? 'selected' : 'dim' },
    ];
  });
  const keys: Line = [
    { text: 'Enter', style: 'key' },
    { text: ' send  ', style: 'dim' },
    { text: 'Esc', style: 'key' },
    { text: ' cancel', style: 'dim' },
  ];
  return [`Signal to ${dialog.pid}${name}`, [...choices, keys]];
}

function fitName(name: string, unicode: boolean): string {
  return fitText(name, Math.min(24, widthOf(name)), unicode);
}

function filterLines(view: View, text: string): Line[] {
  return [
    promptLine(text, view.unicode),
    [{ text: 'part of a name, or a glob with * or ?', style: 'dim' }],
    [{ text: 'Enter applies it, Esc cancels', style: 'dim' }],
  ];
}

function gotoLines(view: View, text: string): Line[] {
  return [
    promptLine(text, view.unicode),
    [{ text: '90s, 2m, 50%, start, peak, end', style: 'dim' }],
    [{ text: 'Enter goes there, Esc cancels', style: 'dim' }],
  ];
}

/** What was typed, its end in sight, with a cursor. */
function promptLine(text: string, unicode: boolean): Line {
  const shown = endOfText(shownText(text, unicode), PROMPT - 1);
  return [
    { text: '> ', style: 'key' },
    { text: shown, style: 'strong' },
    { text: unicode ? '▏' : '_', style: 'key' },
  ];
}

interface BoxGlyphs {
  corners: readonly [string, string, string, string];
  across: string;
  down: string;
}

const UNICODE_BOX: BoxGlyphs = { corners: ['╭', '╮', '╰', '╯'], across: '─', down: '│' };
const ASCII_BOX: BoxGlyphs = { corners: ['+', '+', '+', '+'], across: '-', down: '|' };

function drawBox(title: string, lines: readonly Line[], unicode: boolean, size: Size): { lines: Line[] } {
  const { corners, across, down } = unicode ? UNICODE_BOX : ASCII_BOX;
  const wanted = Math.max(widthOf(title) + 4, PROMPT + 2, ...lines.map(widthOfLine)) + 4;
  const width = Math.max(1, Math.min(size.width, wanted));
  const inner = Math.max(0, width - 4);
  const border = (text: string): Span => ({ text, style: 'focused-border' });
  const named = fitText(title, Math.min(widthOf(title), Math.max(0, width - 6)), unicode);
  const box: Line[] = [
    [
      border(`${corners[0]}${across} `),
      { text: named, style: 'focused-title' },
      border(` ${across.repeat(Math.max(0, width - widthOf(named) - 5))}${corners[1]}`),
    ],
    ...lines.map((line) => [border(`${down} `), ...fitLine(line, inner), border(` ${down}`)]),
    [border(`${corners[2]}${across.repeat(Math.max(0, width - 2))}${corners[3]}`)],
  ];
  return { lines: box.slice(0, Math.max(0, size.height)).map((line) => fitLine(line, width)) };
}

/**
 * The kind of a terminal, from its environment: whether the view can be opened, and with which
 * characters.
 */
import type { Size } from '../text/line.ts';
import { type ColourDepth, colourDepth } from './palette.ts';

/** A terminal that the view can be tried on. */
export interface TerminalKind {
  /** The name of the terminfo entry: TERM. */
  term: string;
  /** Whether bytes above ASCII may be sent. */
  utf8: boolean;
  /**
   * Whether box drawing, block and braille characters can be shown. Never on the console of Linux: its fonts
   * have 256 or 512 characters, no braille and half of the blocks at most; names with accents it can show.
   */
  unicode: boolean;
  depth: ColourDepth;
  /** Speaks the sequences of xterm: mouse, paste in brackets, output in one go. */
  isXtermLike: boolean;
}

/** Why the view can't be opened. */
export interface Refusal {
  reason: string;
  hint?: string;
}

const NO_CURSOR = new Set(['dumb', 'unknown', 'network', 'dialup', 'emacs', 'lpr', 'su']);

/** Families that speak the sequences of xterm, whether or not this host has an entry for the very name. */
const XTERM_LIKE =
  /^(alacritty|contour|foot|ghostty|gnome|iterm|kitty|konsole|mintty|ms-terminal|mlterm|putty|rio|rxvt|screen|st|terminator|tmux|vscode|vte|wezterm|xterm|zellij)([-+.\d]|$)/;

/** What the terminal is, or why it is none for the view. */
export function terminalKind(env: NodeJS.ProcessEnv): TerminalKind | Refusal {
  const term = env.TERM ?? '';
  const hint = 'set TERM to the type of the terminal, usually TERM=xterm-256color';
  if (term === '') return { reason: 'TERM is not set, so the terminal type is unknown', hint };
  // A name, and never a path to somewhere else.
  if (!/^[A-Za-z0-9][\w.+-]*$/.test(term)) return { reason: 'TERM is not the name of a terminal type', hint };
  if (NO_CURSOR.has(term)) return { reason: `terminal type ${term} cannot move the cursor`, hint };
  const utf8 = isUtf8(env);
  const unicode = utf8 && !/^linux/.test(term);
  return { term, utf8, unicode, depth: colourDepth(env), isXtermLike: XTERM_LIKE.test(term) };
}

/**
 * Source: locale(7): the first of these that is set and not empty counts. C, POSIX and names without a
 * charset are ASCII to us.
 */
function isUtf8(env: NodeJS.ProcessEnv): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((name) => name !== undefined && name !== '');
  return /\.utf-?8(@|$)/i.test(locale ?? '');
}

/** Terminals that claim more are not drawn on beyond it. */
const LARGEST = 1000;

/**
 * The size to draw for. Serial lines and some containers report 0 x 0: then LINES and COLUMNS count, else 80
 * x 24.
 * Source: ncurses(3X), use_env.
 */
export function usableSize(reported: Size, env: NodeJS.ProcessEnv): Size {
  const take = (value: number, name: string, fallback: number) => {
    const given = Number(env[name]);
    const size = value > 0 ? value : Number.isInteger(given) && given > 0 ? given : fallback;
    return Math.min(size, LARGEST);
  };
  return { width: take(reported.width, 'COLUMNS', 80), height: take(reported.height, 'LINES', 24) };
}

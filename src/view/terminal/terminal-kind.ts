/**
 * Determines the kind of a terminal from its environment: whether the view can be opened, and which
 * characters it supports.
 */
import type { Size } from '../text/line.ts';
import { type ColourDepth, colourDepth } from './palette.ts';

/** A terminal that may support the view. */
export interface TerminalKind {
  /** The name of the terminfo entry: TERM. */
  term: string;
  /** Whether non-ASCII bytes may be written. */
  utf8: boolean;
  /**
   * Whether box drawing, block and braille characters can be displayed. Never on the Linux console: its fonts
   * have 256 or 512 characters, without braille and with at most half of the block characters; it can display
   * accented letters.
   */
  unicode: boolean;
  depth: ColourDepth;
  /** Whether it supports xterm sequences: mouse, bracketed paste, synchronised output. */
  isXtermLike: boolean;
}

/** Why the view cannot be opened. */
export interface Refusal {
  reason: string;
  hint?: string;
}

const NO_CURSOR = new Set(['dumb', 'unknown', 'network', 'dialup', 'emacs', 'lpr', 'su']);

/** Families that support xterm sequences, even if this host has no entry for the exact name. */
const XTERM_LIKE =
  /^(alacritty|contour|foot|ghostty|gnome|iterm|kitty|konsole|mintty|ms-terminal|mlterm|putty|rio|rxvt|screen|st|terminator|tmux|vscode|vte|wezterm|xterm|zellij)([-+.\d]|$)/;

/** The kind of the terminal, or why it does not support the view. */
export function terminalKind(env: NodeJS.ProcessEnv): TerminalKind | Refusal {
  const term = env.TERM ?? '';
  const hint = 'set TERM to the type of the terminal, usually TERM=xterm-256color';
  if (term === '') return { reason: 'TERM is not set, so the terminal type is unknown', hint };
  // Must be a name: a path could refer to another file.
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

/** Limit for drawing on terminals that report a larger size. */
const MAX_SIZE = 1000;

/**
 * The size to draw. Serial lines and some containers report 0 x 0: then LINES and COLUMNS are used, otherwise
 * 80 x 24.
 * Source: ncurses(3X), use_env.
 */
export function usableSize(reported: Size, env: NodeJS.ProcessEnv): Size {
  const take = (value: number, name: string, fallback: number) => {
    const given = Number(env[name]);
    const size = value > 0 ? value : Number.isInteger(given) && given > 0 ? given : fallback;
    return Math.min(size, MAX_SIZE);
  };
  return { width: take(reported.width, 'COLUMNS', 80), height: take(reported.height, 'LINES', 24) };
}

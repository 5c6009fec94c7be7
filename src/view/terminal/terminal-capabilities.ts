/** The sequences that the view needs, from the terminal's terminfo entry. */
import { readFileSync } from 'node:fs';
import { safeText } from '../../format/safe-text.ts';
import type { Refusal, TerminalKind } from './terminal-kind.ts';

/** A parsed terminfo entry. */
export interface TerminfoEntry {
  strings: Readonly<Partial<Record<string, string>>>;
}

/** The functions of blessed for reading and compiling terminfo entries. */
export interface TerminfoReader {
  /** The file of an entry; absent if there is none. */
  find(term: string): string | undefined;
  /** @throws the assertion errors of blessed for an unsupported entry. */
  parse(data: Buffer, file: string): TerminfoEntry;
  /** An entry that is bundled with blessed. */
  bundled(name: 'xterm' | 'linux'): TerminfoEntry;
  /** @throws the errors of evaluating a damaged sequence. */
  compile(entry: TerminfoEntry, name: string): (parameters: number[]) => string;
}

/** The sequences. Unsupported ones are empty. */
export interface Capabilities {
  enter: string;
  leave: string;
  clear: string;
  eraseLine: string;
  resetStyle: string;
  /** Moves to the start of a 0-based row. */
  toRow(row: number): string;
  /** Before and after a frame, for synchronised output. */
  beginFrame: string;
  endFrame: string;
}

/** Needed, by their long names. Source: terminfo(5). */
const NEEDED = ['cursor_address', 'clear_screen', 'clr_eol', 'exit_attribute_mode'] as const;

/** The capabilities of the terminal, or why they are insufficient for the view. Never throws or prints. */
export function readCapabilities(kind: TerminalKind, terminfo: TerminfoReader): Capabilities | Refusal {
  const entry = readEntry(kind, terminfo);
  if (entry === undefined) {
    return {
      reason: `this host has no terminfo entry for terminal type ${safeText(kind.term)}`,
      hint: 'install ncurses-term, or set TERM to a compatible type, usually TERM=xterm-256color',
    };
  }
  const { strings } = entry;
  if (NEEDED.some((name) => (strings[name] ?? '') === '')) {
    return { reason: `terminal type ${safeText(kind.term)} cannot move the cursor or erase a line` };
  }
  try {
    return assemble(kind, entry, terminfo);
  } catch {
    return { reason: `the terminfo entry of ${safeText(kind.term)} is malformed` };
  }
}

function readEntry(kind: TerminalKind, terminfo: TerminfoReader): TerminfoEntry | undefined {
  const file = terminfo.find(kind.term);
  if (file !== undefined) {
    try {
      const data = readFileSync(file);
      if (isLegacyFormat(data)) return terminfo.parse(data, file);
    } catch {
      // Unreadable or damaged: the entry bundled with blessed may work.
    }
  }
  if (kind.isXtermLike) return terminfo.bundled('xterm');
  return /^linux/.test(kind.term) ? terminfo.bundled('linux') : undefined;
}

/**
 * Entries with numbers above 32767, such as the 65536 colour pairs of xterm-256color, contain 32-bit numbers
 * since ncurses 6.1. blessed is older and would misread them silently.
 * Source: term(5), the magic numbers.
 */
function isLegacyFormat(data: Buffer): boolean {
  return data.length > 12 && data.readUInt16LE(0) === 0o432;
}

/**
 * Reports of presses, in numbers and not in bytes; pasted text in brackets. Source: ctlseqs of xterm, DECSET.
 */
const XTERM_ON = '\x1b[?1000h\x1b[?1006h\x1b[?2004h';
const XTERM_OFF = '\x1b[?2004l\x1b[?1006l\x1b[?1000l';

function assemble(kind: TerminalKind, entry: TerminfoEntry, terminfo: TerminfoReader): Capabilities {
  const plain = (name: string) =>
    (entry.strings[name] ?? '') === '' ? '' : terminfo.compile(entry, name)([]);
  // Lines that are wider than expected must not wrap.
  const isWrapSwitchable = plain('exit_am_mode') !== '' && plain('enter_am_mode') !== '';
  const hasAlternateBuffer = plain('enter_ca_mode') !== '' && plain('exit_ca_mode') !== '';
  const cursorAddress = terminfo.compile(entry, 'cursor_address');
  const resetStyle = plain('exit_attribute_mode');
  const clear = plain('clear_screen');
  return {
    enter: [
      hasAlternateBuffer ? plain('enter_ca_mode') : '',
      hideCursor(plain),
      isWrapSwitchable ? plain('exit_am_mode') : '',
      kind.isXtermLike ? XTERM_ON : '',
      resetStyle,
      clear,
    ].join(''),
    leave: [
      kind.isXtermLike ? XTERM_OFF : '',
      resetStyle,
      isWrapSwitchable ? plain('enter_am_mode') : '',
      // For terminals without an alternate buffer, and for GNU screen, which only has one if configured.
      clear,
      hasAlternateBuffer ? plain('exit_ca_mode') : '',
      showCursor(plain),
    ].join(''),
    clear: resetStyle + clear,
    eraseLine: plain('clr_eol'),
    resetStyle,
    toRow: (row) => cursorAddress([row, 0]),
    beginFrame: kind.isXtermLike ? '\x1b[?2026h' : '',
    endFrame: kind.isXtermLike ? '\x1b[?2026l' : '',
  };
}

/** Both or none: a cursor that cannot be shown again is not hidden. */
function hideCursor(plain: (name: string) => string): string {
  return plain('cursor_normal') === '' ? '' : plain('cursor_invisible');
}

/** Removes the part that also stops cursor blinking (`CSI ? 12 l`), which could not be restored. */
function showCursor(plain: (name: string) => string): string {
  const normal = plain('cursor_invisible') === '' ? '' : plain('cursor_normal');
  return normal.includes('\x1b[?25h') ? normal.replace('\x1b[?12l', '').replace('\x1b[34h', '') : normal;
}

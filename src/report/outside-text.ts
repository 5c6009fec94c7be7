/**
 * Sanitises untrusted text for reports: one line, without anything that a terminal or parser could interpret.
 */
import { formatShortCommand, safeText } from '../format/safe-text.ts';

/**
 * Sanitises a line: control characters, line separators and bidirectional marks are replaced by visible
 * escapes; lone surrogates and noncharacters by U+FFFD. Each format adds its own escapes.
 */
export function oneLine(text: string): string {
  return safeText(text).replace(/[\p{Cs}\p{Noncharacter_Code_Point}]/gu, '\uFFFD');
}

/** A command line as one sanitised line; a very long one is cut. */
export function oneLineCommand(words: readonly string[]): string {
  return oneLine(formatShortCommand(words));
}

/** Escapes text for HTML and XML, within elements and quoted attributes. */
export function escapeMarkup(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

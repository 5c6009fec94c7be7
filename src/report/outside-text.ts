/**
 * Text from outside on its way into a report: one line, nothing that a terminal or a parser could take for a
 * command.
 */
import { formatCommand, safeText } from '../format/safe-text.ts';

/**
 * One harmless line: control characters, line separators and marks that turn the direction come out as
 * visible escapes; halves of surrogate pairs and other code points that are no characters as U+FFFD. Every
 * format adds its own escapes.
 */
export function oneLine(text: string): string {
  return safeText(text)
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
    .replace(/[\p{Cs}\p{Noncharacter_Code_Point}]/gu, '\uFFFD');
}

/** A command line in one harmless line. */
export function oneLineCommand(words: readonly string[]): string {
  return formatCommand(words.map(oneLine));
}

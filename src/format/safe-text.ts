import { plural } from './plural.ts';

/**
 * Makes text from outside (names, command lines) safe for a terminal: control characters and escape sequences
 * are replaced by visible escapes such as `\x1b`.
 */
export function safeText(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters on purpose
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => {
      const code = character.charCodeAt(0);
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`;
    },
  );
}

/** A command line as a user would type it: words with spaces or special characters are quoted. */
export function formatCommand(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

/** The length from which a command line is abbreviated where people read it. Unit: characters. */
const MAX_COMMAND_LENGTH = 200;

/**
 * A command line as {@link formatCommand} has it, made safe, cut after `maxLength` characters with the number
 * of its words. A file on its own line, such as a recording, keeps all of it.
 */
export function formatShortCommand(words: readonly string[], maxLength = MAX_COMMAND_LENGTH): string {
  let text = '';
  for (const [index, word] of words.entries()) {
    text += `${index === 0 ? '' : ' '}${formatCommand([safeText(word)])}`;
    if (text.length <= maxLength) continue;
    // Half of a character outside the basic plane is none.
    const cut = text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '');
    return `${cut}... (${plural(words.length, 'word')})`;
  }
  return text;
}

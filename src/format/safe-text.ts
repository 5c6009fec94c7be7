import { plural } from './plural.ts';

/**
 * Makes text from outside (names, command lines) safe for terminals and logs: control characters and escape
 * sequences are replaced by visible escapes such as `\x1b`, and so is the bracket of `##[error]` and
 * `##vso[...]`, which CI systems (GitHub, Azure, TeamCity) interpret anywhere in a line.
 */
export function safeText(text: string): string {
  return text
    .replace(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters on purpose
      /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
      (character) => {
        const code = character.charCodeAt(0);
        return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : escapeUnit(character);
      },
    )
    .replace(/##(\w*)\[/g, '##$1\\x5b');
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A line of text that may start with text from outside: GitHub executes lines that start with `::`. */
export function safeLine(line: string): string {
  return withoutCommand(safeText(line));
}

/** A line that is safe otherwise, as {@link safeLine}. */
export function withoutCommand(line: string): string {
  return line.replace(/^(\s*):(?=:)/, '$1\\x3a');
}

/** JSON for any output, with what {@link safeText} replaces as escapes of JSON: the value is the same. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|#(?=#\w*\[)/g,
    escapeUnit,
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

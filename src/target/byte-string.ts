/**
 * Arguments, variables and paths are bytes, which need not be UTF-8: in a byte string each character is one
 * byte.
 */
import { readFileSync } from 'node:fs';

/** Bytes as a string of characters up to U+00FF. */
export type ByteString = string;

/** The bytes of a text, in UTF-8. */
export function bytesOf(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The text for people; bytes that are not UTF-8 become U+FFFD. */
export function textOf(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The bytes for a function of `node:fs`. */
export function pathOf(bytes: ByteString): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/** Splits the strings of `/proc/PID/cmdline` or `environ`, each of which ends in a NUL. Source: proc(5). */
export function splitStrings(bytes: ByteString): ByteString[] {
  return bytes === '' ? [] : (bytes.endsWith('\0') ? bytes.slice(0, -1) : bytes).split('\0');
}

/** The strings of a file of `/proc/self`; undefined if it cannot be read. Source: proc(5). */
export function readStrings(name: 'cmdline' | 'environ'): ByteString[] | undefined {
  try {
    return splitStrings(readFileSync(`/proc/self/${name}`, 'latin1'));
  } catch {
    return undefined;
  }
}

/**
 * The bytes of the words of a command, which is the end of a command line: Node.js replaces what is not
 * UTF-8. A word that is not in the command line is encoded.
 */
export function recoverWords(
  words: readonly string[],
  commandLine: readonly ByteString[] = readStrings('cmdline') ?? [],
): ByteString[] {
  const first = commandLine.length - words.length;
  return words.map((word, at) => {
    const given = commandLine[first + at];
    return given !== undefined && textOf(given) === word ? given : bytesOf(word);
  });
}

/**
 * Whether a word of our command line, or the end of one, consists of the bytes that encode this text: Node.js
 * replaces what is not UTF-8, and the text may be that of another file.
 */
export function wasDecodedExactly(text: string, read: typeof readStrings = readStrings): boolean {
  if (!text.includes('\ufffd')) return true;
  const given = (read('cmdline') ?? []).filter((word) => textOf(word).endsWith(text));
  return given.length > 0 && given.every((word) => bytesOf(textOf(word)) === word);
}

/** The bytes of the values of an option, in the order of the command line; as `recoverWords` does. */
export function recoverValues(
  option: string,
  values: readonly string[],
  commandLine?: readonly ByteString[],
): ByteString[] {
  if (!values.some((value) => value.includes('\ufffd'))) return values.map(bytesOf);
  const given = commandLine ?? readStrings('cmdline') ?? [];
  let from = 0;
  return values.map((value) => {
    const at = given.findIndex(
      (word, index) =>
        index >= from &&
        (textOf(word) === `${option}=${value}` || (textOf(word) === value && given[index - 1] === option)),
    );
    if (at < 0) return bytesOf(value);
    from = at + 1;
    const word = given[at] ?? '';
    return textOf(word) === value ? word : word.slice(option.length + 1);
  });
}

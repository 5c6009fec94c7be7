/** Names of files are bytes: UTF-8 for people, and `\xNN` for bytes that are not. */

/**
 * The text of a byte string (each character is one byte). Bytes that are not UTF-8 become `\xNN`, so that
 * different names stay different.
 */
export function decodeName(bytes: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  if (/^[\x00-\x7f]*$/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  if (!text.includes('\ufffd')) return text;
  return bytes.replace(SEQUENCES, (sequence) => decodeSequence(sequence));
}

/** What could be one character in UTF-8, or a single byte that is not ASCII. */
const SEQUENCES = /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]/g;

function decodeSequence(sequence: string): string {
  const text = Buffer.from(sequence, 'latin1').toString('utf8');
  if (!text.includes('\ufffd') || sequence === '\xef\xbf\xbd') return text;
  return Array.from(sequence, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`).join('');
}

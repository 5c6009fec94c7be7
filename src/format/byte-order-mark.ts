/** The byte order mark that editors and shells of Windows put at the start of a file, which JSON refuses. */
const BYTE_ORDER_MARK = '\ufeff';

/** The text of a file without a byte order mark at its start. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

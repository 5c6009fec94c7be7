/** Hints at the end of a line. */

/** ` (hint: ...)`, or nothing without a hint. @param shown makes text from outside safe. */
export function hintSuffix(
  hint: string | undefined,
  shown: (text: string) => string = (text) => text,
): string {
  return hint === undefined ? '' : ` (hint: ${shown(hint)})`;
}

/** Colours of charts. */

/** Fills of parts: black text is readable on each, on light and dark pages. */
export const FILLS = [
  '#8ab8e6',
  '#93cf94',
  '#f0b46a',
  '#c5aae8',
  '#f09f9f',
  '#7fd0ca',
  '#d8c76b',
  '#b9c1cc',
  '#e6a5cf',
  '#a8cf6e',
] as const;

/** The fill of what is combined, or not attributed. */
export const REST_FILL = '#c9ced6';

/** Lines on light and on dark pages. */
export const STROKES: readonly { light: string; dark: string }[] = [
  { light: '#1f63b0', dark: '#8ab8e6' },
  { light: '#6b7280', dark: '#aab3c0' },
  { light: '#1c7d3a', dark: '#8bd18f' },
  { light: '#a85f00', dark: '#f0b46a' },
  { light: '#7447b8', dark: '#c5aae8' },
  { light: '#c23636', dark: '#f09f9f' },
  { light: '#0d7a74', dark: '#7fd0ca' },
  { light: '#8a6d00', dark: '#d8c76b' },
  { light: '#a83a80', dark: '#e6a5cf' },
];

/** The fill of a part by its place among the others. */
export function fillOf(index: number, kind?: string): string {
  return kind === 'others' ? REST_FILL : (FILLS[index % FILLS.length] ?? REST_FILL);
}

/** Lines of styled text, independent of terminals. */

/** A colour of the 256-colour palette, or red, green and blue (0 to 255 each). */
export type Colour = number | readonly [red: number, green: number, blue: number];

/** A text style, including styles from SGR sequences of the target. */
export interface TextStyle {
  fg?: Colour;
  bg?: Colour;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  inverse?: boolean;
}

/** The role of a text; the palette defines its appearance on the terminal. */
export type Role =
  | 'plain'
  | 'dim'
  | 'strong'
  | 'title'
  | 'focused-title'
  | 'border'
  | 'focused-border'
  | 'selected'
  | 'key'
  | 'good'
  | 'warning'
  | 'bad'
  | 'anon'
  | 'file'
  | 'kernel'
  | 'bpf-maps'
  | 'bpf-programs'
  | 'slab'
  | 'pagetables'
  | 'kernel_stack'
  | 'sock'
  | 'percpu'
  | 'unexplained'
  | 'current';

/** Text in one style, without control characters. */
export interface Span {
  text: string;
  /** `plain` if absent. */
  style?: Role | TextStyle;
}

/** One line; the widths of its spans add up to the requested width. */
export type Line = readonly Span[];

/** Columns and rows. */
export interface Size {
  width: number;
  height: number;
}

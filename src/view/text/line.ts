/** What panels draw with: lines of styled text, without any knowledge of terminals. */

/** A colour of the 256-colour palette, or red, green and blue (0 to 255 each). */
export type Colour = number | readonly [red: number, green: number, blue: number];

/** How text looks; what a target's own SGR sequences come to. */
export interface TextStyle {
  fg?: Colour;
  bg?: Colour;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  inverse?: boolean;
}

/** What text is for; the palette says how that looks on the terminal at hand. */
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

/** A run of text in one style. The text holds no control characters. */
export interface Span {
  text: string;
  /** `plain` when absent. */
  style?: Role | TextStyle;
}

/** One line; the widths of its spans add up to the width that it was drawn for. */
export type Line = readonly Span[];

/** Columns and rows. */
export interface Size {
  width: number;
  height: number;
}

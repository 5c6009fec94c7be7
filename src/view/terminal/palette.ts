/**
 * The palette: roles as colours that are distinguishable with colour blindness, and styles as escape
 * sequences.
 */
import { widthOf } from '../text/cells.ts';
import type { Colour, Line, Role, Span, TextStyle } from '../text/line.ts';
import { nearestBasic, nearestIndexed, type Rgb, rgbOf } from './colours.ts';

/** Number of colours of a terminal; `true` is 24 bits per colour. */
export type ColourDepth = 'none' | 8 | 16 | 256 | 'true';

/** Terminals without colours: hardware terminals of DEC and Sun, and entries ending in `-m` or `-mono`. */
const COLOURLESS = /^(dumb|unknown|vt\d|sun|.*-m(ono)?$|wsvt25m$)/;

/**
 * Terminals that always support 24-bit colours; COLORTERM is not forwarded by ssh.
 */
const TRUE_COLOUR = /^(alacritty|foot|xterm-kitty|xterm-ghostty|wezterm|contour)|-direct\d*$/;

/**
 * Number of colours to use.
 * Source: https://no-color.org (NO_COLOR that is not empty), the names of terminfo entries, COLORTERM as
 * terminals set it.
 */
export function colourDepth(env: NodeJS.ProcessEnv, isTty = true): ColourDepth {
  const term = env.TERM ?? '';
  if (!isTty || (env.NO_COLOR ?? '') !== '' || term === '' || COLOURLESS.test(term)) return 'none';
  if (TRUE_COLOUR.test(term)) return 'true';
  // GNU screen passes COLORTERM through although it does not support it; tmux does support it.
  const isGnuScreen = term.startsWith('screen') && (env.TMUX ?? '') === '';
  if (!isGnuScreen && /^(truecolor|24bit)$/i.test(env.COLORTERM ?? '')) return 'true';
  if (term.endsWith('-256color') || term.includes('-256color-')) return 256;
  return /^linux|-(16|88)color$/.test(term) ? 16 : 8;
}

/** The style of a role on every terminal, with additions depending on colour support. */
interface Look {
  /** Attributes that always apply. */
  always?: TextStyle;
  /** Attributes instead of the colour if there are no colours. */
  colourless?: TextStyle;
  /** On terminals with at least 256 colours; otherwise `basic`. */
  rgb?: Rgb;
  /** One of the first eight colours. */
  basic?: number;
}

// Hues of Okabe and Ito (jfly.uni-koeln.de/color), which are distinguishable with any kind of colour
// blindness; adjusted so that each has a contrast of at least 3 to 1 on both black and white.
const BLUE: Look = { rgb: [0, 114, 178], basic: 6 };
const SKY: Look = { rgb: [52, 145, 195], basic: 6 };
const GREEN: Look = { rgb: [0, 150, 110], basic: 2 };
const ORANGE: Look = { rgb: [196, 128, 0], basic: 3 };
const VERMILLION: Look = { rgb: [213, 94, 0], basic: 1 };
const PURPLE: Look = { rgb: [196, 108, 156], basic: 5 };
const PLUM: Look = { rgb: [142, 80, 160], basic: 5 };
const OLIVE: Look = { rgb: [140, 130, 20], basic: 3 };
const TEAL: Look = { rgb: [40, 140, 140], basic: 6 };
const GREY: Look = { rgb: [128, 128, 128] };

const LOOKS: Readonly<Record<Role, Look>> = {
  plain: {},
  dim: { always: { dim: true } },
  strong: { always: { bold: true } },
  title: { always: { bold: true } },
  'focused-title': { always: { bold: true, inverse: true } },
  border: { always: { dim: true } },
  // Without a colour: each of them is that of a figure.
  'focused-border': { always: { bold: true } },
  selected: { always: { inverse: true } },
  key: { always: { bold: true }, colourless: { underline: true } },
  good: { ...GREEN },
  warning: { ...ORANGE, always: { bold: true } },
  bad: { ...VERMILLION, always: { bold: true }, colourless: { inverse: true } },
  anon: SKY,
  file: GREEN,
  kernel: VERMILLION,
  'bpf-maps': { ...PURPLE, colourless: { bold: true } },
  'bpf-programs': { ...PLUM, colourless: { bold: true } },
  slab: ORANGE,
  pagetables: { ...BLUE, basic: 4, always: { bold: true } },
  kernel_stack: OLIVE,
  sock: TEAL,
  percpu: { ...BLUE, basic: 6 },
  unexplained: { ...GREY, always: {}, colourless: { dim: true } },
  current: { always: { bold: true } },
};

/** The style of a role for a colour depth. */
export function styleOf(role: Role, depth: ColourDepth): TextStyle {
  const { always, colourless, rgb, basic } = LOOKS[role];
  if (depth === 'none') return { ...always, ...colourless };
  const fg: Colour | undefined = depth === 8 || depth === 16 ? basic : rgb;
  return fg === undefined ? { ...always } : { ...always, fg };
}

/** The SGR parameters of a style. */
interface Codes {
  attributes: readonly string[];
  fg: string;
  bg: string;
}

const PLAIN: Codes = { attributes: [], fg: '39', bg: '49' };

const ATTRIBUTES = [
  ['bold', '1'],
  ['dim', '2'],
  ['italic', '3'],
  ['underline', '4'],
  ['inverse', '7'],
] as const;

function codesOf(style: TextStyle, depth: ColourDepth): Codes {
  const attributes = ATTRIBUTES.filter(([name]) => style[name] === true).map(([, code]) => code);
  return {
    attributes,
    fg: colourCode(style.fg, depth, 30) ?? PLAIN.fg,
    bg: colourCode(style.bg, depth, 40) ?? PLAIN.bg,
  };
}

/** The parameters that set a colour; `base` is 30 for the foreground and 40 for the background. */
function colourCode(colour: Colour | undefined, depth: ColourDepth, base: 30 | 40): string | undefined {
  if (colour === undefined || depth === 'none') return undefined;
  if (typeof colour !== 'number' && depth === 'true') return `${base + 8};2;${colour.join(';')}`;
  const index = indexOf(colour, depth);
  if (index < 8) return String(base + index);
  return index < 16 ? String(base + 60 + index - 8) : `${base + 8};5;${index}`;
}

/** The index of a colour in the palette of the terminal. */
function indexOf(colour: Colour, depth: 8 | 16 | 256 | 'true'): number {
  if (depth === 8 || depth === 16) {
    return typeof colour === 'number' && colour < depth ? colour : nearestBasic(rgbOf(colour), depth);
  }
  return typeof colour === 'number' ? colour : nearestIndexed(colour);
}

/** The sequence that sets a style on a terminal in its default style; empty if the style has no effect. */
export function sgr(style: TextStyle, depth: ColourDepth): string {
  return changeOf(PLAIN, codesOf(style, depth));
}

/** The shortest sequence from one style to the next. */
function changeOf(before: Codes, after: Codes): string {
  const kept = before.attributes.every((code) => after.attributes.includes(code));
  const from = kept ? before : PLAIN;
  const numbers = kept ? [] : ['0'];
  for (const code of after.attributes) if (!from.attributes.includes(code)) numbers.push(code);
  if (after.fg !== from.fg) numbers.push(after.fg);
  if (after.bg !== from.bg) numbers.push(after.bg);
  return numbers.length === 0 ? '' : `\x1b[${numbers.join(';')}m`;
}

const roleCodes = new Map<ColourDepth, Map<Role, Codes>>();

function codesOfRole(role: Role, depth: ColourDepth): Codes {
  let known = roleCodes.get(depth);
  if (known === undefined) {
    known = new Map();
    roleCodes.set(depth, known);
  }
  let codes = known.get(role);
  if (codes === undefined) {
    codes = codesOf(styleOf(role, depth), depth);
    known.set(role, codes);
  }
  return codes;
}

function codesOfSpan({ style }: Span, depth: ColourDepth): Codes {
  if (style === undefined) return PLAIN;
  return typeof style === 'string' ? codesOfRole(style, depth) : codesOf(style, depth);
}

const graphemes = new Intl.Segmenter();

/** ASCII only: a question mark per column for anything else. */
function asciiText(text: string): string {
  let ascii = '';
  for (const { segment } of graphemes.segment(text)) {
    ascii += /^[\x20-\x7e]$/.test(segment) ? segment : '?'.repeat(widthOf(segment));
  }
  return ascii;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters on purpose
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;

/**
 * Encodes a line for a terminal, starting and ending in the default style. Control characters, which lines
 * must not contain, are replaced by question marks: this is the last place to keep them from the terminal. If
 * `utf8` is false, the result is ASCII.
 */
export function encodeLine(line: Line, depth: ColourDepth, utf8 = true): string {
  let encoded = '';
  let now = PLAIN;
  for (const span of line) {
    if (span.text === '') continue;
    const wanted = codesOfSpan(span, depth);
    if (wanted !== now) encoded += changeOf(now, wanted);
    now = wanted;
    const text = span.text.replace(CONTROLS, '?');
    encoded += utf8 ? text : asciiText(text);
  }
  return encoded + (changeOf(now, PLAIN) === '' ? '' : '\x1b[0m');
}

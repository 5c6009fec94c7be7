/** Parses "Select Graphic Rendition" sequences for colours and attributes, ECMA-48 8.3.117. */
import type { Colour, TextStyle } from './line.ts';

type Attribute = Exclude<keyof TextStyle, 'fg' | 'bg'>;

const TURN_ON: Readonly<Record<number, Attribute>> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'inverse',
  // Double.
  21: 'underline',
};

const TURN_OFF: Readonly<Record<number, readonly (keyof TextStyle)[]>> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  39: ['fg'],
  49: ['bg'],
};

/** Codes with a colour in the following parameters. 58 is the colour of the underline. */
const EXTENDED: Readonly<Record<number, 'fg' | 'bg' | 'ignored'>> = { 38: 'fg', 48: 'bg', 58: 'ignored' };

/** The first code of eight colours, and the corresponding palette index. */
const EIGHT_COLOURS: readonly { code: number; layer: 'fg' | 'bg'; colour: number }[] = [
  { code: 30, layer: 'fg', colour: 0 },
  { code: 40, layer: 'bg', colour: 0 },
  { code: 90, layer: 'fg', colour: 8 },
  { code: 100, layer: 'bg', colour: 8 },
];

/**
 * The style after `ESC [ parameters m`; undefined for the default style. Unknown numbers are ignored. Palette
 * colours are `38;5;N` or `38:5:N`, true colours `38;2;R;G;B`, `38:2:R:G:B` or `38:2:SPACE:R:G:B`.
 */
export function applySgr(before: TextStyle | undefined, parameters: string): TextStyle | undefined {
  let style: TextStyle = { ...before };
  const fields = parameters.split(';');
  for (let at = 0; at < fields.length; at++) {
    const [code = 0, ...sub] = (fields[at] ?? '').split(':').map(Number);
    const extended = EXTENDED[code];
    if (code === 0) style = {};
    else if (extended !== undefined) {
      const follows = sub.length === 0;
      const rest = follows ? fields.slice(at + 1, at + 5).map(Number) : sub;
      // With colons, a colour space may precede red, green and blue.
      const colour = colourOf(rest[0], rest.slice(!follows && rest.length > 4 ? 2 : 1));
      if (follows) at += rest[0] === 5 ? 2 : rest[0] === 2 ? 4 : 0;
      if (extended !== 'ignored' && colour !== undefined) style[extended] = colour;
    } else applyCode(style, code, sub[0]);
  }
  return Object.keys(style).length === 0 ? undefined : style;
}

function applyCode(style: TextStyle, code: number, sub: number | undefined): void {
  const attribute = TURN_ON[code];
  // `4:0` means no underline, `4:3` a curly one.
  if (code === 4 && sub === 0) delete style.underline;
  else if (attribute !== undefined) style[attribute] = true;
  for (const key of TURN_OFF[code] ?? []) delete style[key];
  for (const { code: first, layer, colour } of EIGHT_COLOURS) {
    if (code >= first && code < first + 8) style[layer] = colour + code - first;
  }
}

function colourOf(kind: number | undefined, values: readonly number[]): Colour | undefined {
  const [red = -1, green = -1, blue = -1] = values;
  if (kind === 5) return isByte(red) ? red : undefined;
  if (kind !== 2) return undefined;
  return isByte(red) && isByte(green) && isByte(blue) ? [red, green, blue] : undefined;
}

function isByte(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}

/** Colours of the 256-colour palette and their nearest equivalents. */
import type { Colour } from '../text/line.ts';

/** Red, green and blue, 0 to 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** The first 16 colours of xterm; other terminals use slightly different ones. */
const BASIC: readonly Rgb[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];

/** The levels of the 6 x 6 x 6 colour cube that starts at 16. */
const STEPS = [0, 95, 135, 175, 215, 255] as const;

/** The greys from 232 on: 8, 18, 28 ... 238. */
const GREYS = Array.from({ length: 24 }, (_, step): Rgb => [8 + 10 * step, 8 + 10 * step, 8 + 10 * step]);

/** The red, green and blue of a colour. Source: 256colres.h of xterm. */
export function rgbOf(colour: Colour): Rgb {
  if (typeof colour !== 'number') return colour;
  const basic = BASIC[colour];
  if (basic !== undefined) return basic;
  const grey = GREYS[colour - 232];
  if (grey !== undefined) return grey;
  const place = colour - 16;
  const step = (index: number) => STEPS[index % 6] ?? 0;
  return [step(Math.floor(place / 36)), step(Math.floor(place / 6)), step(place)];
}

/** The nearest colour of the cube or the greys: 16 to 255. */
export function nearestIndexed(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => nearestAmong(value, STEPS)) as [number, number, number];
  const inCube = 16 + 36 * red + 6 * green + blue;
  const grey = nearestOf(rgb, GREYS);
  return distance(rgb, rgbOf(inCube)) <= distance(rgb, rgbOf(232 + grey)) ? inCube : 232 + grey;
}

/** The nearest of the first 8 or 16 colours; a grey maps to a colour without hue. */
export function nearestBasic(rgb: Rgb, count: 8 | 16): number {
  const colours = BASIC.slice(0, count);
  if (!isGrey(rgb)) return nearestOf(rgb, colours);
  const greys = colours.filter(isGrey);
  return colours.indexOf(greys[nearestOf(rgb, greys)] ?? rgb);
}

function isGrey(rgb: Rgb): boolean {
  return Math.max(...rgb) - Math.min(...rgb) <= 32;
}

function nearestAmong(value: number, steps: readonly number[]): number {
  let nearest = 0;
  for (const [index, step] of steps.entries()) {
    if (Math.abs(step - value) < Math.abs((steps[nearest] ?? 0) - value)) nearest = index;
  }
  return nearest;
}

function nearestOf(rgb: Rgb, colours: readonly Rgb[]): number {
  let nearest = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, colour] of colours.entries()) {
    const far = distance(rgb, colour);
    if (far < least) {
      nearest = index;
      least = far;
    }
  }
  return nearest;
}

/** Weights of the components: the eye is most sensitive to green and least to blue. */
function distance([r1, g1, b1]: Rgb, [r2, g2, b2]: Rgb): number {
  return 3 * (r1 - r2) ** 2 + 4 * (g1 - g2) ** 2 + 2 * (b1 - b2) ** 2;
}

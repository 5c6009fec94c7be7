/** Random changes of binary files and of texts. */
import type { Random } from './random.ts';

/** Numbers at the limits of their types. */
const EDGES = [
  0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];

/** Parts of texts with a meaning for a parser, a terminal, a report or JavaScript. */
export const HOSTILE_TEXTS: readonly string[] = [
  '',
  ' ',
  '\n',
  '\r\n',
  '\t',
  '\0',
  '\u001b[2J',
  '\u0007',
  '\u009b1m',
  '\u202e',
  '\ufeff',
  '\ud800',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  '-0',
  '-1',
  '0',
  '0x10',
  '1e400',
  '9007199254740993',
  '18446744073709551615',
  '99999999999999999999999',
  '1.5',
  'NaN',
  'Infinity',
  'max',
  '##[error]x',
  '::error::x',
  '%0A',
  ']]>',
  '</testcase>',
  '&',
  '"',
  "'",
  '\\',
  '`',
  '|',
  '$(x)',
  '[',
  ']',
  '{',
  '}',
  '*',
  '?',
  '..',
  '/',
  'é',
  '名',
  '👩‍👩‍👧',
];

/** The most that one change adds by repeating lines. Unit: characters. */
const MAX_ADDED = 500_000;

/** A text of up to some thousand characters; rarely longer. */
export function hostileText(random: Random): string {
  if (random.chance(0.01)) return random.pick(HOSTILE_TEXTS).repeat(random.pick([100, 10_000, 200_000]));
  if (random.chance(0.1)) return random.pick(['x', '-', '[', '\u0300']).repeat(random.pick([40, 300, 5000]));
  const parts = Array.from({ length: random.between(1, 3) }, () => random.pick(HOSTILE_TEXTS));
  return parts.join('');
}

/** A copy with up to `most` changes of any kind; `other` is a file to take parts of. */
export function mutateBytes(random: Random, bytes: Buffer, other: Buffer = bytes, most = 8): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let left = random.between(1, most); left > 0; left -= 1) changed = change(random, changed, other);
  return changed;
}

function change(random: Random, bytes: Buffer, other: Buffer): Buffer {
  const at = random.below(bytes.length);
  const end = Math.min(bytes.length, at + random.between(1, random.pick([1, 4, 16, 64, 1024])));
  switch (random.below(bytes.length === 0 ? 1 : 10)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), partOf(random, other), bytes.subarray(at)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    case 3:
      return random.chance(0.3) ? bytes.subarray(0, at) : bytes;
    case 4:
      partOf(random, other).copy(bytes, at);
      return bytes;
    case 5:
    case 6:
      bytes[at] = random.below(256);
      return bytes;
    case 7:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    default:
      writeEdge(random, bytes, at);
      return bytes;
  }
}

/** Writes a number at the limits of its type, or close to what is there. */
export function writeEdge(random: Random, bytes: Buffer, at: number): void {
  const width = random.pick([1, 2, 4, 4, 8]);
  if (at + width > bytes.length) return;
  const isLittle = random.chance(0.5);
  const word = Math.min(width, 4);
  const before = isLittle ? bytes.readUIntLE(at, word) : bytes.readUIntBE(at, word);
  const limit = 2 ** (8 * word);
  const value = random.chance(0.3)
    ? (before + random.between(-2, 2) + limit) % limit
    : random.pick(EDGES) % limit;
  const from = width === 8 && !isLittle ? at + 4 : at;
  if (width === 8) bytes.fill(random.chance(0.2) ? 0xff : 0, at, at + 8);
  if (isLittle) bytes.writeUIntLE(value, from, word);
  else bytes.writeUIntBE(value, from, word);
}

function partOf(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length);
  return bytes.subarray(at, at + random.between(1, random.pick([4, 64, 512])));
}

/** A copy of a text of lines with some lines, words or characters changed. */
export function mutateText(random: Random, text: string): string {
  let lines = text.split('\n');
  for (let left = random.between(1, 4); left > 0; left -= 1) {
    const at = random.below(lines.length);
    const line = lines[at] ?? '';
    switch (random.below(8)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(random.below(lines.length), 0, line);
        break;
      case 2:
        lines.splice(at, 0, hostileText(random));
        break;
      case 3:
        lines = lines.slice(0, at + 1);
        lines.push(line.slice(0, random.below(line.length)));
        break;
      case 4:
        if (random.chance(0.03)) {
          const copies = Math.min(20_000, MAX_ADDED / (line.length + 1));
          lines.push(...Array.from({ length: copies }, () => line));
        }
        break;
      default:
        lines[at] = changeLine(random, line);
    }
  }
  return lines.join(random.chance(0.02) ? '\r\n' : '\n');
}

function changeLine(random: Random, line: string): string {
  const numbers = [...line.matchAll(/\d+|\w+|\W/g)];
  const part = numbers.length === 0 ? undefined : random.pick(numbers);
  if (part === undefined || random.chance(0.2)) {
    const at = random.below(line.length + 1);
    return line.slice(0, at) + hostileText(random) + line.slice(at + random.below(3));
  }
  return line.slice(0, part.index) + hostileText(random) + line.slice(part.index + part[0].length);
}

import Program from 'blessed/lib/program.js';
import { afterAll, expect, test } from 'vitest';
import { createReader } from '#src/view/terminal/screen.ts';

const reader = createReader(Program);
afterAll(() => reader.close());

const place = { column: 4, row: 2 };

test.each([
  ['left', '\x1b[<0;5;3M', { kind: 'click', button: 'left', ...place }],
  ['middle', '\x1b[<1;5;3M', { kind: 'click', button: 'middle', ...place }],
  ['right', '\x1b[<2;5;3M', { kind: 'click', button: 'right', ...place }],
  ['left with Ctrl', '\x1b[<16;5;3M', { kind: 'click', button: 'left', ...place }],
  ['wheel up', '\x1b[<64;5;3M', { kind: 'wheel', direction: 'up', ...place }],
  ['wheel down', '\x1b[<65;5;3M', { kind: 'wheel', direction: 'down', ...place }],
  ['a release', '\x1b[<0;5;3m', undefined],
  ['the wheel to the left', '\x1b[<66;5;3M', undefined],
  ['the wheel to the right', '\x1b[<67;5;3M', undefined],
  ['the eighth button', '\x1b[<128;5;3M', undefined],
  ['the ninth button', '\x1b[<129;5;3M', undefined],
  ['a movement', '\x1b[<35;5;3M', undefined],
])('the mouse: %s', (_, sequence, expected) => {
  expect(reader.mouseOf(sequence)).toEqual(expected);
});

test.each([
  ['\r', 'enter'],
  ['\x1b[A', 'up'],
  ['\x1b[5~', 'pageup'],
  ['\t', 'tab'],
  ['\x03', 'C-c'],
  ['\0', 'C-space'],
  ['\x1b[<0;5;3M', undefined],
])('the key %j is %s', (sequence, expected) => {
  expect(reader.keyOf(sequence)).toBe(expected);
});

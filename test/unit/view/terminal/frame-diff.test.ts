import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffFrames } from '#src/view/terminal/frame-diff.ts';

const capabilities = {
  clear: '<clear>',
  eraseLine: '<erase>',
  toRow: (row: number) => `<${row}>`,
  beginFrame: '<begin>',
  endFrame: '<end>',
};

test('only changed rows are written', () => {
  expect(diffFrames(['a', 'b', 'c'], ['a', 'B', 'c'], capabilities)).toBe('<begin><1><erase>B<end>');
});

test('an unchanged frame writes nothing', () => {
  expect(diffFrames(['a', ''], ['a'], capabilities)).toBe('');
});

test('the first frame is written on an empty screen, without its empty rows', () => {
  expect(diffFrames(undefined, ['a', '', 'c'], capabilities)).toBe('<begin><clear><0>a<2>c<end>');
});

test('rows that disappear are erased', () => {
  expect(diffFrames(['a', 'b'], ['a'], capabilities)).toBe('<begin><1><erase><end>');
});

test('the screen shows the frame after any previous frame', () => {
  const frame = fc.array(fc.constantFrom('', 'a', 'b'), { maxLength: 5 });
  fc.assert(
    fc.property(fc.option(frame, { nil: undefined }), frame, (before, after) => {
      const screen = new Map(before?.entries() ?? [[0, 'dirt']]);
      const written = diffFrames(before, after, capabilities).replace(/^<begin>|<end>$/g, '');
      for (const [, clears, row, text] of written.matchAll(/(<clear>)|<(\d)>(?:<erase>)?([ab]?)/g)) {
        if (clears !== undefined) screen.clear();
        else screen.set(Number(row), text ?? '');
      }
      for (let row = 0; row < 5; row += 1) expect(screen.get(row) ?? '').toBe(after[row] ?? '');
    }),
  );
});

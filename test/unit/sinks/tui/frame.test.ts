import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textOf, widthOf } from '../../../../src/sinks/tui/cells.ts';
import { renderFrame } from '../../../../src/sinks/tui/frame.ts';
import type { Size } from '../../../../src/sinks/tui/line.ts';
import { PANELS, type View } from '../../../../src/sinks/tui/view.ts';
import { exampleView } from './example-view.ts';

const draw = (view: View, width: number, height: number) =>
  `${renderFrame(view, { width, height })
    .lines.map((line) => `${textOf(line)}|`)
    .join('\n')}\n`;

const REPLAY = { speed: 4, endMs: 240_000, damagedLines: 2, following: false };

describe('the screen', () => {
  test.each([
    [80, 24],
    [120, 40],
    [200, 60],
    [80, 60],
  ])('at %ix%i', async (width, height) => {
    const view = exampleView({ ui: { focus: 'maps' } });
    await expect(draw(view, width, height)).toMatchFileSnapshot(
      `../../../golden/tui/screen-${width}x${height}.txt`,
    );
  });

  test.each<[string, Parameters<typeof exampleView>[0], Size]>([
    ['ascii', { unicode: false }, { width: 80, height: 24 }],
    ['cgroup1', { options: { mode: 'cgroup1' } }, { width: 120, height: 40 }],
    ['process-tree', { options: { mode: 'process-tree' } }, { width: 80, height: 24 }],
    ['ended', { options: { ended: true } }, { width: 80, height: 24 }],
    ['ended', { options: { ended: true } }, { width: 120, height: 40 }],
    ['replay', { status: { state: 'playing', replay: REPLAY } }, { width: 80, height: 24 }],
    ['paused', { ui: { paused: true, focus: 'processes', list: 'processes' } }, { width: 80, height: 24 }],
    ['relative', { ui: { relative: 'start', units: 'KiB' } }, { width: 80, height: 24 }],
    ['zoomed', { ui: { focus: 'timeline', zoom: true } }, { width: 80, height: 24 }],
    ['help', { ui: { dialog: { kind: 'help', scroll: 0 } } }, { width: 80, height: 24 }],
    ['quit', { ui: { dialog: { kind: 'quit' } } }, { width: 80, height: 24 }],
    [
      'filter',
      { ui: { dialog: { kind: 'filter', list: 'maps', text: 'con', before: '' } } },
      { width: 80, height: 24 },
    ],
    ['message', { ui: { message: 'sent SIGINT to the target' } }, { width: 80, height: 24 }],
    ['small', {}, { width: 50, height: 10 }],
    ['smallest', {}, { width: 20, height: 3 }],
  ])('%s', async (name, overrides, { width, height }) => {
    await expect(draw(exampleView(overrides), width, height)).toMatchFileSnapshot(
      `../../../golden/tui/screen-${name}-${width}x${height}.txt`,
    );
  });

  test('whatever the size and the state, it has exactly that size and no control characters', () => {
    const base = exampleView({ options: { untilMs: 20_000, ended: true } });
    const ui = fc.record({
      focus: fc.constantFrom(...PANELS),
      zoom: fc.boolean(),
      dialog: fc.constantFrom(undefined, { kind: 'help', scroll: 3 } as const, { kind: 'quit' } as const),
    });
    const size = fc.record({
      width: fc.integer({ min: 1, max: 220 }),
      height: fc.integer({ min: 1, max: 70 }),
    });
    fc.assert(
      fc.property(ui, size, fc.boolean(), (changed, { width, height }, unicode) => {
        const view = { ...base, unicode, ui: { ...base.ui, ...changed } };
        const { lines } = renderFrame(view, { width, height });
        expect(lines).toHaveLength(height);
        for (const line of lines) {
          const text = textOf(line);
          expect(widthOf(text)).toBe(width);
          expect(text).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 60 },
    );
  });
});

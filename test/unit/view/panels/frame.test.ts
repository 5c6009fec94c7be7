import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderFrame } from '#src/view/panels/frame.ts';
import { emptyPanels } from '#src/view/state/content.ts';
import { PANELS, type View } from '#src/view/state/view.ts';
import { textOf, widthOf } from '#src/view/text/cells.ts';
import type { Size } from '#src/view/text/line.ts';
import { golden } from '../../../paths.ts';
import { exampleView } from '../example-view.ts';

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
    await expect(draw(view, width, height)).toMatchFileSnapshot(golden(`view/screen/${width}x${height}.txt`));
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
      golden(`view/screen/${name}-${width}x${height}.txt`),
    );
  });

  test('an unknown interval is not shown', () => {
    const header = (intervalMs: number) => draw(exampleView({ status: { intervalMs } }), 80, 24);
    expect(header(500)).toContain('every 500ms');
    expect(header(0)).not.toContain('every');
  });

  test('after the end the state is shown as past', () => {
    const shown = (ended: boolean) => {
      const view = exampleView({ options: { ended }, ui: { zoom: true } });
      const data = { ...view.data, processes: new Map(), events: [] };
      const panel = (focus: View['ui']['focus'], change: Partial<View> = {}) =>
        draw({ ...view, ...change, ui: { ...view.ui, focus } }, 100, 30);
      return [
        panel('processes'),
        ...(['processes', 'pressure', 'output'] as const).map((focus) => panel(focus, { data })),
      ].join('\n');
    };
    const soFar = ['No processes yet.', 'No events yet.', 'No output yet.'];
    const atEnd = ['in the last snapshot', 'No processes were seen.', 'No events.', 'No output.'];
    for (const text of soFar) expect([text, shown(false).includes(text)]).toEqual([text, true]);
    for (const text of atEnd) expect([text, shown(false).includes(text)]).toEqual([text, false]);
    for (const text of soFar) expect([text, shown(true).includes(text)]).toEqual([text, false]);
    for (const text of atEnd) expect([text, shown(true).includes(text)]).toEqual([text, true]);
  });

  test('a message that is too long ends in an ellipsis', () => {
    const message = `wrote ${'x'.repeat(80)}`;
    for (const [unicode, mark] of [
      [true, '…'],
      [false, '~'],
    ] as const) {
      const footer = draw(exampleView({ unicode, ui: { message } }), 80, 24).split('\n')[23];
      expect(footer).toBe(` wrote ${'x'.repeat(72)}${mark}|`);
    }
  });

  test('a small terminal shows messages, help and maps too', () => {
    const small = (ui: Parameters<typeof exampleView>[0], height: number) =>
      draw(exampleView(ui), 50, height);
    expect(small({ ui: { message: 'sent \u001b' } }, 5).split('\n')[1]).toMatch(/^ sent \\x1b/);
    expect(small({ ui: { message: 'said' } }, 1)).toMatch(/^ said/);
    expect(small({ ui: { dialog: { kind: 'help', scroll: 0 } } }, 10)).toContain('this help');
    expect(small({ ui: { dialog: { kind: 'map', id: 100, scroll: 0 } } }, 10)).toContain('flow_table');
    expect(small({ ui: { dialog: { kind: 'quit' } } }, 8)).toContain('The target is still running');
  });

  test('a replay reports the end at the end', () => {
    const replay = { ...REPLAY, endMs: 240_100 };
    const at = (state: 'at-end' | 'halted') =>
      draw(exampleView({ options: { ended: true }, status: { state, replay } }), 80, 24);
    expect(at('at-end')).toContain('FAILED  killed by the OOM killer');
    expect(at('at-end')).not.toContain('q quits');
    expect(at('halted')).not.toContain('FAILED');
  });

  test('the end of a long filter is visible and escaped', () => {
    const text = `${'a'.repeat(90)}\u001bz`;
    const dialog = { kind: 'filter', list: 'maps', text, before: '' } as const;
    const footer = draw(exampleView({ ui: { dialog } }), 80, 24)
      .trimEnd()
      .split('\n')
      .at(-1);
    expect(footer).toMatch(/^ filter maps: a+\\x1bz_\s*\|$/);
  });

  test('of a cgroup that was attached to, nothing is ended and no output is shown', () => {
    const running = exampleView({ ui: { dialog: { kind: 'quit' } } });
    const { start } = running.data;
    if (start === undefined) throw new Error('the example has no start record');
    const { pid: _, ...others } = start;
    const attached = { target: 'unit:a.service', cgroup: '/a.service', peakSince: 'creation' } as const;
    const view = { ...running, data: { ...running.data, start: { ...others, attached } } };
    const screen = draw(view, 100, 40);
    expect(screen).toContain('end the measurement and quit');
    expect(screen).not.toMatch(/pid \d|target|No output/);
    expect(emptyPanels(view)).toContain('output');
    expect(emptyPanels(running)).not.toContain('output');
  });

  test('after the target, other processes may be waited for', () => {
    const waiting = exampleView({ status: { state: 'waiting' }, ui: { dialog: { kind: 'quit' } } });
    const screen = draw(waiting, 100, 24);
    expect(screen).toMatch(/■ target ended, \d+ processes left/);
    expect(screen).toContain('terminate the remaining processes and quit');
  });

  test('the frame has exactly its size and no control characters, in any state', () => {
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

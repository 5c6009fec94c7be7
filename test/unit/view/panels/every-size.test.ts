import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderDialog } from '#src/view/panels/dialogs.ts';
import { renderPage } from '#src/view/panels/frame.ts';
import { renderMaps } from '#src/view/panels/maps-panel.ts';
import { renderOutput } from '#src/view/panels/output-panel.ts';
import { renderPressure } from '#src/view/panels/pressure-panel.ts';
import { renderProcesses } from '#src/view/panels/processes-panel.ts';
import { renderEnd } from '#src/view/panels/summary-panel.ts';
import { OutputBuffer } from '#src/view/state/output-buffer.ts';
import { type Dialog, isPage, MAP_SORTS, PANELS, PROCESS_SORTS, type View } from '#src/view/state/view.ts';
import type { Line, Size } from '#src/view/text/line.ts';
import { mapEntries, processEntries, SUMMARY, sceneView, widthsOf } from './scene.ts';

const RENDERERS: readonly ((view: View, size: Size) => Line[])[] = [
  renderMaps,
  renderProcesses,
  renderPressure,
  renderOutput,
  (view, size) => (isPage(view.ui.dialog) ? renderPage(view, view.ui.dialog, size) : renderEnd(view, size)),
  renderEnd,
];

const anyText = fc.string({ unit: 'grapheme', maxLength: 30 });
const scroll = fc.oneof(fc.nat(40), fc.constant(500));

const dialogs: fc.Arbitrary<Dialog | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({ kind: fc.constant('help' as const), scroll }),
  fc.constant({ kind: 'quit' as const }),
  fc.record({
    kind: fc.constant('signal' as const),
    pid: fc.constantFrom(4711, 4714, 4715, 1),
    choice: fc.nat(8),
  }),
  fc.record({
    kind: fc.constant('filter' as const),
    list: fc.constant('maps' as const),
    text: anyText,
    before: anyText,
  }),
  fc.record({ kind: fc.constant('map' as const), id: fc.constantFrom(7, 9, 12, 21, 22, 30, 999), scroll }),
  fc.record({ kind: fc.constant('process' as const), id: fc.constantFrom(4711, 4713, 999), scroll }),
  fc.record({ kind: fc.constant('goto' as const), text: anyText }),
);

const anyUi = fc.record({
  focus: fc.constantFrom(...PANELS),
  zoom: fc.boolean(),
  units: fc.constantFrom('readable', 'KiB', 'bytes'),
  maps: fc.record({
    sort: fc.constantFrom(...MAP_SORTS),
    reverse: fc.boolean(),
    filter: fc.oneof(fc.constant(''), anyText),
    selected: fc.constantFrom(undefined, 7, 30, 999),
    top: scroll,
  }),
  processes: fc.record({
    sort: fc.constantFrom(...PROCESS_SORTS),
    reverse: fc.boolean(),
    filter: fc.oneof(fc.constant(''), anyText),
    selected: fc.constantFrom(undefined, 4711, 4800, 999),
    top: scroll,
    tree: fc.boolean(),
  }),
  outputBottom: fc.option(scroll, { nil: undefined }),
  pressureScroll: scroll,
  dialog: dialogs,
});

const sizes = fc.record({ width: fc.integer({ min: 1, max: 250 }), height: fc.integer({ min: 1, max: 80 }) });
const smallSizes = fc.record({
  width: fc.integer({ min: 1, max: 40 }),
  height: fc.integer({ min: 1, max: 8 }),
});

const printed = (chunks: readonly string[]) => {
  const buffer = new OutputBuffer();
  for (const [at, chunk] of chunks.entries())
    buffer.push(at % 2 === 0 ? 'stdout' : 'stderr', Buffer.from(chunk));
  return { ...buffer.view(), dropped: chunks.length };
};

const views = fc
  .record({
    ui: anyUi,
    unicode: fc.boolean(),
    empty: fc.boolean(),
    chunks: fc.array(anyText, { maxLength: 8 }),
  })
  .map(({ ui, unicode, empty, chunks }) =>
    sceneView({
      ui,
      data: empty
        ? { maps: mapEntries([]), processes: processEntries([]), events: [] }
        : { summary: SUMMARY },
      view: { unicode, output: printed(chunks.map((chunk) => `${chunk}\n${chunk}`)) },
    }),
  );

test('panels have exactly their size for any content, and nothing in them moves a cursor', () => {
  fc.assert(
    fc.property(views, fc.oneof(sizes, smallSizes), (view, size) => {
      for (const render of RENDERERS) {
        const lines = render(view, size);
        expect([render.name, lines.length]).toEqual([render.name, size.height]);
        expect([render.name, ...new Set(widthsOf(lines))]).toEqual([render.name, size.width]);
        expect(charactersOf(lines)).not.toMatch(view.unicode ? /\p{Cc}/u : /[^\x20-\x7e]/);
      }
    }),
    { numRuns: 150 },
  );
});

test('a dialog is not larger than the screen and its lines are equally wide, with any content', () => {
  let boxes = 0;
  fc.assert(
    fc.property(views, fc.oneof(sizes, smallSizes), (view, size) => {
      const box = renderDialog(view, size);
      if (box === undefined) return;
      boxes += 1;
      const widths = new Set(widthsOf(box.lines));
      expect(widths.size).toBe(1);
      expect(Math.max(...widths)).toBeLessThanOrEqual(size.width);
      expect(box.lines.length).toBeLessThanOrEqual(size.height);
      expect(charactersOf(box.lines)).not.toMatch(view.unicode ? /\p{Cc}/u : /[^\x20-\x7e]/);
    }),
    { numRuns: 300 },
  );
  expect(boxes).toBeGreaterThan(100);
});

function charactersOf(lines: readonly Line[]): string {
  return lines.flatMap((line) => line.map(({ text }) => text)).join('');
}

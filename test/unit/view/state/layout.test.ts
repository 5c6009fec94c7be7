import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layOut, type Region } from '#src/view/state/layout.ts';
import { PANELS, type PanelId } from '#src/view/state/view.ts';

const UI = { focus: 'breakdown', list: 'maps', zoom: false, empty: new Set<PanelId>(), wanted: {} } as const;

function regionsAt(width: number, height: number, ui: Parameters<typeof layOut>[1] = UI): Region[] {
  const layout = layOut({ width, height }, ui);
  return layout.kind === 'panels' ? layout.regions : [];
}

describe('layOut', () => {
  test('80x24 shows the breakdown, the timeline and one list', () => {
    expect(regionsAt(80, 24).map(({ panel }) => panel)).toEqual(['breakdown', 'timeline', 'maps']);
  });

  test('the list shown is the last focused one', () => {
    expect(regionsAt(80, 24, { ...UI, list: 'output' }).map(({ panel }) => panel)).toEqual([
      'breakdown',
      'timeline',
      'output',
    ]);
  });

  test('80x24 without maps shows processes and output', () => {
    const content = { ...UI, list: 'processes', empty: new Set<PanelId>(['maps', 'pressure']) } as const;
    const heights = (wanted: Partial<Record<PanelId, number>>) =>
      regionsAt(80, 24, { ...content, wanted }).map(({ panel, height }) => `${panel} ${height}`);
    expect(heights({})).toEqual(['breakdown 9', 'timeline 5', 'processes 4', 'output 3']);
    expect(heights({ breakdown: 6, processes: 4 })).toEqual([
      'breakdown 6',
      'timeline 5',
      'processes 4',
      'output 6',
    ]);
    const noOutput = { ...content, empty: new Set<PanelId>(['maps', 'pressure', 'output']), wanted: {} };
    expect(regionsAt(80, 24, noOutput).map(({ panel }) => panel)).toEqual([
      'breakdown',
      'timeline',
      'processes',
    ]);
  });

  test.each([
    [120, 40],
    [200, 60],
    [80, 100],
  ])('%ix%i gives the space of empty panels to the others', (width, height) => {
    const empty = new Set<PanelId>(['maps', 'pressure']);
    const regions = regionsAt(width, height, { ...UI, list: 'processes', empty });
    expect(regions.map(({ panel }) => panel)).toEqual(['breakdown', 'timeline', 'processes', 'output']);
    expect(Math.max(...regions.map((region) => region.top + region.height))).toBe(height - 1);
  });

  test.each([
    [120, 40],
    [200, 60],
    [80, 100],
  ])('%ix%i shows every panel', (width, height) => {
    expect(new Set(regionsAt(width, height).map(({ panel }) => panel))).toEqual(new Set(PANELS));
  });

  test.each([
    [59, 15],
    [60, 14],
    [20, 5],
  ])('below 60x15, at %ix%i, there is a single status line', (width, height) => {
    expect(layOut({ width, height }, UI)).toEqual({ kind: 'status-line' });
  });

  test('a zoomed panel fills the body', () => {
    expect(regionsAt(80, 24, { ...UI, focus: 'pressure', zoom: true })).toEqual([
      { panel: 'pressure', left: 0, top: 2, width: 80, height: 21 },
    ]);
  });

  test('panels fill the body without overlaps at any size', () => {
    const size = fc.record({
      width: fc.integer({ min: 60, max: 300 }),
      height: fc.integer({ min: 15, max: 120 }),
    });
    fc.assert(
      fc.property(size, fc.boolean(), ({ width, height }, hasEnded) => {
        const endHeight = hasEnded ? (height < 30 ? 3 : 7) : 0;
        const layout = layOut({ width, height }, UI, endHeight);
        if (layout.kind !== 'panels') throw new Error('no panels');
        const used = new Set<number>();
        let cells = 0;
        for (const region of layout.regions) {
          cells += region.width * region.height;
          expect(region.height).toBeGreaterThanOrEqual(1);
          for (let row = region.top; row < region.top + region.height; row += 1) {
            for (let column = region.left; column < region.left + region.width; column += 1) {
              used.add(row * 1000 + column);
            }
          }
        }
        // A cell of two panels would be in the set once.
        expect(used.size).toBe(cells);
        const rows = layout.footerTop - layout.headerHeight - endHeight;
        const dividers = new Set(layout.regions.filter(({ left }) => left > 0).map(({ top }) => top));
        const dividerCells = layout.regions
          .filter(({ left, top }) => left > 0 && dividers.has(top))
          .reduce((sum, region) => sum + region.height, 0);
        expect(used.size + dividerCells).toBe(rows * width);
      }),
      { numRuns: 40 },
    );
  });
});

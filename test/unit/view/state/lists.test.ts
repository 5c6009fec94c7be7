import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  idAtRow,
  listWindow,
  mapGrowth,
  relativeBytes,
  selectableIds,
  selectedIndex,
  topOfList,
  visibleMaps,
  visibleProcesses,
} from '#src/view/state/lists.ts';
import { MAP_SORTS, PROCESS_SORTS, type UiState } from '#src/view/state/view.ts';
import { PROCESSES, processEntries, type SceneOverrides, sceneView } from '../panels/scene.ts';

function mapIds(maps: Partial<UiState['maps']>, overrides: SceneOverrides = {}): number[] {
  return selectableIds(
    sceneView({ ...overrides, ui: { maps: { ...sceneView().ui.maps, ...maps } } }),
    'maps',
  );
}

function pids(processes: Partial<UiState['processes']>, overrides: SceneOverrides = {}): number[] {
  const state = { ...sceneView().ui.processes, ...processes };
  return selectableIds(sceneView({ ...overrides, ui: { processes: state } }), 'processes');
}

describe('maps', () => {
  test.each([
    ['bytes', false, [7, 9, 12, 15, 21, 22, 30]],
    ['bytes', true, [30, 21, 22, 15, 12, 9, 7]],
    ['fill', false, [7, 15, 9, 21, 12, 22, 30]],
    ['elements', false, [9, 7, 15, 21, 12, 22, 30]],
    ['uncharged', false, [12, 7, 9, 15, 21, 22, 30]],
    ['growth', false, [7, 15, 21, 9, 12, 22, 30]],
    ['name', false, [30, 9, 7, 12, 21, 15, 22]],
    ['type', false, [30, 15, 21, 22, 7, 12, 9]],
    ['id', true, [30, 22, 21, 15, 12, 9, 7]],
  ] as const)('by %s, reversed: %s', (sort, reverse, expected) => {
    expect(mapIds({ sort, reverse })).toEqual(expected);
  });

  test('unknown values come last in both orders', () => {
    expect(mapIds({ sort: 'fill', reverse: true })).toEqual([21, 9, 15, 7, 12, 22, 30]);
  });

  test.each([
    ['FLOW', [7]],
    ['ringbuf', [9]],
    ['*hash', [7, 15, 21, 22]],
    ['日本', [15, 22]],
    ['bpf-load', [7, 9, 12, 15, 21, 22]],
    ['4711', [7]],
    ['2', []],
    ['[z-a]*', []],
    ['e????s', [9]],
  ])('filter %s', (filter, expected) => {
    expect(mapIds({ filter })).toEqual(expected);
  });

  test('growth is per minute, whatever sizes are relative to', () => {
    const base = new Map([['map:7', 1000]]);
    for (const relative of [undefined, 'pause'] as const) {
      const view = sceneView({ ui: { relative }, view: { base } });
      const [first] = visibleMaps(view);
      // A fifth of 8 MiB in 93 seconds.
      const expected = (8 * 1024 * 1024 * 0.2 * 60) / 93;
      expect(((first && mapGrowth(view, first)) ?? 0) / expected).toBeCloseTo(1, 1);
    }
  });

  test('sizes are relative to the pause, and to 0 for later objects', () => {
    const base = new Map([['map:7', 1000]]);
    const view = sceneView({ ui: { relative: 'pause' }, view: { base } });
    const sizes = visibleMaps(view).map(({ row, firstBytes }) =>
      relativeBytes(view, `map:${row.id}`, row.bytes, firstBytes),
    );
    expect(sizes.slice(0, 2)).toEqual([8 * 1024 * 1024 - 1000, 4 * 1024 * 1024]);
  });
});

describe('processes', () => {
  test('flat, sorted by the chosen column', () => {
    expect(pids({ sort: 'rss' })).toEqual([4711, 4712, 4714, 4713, 4715, 4716, 4800]);
    expect(pids({ sort: 'cpu' })).toEqual([4714, 4711, 4712, 4713, 4715, 4716, 4800]);
    expect(pids({ sort: 'pid', reverse: true })[0]).toBe(4800);
    expect(pids({ filter: '4714' })).toEqual([4714]);
    expect(pids({ filter: 'work*' })).toEqual([4712, 4714]);
    expect(pids({ filter: 'two words' })).toEqual([4711]);
    expect(pids({ filter: 'müller' })).toEqual([4712]);
  });

  test('as a tree: children below their parents, siblings sorted', () => {
    const view = sceneView({
      ui: { processes: { ...sceneView().ui.processes, tree: true, sort: 'pid', reverse: true } },
    });
    const rows = visibleProcesses(view).map(({ entry, depth, isLast }) => [entry.row.pid, depth, isLast]);
    expect(rows).toEqual([
      [4800, 0, true],
      [4711, 0, true],
      [4713, 1, false],
      [4712, 1, true],
      [4715, 2, false],
      [4716, 3, true],
      [4714, 2, true],
    ]);
  });

  test('a tree has every process once, with any parents', () => {
    const parents = fc.array(fc.nat(12), { maxLength: 12 });
    fc.assert(
      fc.property(parents, fc.constantFrom(...PROCESS_SORTS), fc.boolean(), (ppids, sort, reverse) => {
        const rows = ppids.map((ppid, pid) => ({ ...(PROCESSES[0] as (typeof PROCESSES)[0]), pid, ppid }));
        const shown = pids({ sort, reverse, tree: true }, { data: { processes: processEntries(rows) } });
        expect(shown.toSorted((a, b) => a - b)).toEqual(ppids.map((_, pid) => pid));
      }),
    );
  });
});

test('every column sorts all rows', () => {
  for (const sort of MAP_SORTS) expect(mapIds({ sort }).length).toBe(7);
  for (const sort of PROCESS_SORTS) expect(pids({ sort }).length).toBe(7);
});

test('a selection that no longer exists becomes the first row', () => {
  expect(selectedIndex([4, 5, 6], Number, 6)).toBe(2);
  expect(selectedIndex([4, 5, 6], Number, 7)).toBe(0);
  expect(selectedIndex([4, 5, 6], Number, undefined)).toBe(0);
});

test('a window contains the selected row, and no missing rows', () => {
  fc.assert(
    fc.property(
      fc.nat(300),
      fc.nat(300),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(400),
      (count, at, rows, top) => {
        const selected = Math.min(at, Math.max(0, count - 1));
        const { from, to } = listWindow(count, selected, rows, top);
        // A selection that is visible already does not scroll.
        if (selected >= top && selected < top + rows && top + rows <= count) expect(from).toBe(top);
        expect(to - from).toBe(Math.min(count, rows));
        if (count > 0) expect(selected >= from && selected < to).toBe(true);
      },
    ),
    // One whose window must not move.
    { examples: [[100, 25, 10, 20]] },
  );
});

test('a click on a row returns its id; on titles, sums and empty rows nothing', () => {
  const view = sceneView({ ui: { maps: { ...sceneView().ui.maps, selected: 30 } } });
  expect([0, 1, 2, 3].map((row) => idAtRow(view, 'maps', 5, row))).toEqual([undefined, 21, 22, 30]);
  expect(idAtRow(view, 'maps', 5, 4)).toBeUndefined();
  expect(idAtRow(view, 'maps', 20, 8)).toBeUndefined();
});

test('the same click twice selects the same row', () => {
  const maps = { ...sceneView().ui.maps, selected: 9, top: 1 };
  const view = sceneView({ ui: { maps } });
  const clicked = idAtRow(view, 'maps', 5, 3);
  expect(clicked).toBe(15);
  const again = sceneView({ ui: { maps: { ...maps, selected: clicked, top: topOfList(view, 'maps', 5) } } });
  expect(idAtRow(again, 'maps', 5, 3)).toBe(clicked);
});

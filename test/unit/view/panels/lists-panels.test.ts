import { expect, test } from 'vitest';
import { renderMaps } from '#src/view/panels/maps-panel.ts';
import { renderProcesses } from '#src/view/panels/processes-panel.ts';
import type { UiState } from '#src/view/state/view.ts';
import { textOf } from '#src/view/text/cells.ts';
import { golden } from '../../../paths.ts';
import { drawn, MAPS, mapEntries, PROCESSES, processEntries, sceneView } from './scene.ts';

// The sizes of these panels on terminals of 80x24, 120x40 and 200x60.
const MAP_SIZES = [
  { width: 80, height: 6 },
  { width: 120, height: 8 },
  { width: 99, height: 16 },
  { width: 200, height: 55 },
];
const PROCESS_SIZES = [
  { width: 80, height: 6 },
  { width: 59, height: 7 },
  { width: 100, height: 16 },
];

const byFill: UiState['maps'] = { sort: 'fill', reverse: true, filter: '*', selected: 21, top: 0 };

test('maps, at common terminal sizes', async () => {
  const plain = sceneView({ ui: { focus: 'maps' } });
  const ascii = sceneView({ view: { unicode: false }, ui: { units: 'KiB', maps: byFill } });
  const pictures = MAP_SIZES.flatMap((size) => [
    ['maps', size, renderMaps(plain, size)] as const,
    ['maps in ASCII and KiB, the emptiest first', size, renderMaps(ascii, size)] as const,
  ]);
  await expect(drawn(pictures)).toMatchFileSnapshot(golden('view/maps.txt'));
});

test('processes, at common terminal sizes', async () => {
  const state = sceneView().ui.processes;
  const flat = sceneView({ ui: { focus: 'processes' } });
  const tree = sceneView({ ui: { processes: { ...state, tree: true, selected: 4712 } } });
  const ascii = sceneView({
    data: { omittedProcesses: 900 },
    view: { unicode: false },
    ui: { units: 'bytes', processes: { ...state, tree: true, sort: 'comm', filter: 'o' } },
  });
  const pictures = PROCESS_SIZES.flatMap((size) => [
    ['processes', size, renderProcesses(flat, size)] as const,
    ['as a tree', size, renderProcesses(tree, size)] as const,
    ['as a tree in ASCII and bytes, filtered', size, renderProcesses(ascii, size)] as const,
  ]);
  await expect(drawn(pictures)).toMatchFileSnapshot(golden('view/processes.txt'));
});

test('the selected row has a mark, and a style only with the focus', () => {
  const maps = { ...sceneView().ui.maps, selected: 12 };
  const size = { width: 80, height: 8 };
  const rowOf = (focus: 'maps' | 'output') =>
    renderMaps(sceneView({ ui: { focus, maps } }), size).find((line) => textOf(line).startsWith('▶ '));
  expect(textOf(rowOf('maps') ?? [])).toContain('percpu_counters');
  expect(rowOf('maps')?.every(({ style }) => style === 'selected')).toBe(true);
  expect(rowOf('output')?.some(({ style }) => style === 'selected')).toBe(false);
});

test('the selected row stays visible among thousands', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => ({
    ...(MAPS[0] as (typeof MAPS)[0]),
    id: index,
  }));
  const data = { maps: mapEntries(many) };
  for (const selected of [0, 3, 5000, 9998, 9999]) {
    const view = sceneView({ data, ui: { maps: { ...sceneView().ui.maps, sort: 'id', selected } } });
    const lines = renderMaps(view, { width: 200, height: 10 }).map(textOf);
    const row = lines.find((line) => line.startsWith('▶ '));
    expect(row?.trimEnd().endsWith(` ${selected}`)).toBe(true);
    expect(lines.at(-1)).toContain('10000 maps');
  }
});

test('an empty list gives the reason', () => {
  const size = { width: 60, height: 4 };
  const none = { data: { maps: mapEntries([]), processes: processEntries([]) } };
  expect(textOf(renderMaps(sceneView(none), size)[0] ?? [])).toContain('No BPF maps yet.');
  const status = { ...sceneView().status, absent: { maps: 'no CAP_BPF', processes: 'not recorded' } };
  expect(textOf(renderMaps(sceneView({ ...none, view: { status } }), size)[0] ?? [])).toContain('no CAP_BPF');
  expect(textOf(renderProcesses(sceneView({ ...none, view: { status } }), size)[0] ?? [])).toContain(
    'not recorded',
  );
});

test('a filter without matches is reported', () => {
  const { maps, processes } = sceneView().ui;
  const ui = { maps: { ...maps, filter: 'nowhere' }, processes: { ...processes, filter: 'nowhere' } };
  const size = { width: 80, height: 4 };
  expect(renderMaps(sceneView({ ui }), size).map(textOf).join('\n')).toMatch(
    /No map matches nowhere[\s\S]*0 of 7 maps/,
  );
  expect(renderProcesses(sceneView({ ui }), size).map(textOf).join('\n')).toMatch(
    /No process matches nowhere[\s\S]*0 of 7 processes/,
  );
});

test('a tree that is deeper than drawn shows the depth', () => {
  const chain = Array.from({ length: 3000 }, (_, index) => ({
    ...(PROCESSES[0] as (typeof PROCESSES)[0]),
    pid: index + 1,
    ppid: index,
  }));
  const processes = { ...sceneView().ui.processes, tree: true, selected: 3000 };
  const view = sceneView({ data: { processes: processEntries(chain) }, ui: { processes } });
  expect(renderProcesses(view, { width: 80, height: 6 }).map(textOf).join('\n')).toContain('(2999) └─ node');
});

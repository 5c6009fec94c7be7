import { describe, expect, test } from 'vitest';
import { emptyPanels } from '#src/view/state/content.ts';
import { press } from '#src/view/state/keys.ts';
import { selectableIds } from '#src/view/state/lists.ts';
import type { UiState } from '#src/view/state/view.ts';
import { exampleView } from '../example-view.ts';
import { EXAMPLE, pressing, replayView } from '../pressing.ts';

describe('panels', () => {
  test.each([
    ['1', 'breakdown'],
    ['2', 'timeline'],
    ['3', 'maps'],
    ['4', 'processes'],
    ['5', 'pressure'],
    ['6', 'output'],
  ])('%s is the %s', (key, panel) => {
    expect(pressing([key]).ui.focus).toBe(panel);
  });

  test('Tab cycles forward, Shift-Tab backward', () => {
    expect(pressing(['tab']).ui.focus).toBe('timeline');
    expect(pressing(['S-tab']).ui.focus).toBe('output');
    expect(pressing(Array(6).fill('tab')).ui.focus).toBe('breakdown');
  });

  test('the last focused list is shown if there is room for only one', () => {
    expect(pressing(['4', '1']).ui.list).toBe('processes');
  });

  test('z toggles zoom; Escape ends it', () => {
    expect(pressing(['z']).ui.zoom).toBe(true);
    expect(pressing(['z', 'z']).ui.zoom).toBe(false);
    expect(pressing(['z', 'escape']).ui.zoom).toBe(false);
  });

  test('Escape clears the filter of the list first, from any panel', () => {
    const filtered = ['3', '/', 'f', 'enter'];
    expect(pressing(filtered).ui.maps.filter).toBe('f');
    expect(pressing([...filtered, 'escape']).ui.maps.filter).toBe('');
    expect(pressing([...filtered, '1', 'escape']).ui.maps.filter).toBe('');
    const zoomed = pressing([...filtered, 'z', 'escape']).ui;
    expect(zoomed.maps.filter).toBe('');
    expect(zoomed.zoom).toBe(true);
    expect(pressing([...filtered, 'z', 'escape', 'escape']).ui.zoom).toBe(false);
    expect(pressing([...filtered, '4', 'escape']).ui.maps.filter).toBe('f');
  });

  test('Tab skips panels without anything to show; their numbers select them', () => {
    const ended = exampleView({ options: { ended: true } });
    const none = { ...ended, data: { ...ended.data, maps: new Map(), events: [] } };
    expect(emptyPanels(none)).toEqual(new Set(['maps', 'output']));
    expect(pressing(['tab', 'tab'], none).ui.focus).toBe('processes');
    expect(pressing(['S-tab'], none).ui.focus).toBe('pressure');
    expect(pressing(['3'], none).ui.focus).toBe('maps');
    // The keys of lists apply to the one that is shown.
    expect(pressing(['s'], none).ui).toMatchObject({ maps: { sort: 'bytes' }, processes: { sort: 'pss' } });
  });
});

describe('figures', () => {
  test('u cycles through the units', () => {
    expect([1, 2, 3].map((count) => pressing(Array(count).fill('u')).ui.units)).toEqual([
      'KiB',
      'bytes',
      'readable',
    ]);
  });

  test('t cycles through the windows and back to the whole run', () => {
    expect(pressing(['t']).ui.windowMs).toBe(60_000);
    expect(pressing(Array(5).fill('t')).ui.windowMs).toBeUndefined();
  });

  test('r is relative to the start, or to the pause after one', () => {
    expect(pressing(['r']).ui.relative).toBe('start');
    expect(pressing(['r', 'r']).ui.relative).toBeUndefined();
    expect(pressing(['r', 'r'], { ...EXAMPLE, wasPaused: true }).ui.relative).toBe('pause');
  });

  test('p pauses and resumes', () => {
    expect(pressing(['p']).ui.paused).toBe(true);
    expect(pressing(['p', 'p']).ui.paused).toBe(false);
  });
});

describe('lists', () => {
  test('arrows move the selection and stop at the ends', () => {
    const ids = selectableIds(EXAMPLE, 'maps');
    expect(pressing(['3', 'down']).ui.maps.selected).toBe(ids[1]);
    expect(pressing(['3', 'up']).ui.maps.selected).toBe(ids[0]);
    expect(pressing(['3', 'end']).ui.maps.selected).toBe(ids.at(-1));
    expect(pressing(['3', 'end', 'down', 'home']).ui.maps.selected).toBe(ids[0]);
  });

  test('s sorts by the next column, S reverses the order', () => {
    expect(pressing(['3', 's']).ui.maps.sort).toBe('growth');
    expect(pressing(['4', 's']).ui.processes.sort).toBe('pss');
    expect(pressing(['4', 'S']).ui.processes.reverse).toBe(true);
  });

  test('with the focus on figures, keys apply to the last focused list; elsewhere they report what is missing', () => {
    expect(pressing(['1', 's']).ui.maps.sort).toBe('growth');
    expect(pressing(['4', '2', '/']).ui.dialog).toMatchObject({ kind: 'filter', list: 'processes' });
    expect(pressing(['4', '2', 'k']).ui.dialog).toMatchObject({ kind: 'signal' });
    expect(pressing(['1', 'k']).ui.message).toBe('select a process first: 4');
    for (const key of ['s', 'S', '/', 'k', 'T'])
      expect(pressing(['6', '1', key]).ui).toMatchObject({
        dialog: undefined,
        message: 'select a list first: 3 or 4',
      });
  });

  test('Enter opens the selected map or process, also in a replay', () => {
    expect(pressing(['3', 'enter']).ui.dialog).toMatchObject({ kind: 'map' });
    const [first, second] = selectableIds(EXAMPLE, 'processes');
    expect(pressing(['4', 'enter']).ui.dialog).toEqual({ kind: 'process', id: first, scroll: 0 });
    expect(pressing(['4', 'down', 'enter'], replayView()).ui.dialog).toMatchObject({ id: second });
    expect(pressing(['1', 'enter']).ui.dialog).toBeUndefined();
  });

  test('T shows the processes as a tree', () => {
    expect(pressing(['4', 'T']).ui.processes.tree).toBe(true);
  });
});

describe('the target', () => {
  test('Ctrl-C interrupts it, also in dialogs', () => {
    expect(pressing(['C-c']).effect).toEqual({ kind: 'interrupt' });
    expect(pressing(['3', '/', 'C-c']).effect).toEqual({ kind: 'interrupt' });
  });

  test('Ctrl-C after its end shows how to leave', () => {
    const { ui, effect } = pressing(['C-c'], exampleView({ options: { ended: true } }));
    expect(effect).toBeUndefined();
    expect(ui.message).toBe('the target has ended: press q to quit');
  });

  test('while other processes of the run are waited for, q asks and k signals', () => {
    const waiting = exampleView({ status: { state: 'waiting' } });
    expect(pressing(['q'], waiting).ui.dialog).toEqual({ kind: 'quit' });
    expect(pressing(['4', 'k'], waiting).ui.dialog).toMatchObject({ kind: 'signal' });
  });

  test('q closes the view immediately after the end', () => {
    expect(pressing(['q'], exampleView({ options: { ended: true } })).effect).toEqual({ kind: 'close' });
  });

  test('+ and - change the interval, w writes a snapshot, Ctrl-Z suspends', () => {
    expect(pressing(['+']).effect).toEqual({ kind: 'interval', step: 1 });
    expect(pressing(['-']).effect).toEqual({ kind: 'interval', step: -1 });
    expect(pressing(['w']).effect).toEqual({ kind: 'snapshot' });
    expect(pressing(['C-z']).effect).toEqual({ kind: 'suspend' });
  });
});

describe('a replay', () => {
  test('has no menu of signals', () => {
    expect(pressing(['4', 'k'], replayView()).ui).toMatchObject({ dialog: undefined, message: undefined });
  });

  test.each([
    ['space', { kind: 'play' }],
    ['>', { kind: 'speed', factor: 2 }],
    ['<', { kind: 'speed', factor: 0.5 }],
    ['right', { kind: 'step', samples: 1 }],
    ['left', { kind: 'step', samples: -1 }],
    [']', { kind: 'skip', ms: 10_000 }],
    ['[', { kind: 'skip', ms: -10_000 }],
    ['P', { kind: 'peak' }],
    ['n', { kind: 'event', direction: 1 }],
    ['N', { kind: 'event', direction: -1 }],
    ['q', { kind: 'close' }],
    ['C-c', { kind: 'close' }],
  ])('%s is %o', (key, effect) => {
    expect(pressing([key], replayView()).effect).toEqual(effect);
  });

  test('Home and End go to the ends of the timeline, or of a focused list', () => {
    expect(pressing(['2', 'end'], replayView()).effect).toEqual({ kind: 'edge', to: 'end' });
    expect(pressing(['3', 'end'], replayView()).effect).toBeUndefined();
  });
});

test('a key clears the previous message', () => {
  const ui: UiState = { ...EXAMPLE.ui, message: 'said' };
  expect(press({ ...EXAMPLE, ui }, 'x').ui.message).toBeUndefined();
});
